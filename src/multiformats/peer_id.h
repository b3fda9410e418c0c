// SPDX-License-Identifier: Apache-2.0 OR MIT
// Peer id: the multihash of a node's public key (libp2p specs, peer-ids/peer-ids.md).
//
// A serialized key of at most 42 bytes (Ed25519, secp256k1) is its own id (identity multihash); a longer one (RSA,
// ECDSA) is hashed. So an Ed25519 id contains the key.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::multiformats {

// Longest key that is inlined (peer-ids.md, "Peer Ids").
inline constexpr std::size_t kInlinedKeyBytesMax = 42;

class PeerId {
 public:
  PeerId() = default;

  // Of a serialized PublicKey message, exactly as it is on the wire.
  static PeerId of_public_key(ByteView serialized_key);
  // Errors: malformed (not a multihash that an id can be), truncated, too_large.
  static Result<PeerId> parse(ByteView multihash);
  // "12D3KooW...", "Qm...", or "bafz..." (CIDv1, libp2p-key). Errors: as above.
  static Result<PeerId> parse_text(std::string_view text);

  ByteView bytes() const { return as_bytes(multihash_); }
  std::string text() const;        // base58btc
  std::string short_text() const;  // the last six characters, for logs
  // The serialized public key, when the id contains it; empty otherwise.
  Bytes inlined_key() const;
  bool empty() const { return multihash_.empty(); }

  auto operator<=>(const PeerId&) const = default;
  struct Hash {
    std::size_t operator()(const PeerId& id) const {
      return std::hash<std::string>()(id.multihash_);
    }
  };

 private:
  explicit PeerId(ByteView multihash) : multihash_(as_text(multihash)) {}
  // As a string: short ids need no allocation to compare, and it hashes well.
  std::string multihash_;
};

}  // namespace ghmesh::multiformats
