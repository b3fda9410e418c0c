// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any stream from a peer, in one piece, in pieces of its own choice and byte by byte: the same statement or a refusal
// comes out, within its limits; and what was understood is understood again when we say it. The first byte of the input
// says how the rest is cut.
#include <cstdint>

#include "base/check.h"
#include "libp2p/identify/receiver.h"
#include "libp2p/keys/private_key.h"

using namespace ghmesh;
using namespace ghmesh::identify;

namespace {

constexpr Instant kStart = Instant(1h);

const keys::PublicKey& peer_key() {
  static const auto identity = keys::PrivateKey::of_seed(crypto::Secret(Bytes(32, std::byte{1})));
  return identity.public_key();
}

std::optional<Told> receive(ByteView input, std::size_t piece_bytes) {
  Receiver receiver(peer_key(), kStart);
  while (!input.empty()) {
    const ByteView piece = input.first(std::min(piece_bytes, input.size()));
    if (!receiver.receive(piece, kStart)) return std::nullopt;
    input = input.subspan(piece.size());
  }
  if (!receiver.peer_finished(kStart)) return std::nullopt;
  return receiver.told();
}

void check_limits(const Told& told) {
  const Identify& said = told.statement;
  GHMESH_CHECK(!said.public_key || equal(*said.public_key, peer_key().serialized()));
  GHMESH_CHECK(said.listen_addresses.size() <= kAddressesMax);
  GHMESH_CHECK(said.protocols.size() <= kProtocolsMax);
  for (const auto& protocol : said.protocols) GHMESH_CHECK(protocol.size() <= kProtocolBytesMax);
  GHMESH_CHECK(said.agent_version.value_or("").size() <= kVersionBytesMax);
  GHMESH_CHECK(said.protocol_version.value_or("").size() <= kVersionBytesMax);
  GHMESH_CHECK(said.signed_record.size() <= kMessageBytesMax);
  if (told.record) GHMESH_CHECK(told.record->record().peer == peer_key().peer_id());
}

// What write_identify() asks of a statement.
bool is_small(const Identify& said) {
  std::size_t bytes = 600;
  for (const auto& address : said.listen_addresses) bytes += address.bytes().size() + 4;
  for (const auto& protocol : said.protocols) bytes += protocol.size() + 4;
  if (said.observed_address) bytes += said.observed_address->bytes().size();
  return bytes <= kOwnMessageBytesMax && said.signed_record.size() <= kMessageBytesMax - 8;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const auto told = receive(input, SIZE_MAX);
  for (std::size_t piece_bytes : {std::size_t{1}, std::size_t{data[0]} + 2}) {
    const auto again = receive(input, piece_bytes);
    GHMESH_CHECK(told.has_value() == again.has_value());
    if (told) GHMESH_CHECK(told->statement == again->statement && told->dropped == again->dropped);
  }
  if (!told) return 0;
  check_limits(*told);
  PeerInfo known;
  learn(known, *told, Exchange::identify);
  learn(known, *told, Exchange::push);
  GHMESH_CHECK(known.protocols == told->statement.protocols);
  if (!is_small(told->statement)) return 0;
  const auto said_again = receive(write_identify(told->statement), SIZE_MAX);
  GHMESH_CHECK(said_again && said_again->statement == told->statement);
  return 0;
}
