// SPDX-License-Identifier: Apache-2.0 OR MIT
// Two connections and a wire that the input controls: it cuts what passes, changes it, and says things of its own to
// one side. Between honest ends everything arrives; whatever else comes in, a side ends with an error or goes on, holds
// no more than its limits, and never takes a stranger for its peer.
//
// Each step is two bytes: what to do (and with whom), and how much.
#include <cstdint>

#include "base/check.h"
#include "libp2p/connection/connection.h"

using namespace ghmesh;
using namespace ghmesh::connection;

namespace {

constexpr Instant kStart{1h};
constexpr std::string_view kEcho = "/echo/1";

keys::PrivateKey identity_of(unsigned char byte) {
  return keys::PrivateKey::of_seed(
      crypto::Secret(Bytes(crypto::kEd25519SeedBytes, std::byte{byte})));
}

const keys::PrivateKey kIdentities[2] = {identity_of(1), identity_of(2)};
const auto kProtocols = std::make_shared<const std::vector<std::string>>(1, std::string(kEcho));

struct Side {
  Side(Role role, int index, bool inlines_muxer)
      : connection(role, kIdentities[index], kProtocols, {.inlines_muxer = inlines_muxer}, kStart) {
  }
  Connection connection;
  std::vector<StreamId> streams;
  bool is_failed = false;
};

void drain(Side& side) {
  while (auto event = side.connection.next_event()) {
    if (event->kind == Event::Kind::opened) {
      GHMESH_CHECK(event->protocol == kEcho);
      side.streams.push_back(event->stream);
    }
  }
}

void use_streams(Side& side, unsigned action, std::size_t amount, Instant now) {
  Connection& connection = side.connection;
  if (!connection.is_established() || side.is_failed) return;
  if (action % 4 == 0 || side.streams.empty()) {
    std::vector<std::string> proposals{std::string(kEcho)};
    if (action % 8 == 0) proposals.insert(proposals.begin(), "/other/1");
    if (auto stream = connection.open_stream(proposals, now)) side.streams.push_back(*stream);
    return;
  }
  const StreamId stream = side.streams[amount % side.streams.size()];
  switch (action % 4) {
    case 1: (void)connection.write(stream, Bytes(amount * 10), now).has_value(); return;
    case 2: connection.finish(stream); return;
    default: connection.consume(stream, connection.readable(stream).size(), now); return;
  }
}

void deliver(Side& to, ByteView bytes, Instant now) {
  if (to.is_failed || !to.connection.wants_input()) return;
  if (!to.connection.receive(bytes, now)) to.is_failed = true;
  drain(to);
}

void carry(Side& from, Side& to, std::size_t bytes_max, bool changes, Instant now) {
  const ByteView output = from.connection.pending_output(now);
  Bytes part = copy_bytes(output.first(std::min(output.size(), bytes_max)));
  from.connection.output_sent(part.size(), now);
  if (changes && !part.empty()) part[part.size() / 2] ^= std::byte{4};
  deliver(to, part, now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (input.empty()) return 0;
  const auto options = std::to_integer<unsigned>(input[0]);
  input = input.subspan(1);
  Side sides[2] = {{Role::dialer, 0, (options & 1) != 0}, {Role::listener, 1, (options & 2) != 0}};
  Instant now = kStart;
  while (input.size() >= 2) {
    const auto action = std::to_integer<unsigned>(input[0]);
    const auto amount = std::to_integer<std::size_t>(input[1]);
    input = input.subspan(2);
    Side& side = sides[action & 1];
    Side& other = sides[1 - (action & 1)];
    switch ((action >> 1) % 8) {
      case 0:
      case 1:
      case 2: carry(side, other, amount * 64 + 1, /*changes=*/false, now); break;
      case 3:
      case 4: use_streams(side, action >> 4, amount, now); break;
      case 5: carry(side, other, amount + 1, /*changes=*/(action & 0x80) != 0, now); break;
      case 6: deliver(side, input.first(std::min(input.size(), amount)), now); break;
      default:
        now += Duration(amount * 100ms);
        if (!side.is_failed && !side.connection.tick(now)) side.is_failed = true;
        drain(side);
    }
    for (int i = 0; i < 2; ++i)
      if (sides[i].connection.is_established())
        GHMESH_CHECK(sides[i].connection.peer() == kIdentities[1 - i].peer_id());
  }
  return 0;
}
