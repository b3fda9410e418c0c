// SPDX-License-Identifier: Apache-2.0 OR MIT
// The public key of a peer, and what it signed (libp2p specification, peer-ids/peer-ids.md).
//
// On the wire: a protocol buffer of the key's type and its bytes, in exactly one spelling, because the peer id is made
// from it. Any other spelling is refused. Parsing bounds the size and looks at nothing else: whether the bytes are a
// usable key shows when they verify something.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "multiformats/peer_id.h"

namespace ghmesh::keys {

enum class KeyType : std::uint8_t { rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 };

// An RSA key of 8,192 bits, the largest that is verified, has 1,062 bytes in all (CVE-2023-39533).
inline constexpr std::size_t kSerializedKeyBytesMax = 2048;
// Of RSA with 8,192 bits; all others are below 80.
inline constexpr std::size_t kSignatureBytesMax = 1024;

class PublicKey {
 public:
  // Errors: too_large, malformed (not the one spelling, or not the size of its type), unsupported (another type).
  static Result<PublicKey> parse(ByteView serialized);
  // `data`: what the type says. Ed25519 and secp256k1: 32 and 33 bytes. RSA and ECDSA: a SubjectPublicKeyInfo.
  static Result<PublicKey> make(KeyType type, ByteView data);

  KeyType type() const { return type_; }
  ByteView data() const { return ByteView(serialized_).subspan(data_begin_); }
  ByteView serialized() const { return serialized_; }
  multiformats::PeerId peer_id() const;

  // False also for a key that is not valid: not on its curve, RSA below 2,048 or above 8,192 bits.
  bool verify(ByteView message, ByteView signature) const;

  bool operator==(const PublicKey& other) const { return serialized_ == other.serialized_; }

 private:
  PublicKey() = default;

  KeyType type_ = KeyType::ed25519;
  Bytes serialized_;
  std::size_t data_begin_ = 0;
};

}  // namespace ghmesh::keys
