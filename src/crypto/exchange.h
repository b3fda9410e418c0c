// SPDX-License-Identifier: Apache-2.0 OR MIT
// X25519 (RFC 7748): a secret that two sides share after each has seen the other's public key.
#pragma once

#include <array>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

inline constexpr std::size_t kX25519Bytes = 32;
using X25519PublicKey = std::array<std::byte, kX25519Bytes>;

class X25519Key {
 public:
  static X25519Key generate();
  static X25519Key from_private(Secret private_key);  // kX25519Bytes

  const X25519PublicKey& public_key() const { return public_key_; }
  // Errors: crypto_failed when the peer's key is one of the few whose result is zero for everybody (RFC 7748, 6.1).
  Result<Secret> shared_with(ByteView peer_public_key) const;

 private:
  X25519Key() = default;
  Secret private_key_;
  X25519PublicKey public_key_{};
};

}  // namespace ghmesh::crypto
