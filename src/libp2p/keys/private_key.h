// SPDX-License-Identifier: Apache-2.0 OR MIT
// Our own key: always Ed25519, the one type that every libp2p must know (peer-ids.md, "Key Types").
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "crypto/sign.h"
#include "libp2p/keys/public_key.h"

namespace ghmesh::keys {

// 08 01 12 40, the seed, the public key.
inline constexpr std::size_t kSerializedPrivateKeyBytes = 68;
// The older spelling with the public key twice, which is read and never written.
inline constexpr std::size_t kSerializedPrivateKeyBytesMax = 100;

class PrivateKey {
 public:
  static PrivateKey generate();
  static PrivateKey of_seed(const crypto::Secret& seed);  // crypto::kEd25519SeedBytes
  // A PrivateKey message as go, js and rust keep it on disk. Errors: malformed (also when its public key is not that of
  // its seed), unsupported (not Ed25519).
  static Result<PrivateKey> parse(const crypto::Secret& serialized);

  crypto::Secret serialize() const;
  const PublicKey& public_key() const { return public_key_; }
  const multiformats::PeerId& peer_id() const { return peer_id_; }
  crypto::Ed25519Signature sign(ByteView message) const { return key_.sign(message); }

 private:
  explicit PrivateKey(crypto::Ed25519Key key);

  crypto::Ed25519Key key_;
  PublicKey public_key_;
  multiformats::PeerId peer_id_;
};

}  // namespace ghmesh::keys
