// SPDX-License-Identifier: Apache-2.0 OR MIT
// Signatures: Ed25519 (RFC 8032) to sign and verify; RSA, ECDSA P-256 and secp256k1 to verify what other peers signed.
#pragma once

#include <array>

#include "base/bytes.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

inline constexpr std::size_t kEd25519SeedBytes = 32;
using Ed25519PublicKey = std::array<std::byte, 32>;
using Ed25519Signature = std::array<std::byte, 64>;

// A key pair. Its seed is all there is to keep (RFC 8032, 5.1.5).
class Ed25519Key {
 public:
  static Ed25519Key generate();
  static Ed25519Key from_seed(const Secret& seed);  // kEd25519SeedBytes

  const Ed25519PublicKey& public_key() const { return public_key_; }
  Ed25519Signature sign(ByteView message) const;
  Secret seed() const;

 private:
  Ed25519Key() = default;
  Secret secret_key_;  // seed and public key, as libsodium keeps them
  Ed25519PublicKey public_key_{};
};

// Strict: refuses non-canonical S and points of small order. `signature` and `public_key` of another size do not
// verify.
bool verify_ed25519(ByteView public_key, ByteView message, ByteView signature);

// Bounds of an RSA modulus: smaller is weak, larger costs the verifier more than a peer is worth (CVE-2023-39533).
inline constexpr int kRsaBitsMin = 2048;
inline constexpr int kRsaBitsMax = 8192;
// The public exponent decides the rest of the cost. Everybody uses 65537; go refuses more than 31 bits.
inline constexpr int kRsaExponentBitsMax = 31;
// A key of kRsaBitsMax has about 1,060 bytes as a SubjectPublicKeyInfo.
inline constexpr std::size_t kPublicKeyBytesMax = 2048;

// `key` is a SubjectPublicKeyInfo (RFC 5280, 4.1) of just that algorithm, in the one spelling that DER allows.
// RSA: PKCS #1 v1.5 with SHA-256. ECDSA: P-256, uncompressed point, SHA-256, signature in DER.
bool verify_rsa(ByteView key, ByteView message, ByteView signature);
bool verify_ecdsa(ByteView key, ByteView message, ByteView signature);
// `key` is a compressed point of 33 bytes; SHA-256, signature in DER.
bool verify_secp256k1(ByteView key, ByteView message, ByteView signature);

}  // namespace ghmesh::crypto
