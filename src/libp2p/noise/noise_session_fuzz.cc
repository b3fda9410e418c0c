// SPDX-License-Identifier: Apache-2.0 OR MIT
// Two sessions and a wire that the input controls: it cuts, changes, adds and drops what passes. Nobody believes
// anything that was not said: a side that established knows the right peer, and reads a prefix of what was written.
//
// Each step is two bytes: what to do (with whom), and how much. The keys are fixed, so that inputs can be replayed.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "libp2p/noise/session.h"

using namespace ghmesh;
using namespace ghmesh::noise;

namespace {

crypto::Secret secret_of(unsigned char byte) { return crypto::Secret(Bytes(32, std::byte{byte})); }

HandshakeKeys keys_of(unsigned char byte) {
  return {.static_key = crypto::X25519Key::from_private(secret_of(byte)),
          .ephemeral_key =
              crypto::X25519Key::from_private(secret_of(static_cast<unsigned char>(byte + 1)))};
}

const keys::PrivateKey kIdentities[2] = {keys::PrivateKey::of_seed(secret_of(1)),
                                         keys::PrivateKey::of_seed(secret_of(2))};

struct Side {
  Side(Role role, int index)
      : session(role, kIdentities[index], {.muxers = {"/yamux/1.0.0"}},
                keys_of(static_cast<unsigned char>(0x11 + 16 * index))) {}

  Session session;
  bool is_failed = false;
  std::string written, read;
};

void deliver(Side& to, ByteView bytes) {
  if (!to.is_failed && !to.session.receive(bytes)) to.is_failed = true;
}

void take_step(Side& from, Side& to, unsigned action, std::size_t amount, ByteView rest) {
  const ByteView output = from.session.pending_output();
  const std::size_t bytes_count = std::min(output.size(), amount * (action >= 128 ? 256 : 1) + 1);
  Bytes part = copy_bytes(output.first(bytes_count));
  switch (action % 8) {
    case 0:  // say something
      from.written +=
          std::string(amount * 100, static_cast<char>('a' + amount % 26))
              .substr(0, from.session
                             .write(Bytes(amount * 100, static_cast<std::byte>('a' + amount % 26)))
                             .value_or(std::size_t{0}));
      return;
    case 1:  // change a byte
      if (!part.empty()) part[amount % part.size()] ^= std::byte{1};
      break;
    case 2: part = copy_bytes(rest.first(std::min(rest.size(), amount))); break;  // add
    case 3: part.clear(); break;                                                  // drop
    default: break;
  }
  if (action % 8 != 2) from.session.output_sent(bytes_count);
  deliver(to, part);
}

void check(Side& side, const Side& other, const keys::PrivateKey& expected) {
  Session& session = side.session;
  if (session.is_established()) GHMESH_CHECK(session.peer() == expected.peer_id());
  GHMESH_CHECK(session.pending_output().size() <= kOutputBytesMax);
  GHMESH_CHECK(session.held_bytes() <= 2 * (kOutputBytesMax + kUnreadBytesMax + kMessageBytesMax));
  side.read += as_text(session.readable());
  session.consume(session.readable().size());
  GHMESH_CHECK(other.written.starts_with(side.read));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Side sides[2] = {{Role::dialer, 0}, {Role::listener, 1}};
  ByteView input(reinterpret_cast<const std::byte*>(data), size);
  while (input.size() >= 2) {
    const auto action = std::to_integer<unsigned>(input[0]);
    const auto amount = std::to_integer<std::size_t>(input[1]);
    input = input.subspan(2);
    const std::size_t from = (action >> 3) & 1;
    take_step(sides[from], sides[1 - from], action, amount, input);
    for (int i = 0; i < 2; ++i) check(sides[i], sides[1 - i], kIdentities[1 - i]);
  }
  return 0;
}
