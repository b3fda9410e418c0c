// SPDX-License-Identifier: Apache-2.0 OR MIT
// What libp2p puts into messages 2 and 3 of the handshake: who I am, and which stream multiplexers I speak
// (noise/README.md, "The libp2p Handshake Payload"). Private to the room: session.h is the door.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/exchange.h"
#include "libp2p/keys/private_key.h"
#include "libp2p/keys/public_key.h"

namespace ghmesh::noise {

// Multiplexers that a peer may name, and the length of each. Two exist; a peer that names more than 32 is probing.
inline constexpr std::size_t kMuxersMax = 32;
inline constexpr std::size_t kMuxerBytesMax = 256;

struct Payload {
  Bytes identity_key;  // a serialized PublicKey
  Bytes identity_signature;
  std::vector<std::string>
      muxers;  // the most wanted first; empty: the peer does not negotiate here

  bool operator==(const Payload&) const = default;
};

// Says that whoever owns `identity` uses `static_key` in this session.
Payload make_payload(const keys::PrivateKey& identity, const crypto::X25519PublicKey& static_key,
                     const std::vector<std::string>& muxers);

Bytes write_payload(const Payload& payload);
// Unknown fields are ignored. Everything is compared with its limit before it is copied. Errors: noise_malformed.
Result<Payload> parse_payload(ByteView bytes);

// The key that signed `static_key`, which was received in the same handshake. Errors: noise_identity (no key, a key of
// an unknown type, no signature, or not the signature of this key over this static key).
Result<keys::PublicKey> verify_identity(const Payload& payload, ByteView static_key);

}  // namespace ghmesh::noise
