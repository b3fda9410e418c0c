// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/sign.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <sodium.h>

#include <memory>
#include <string>

#include "base/check.h"
#include "crypto/raw.h"
#include "crypto/sodium.h"

namespace ghmesh::crypto {
namespace {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using KeyContextPointer = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using DigestContextPointer = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using NumberPointer = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;

constexpr std::size_t kCompressedPointBytes = 33;

template <std::size_t Count>
constexpr std::array<std::byte, Count> bytes_of(const unsigned char (&values)[Count]) {
  std::array<std::byte, Count> bytes{};
  for (std::size_t i = 0; i < Count; ++i) bytes[i] = std::byte{values[i]};
  return bytes;
}

// AlgorithmIdentifier of rsaEncryption (RFC 3279, 2.3.1). It stands behind the outer SEQUENCE, whose length takes two
// bytes for every modulus that is large enough.
constexpr auto kRsaAlgorithm = bytes_of(
    {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00});
constexpr std::size_t kRsaAlgorithmBegin = 4;

// Everything of a P-256 SubjectPublicKeyInfo in front of its point (RFC 5480, 2): id-ecPublicKey, prime256v1, and a BIT
// STRING of 65 bytes and no unused bits.
constexpr auto kP256Prefix =
    bytes_of({0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
              0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00});
constexpr std::size_t kP256PointBytes = 65;

// OpenSSL's parser knows every algorithm and curve there is. It sees only keys that say that they are RSA.
KeyPointer parse_rsa(ByteView key) {
  if (key.size() > kPublicKeyBytesMax || key.size() < kRsaAlgorithmBegin + kRsaAlgorithm.size())
    return nullptr;
  if (!equal(key.subspan(kRsaAlgorithmBegin, kRsaAlgorithm.size()), kRsaAlgorithm)) return nullptr;
  const unsigned char* begin = raw(key);
  KeyPointer parsed(d2i_PUBKEY(nullptr, &begin, static_cast<long>(key.size())));
  const bool is_whole = begin == raw(key) + key.size();
  return is_whole ? std::move(parsed) : nullptr;
}

bool has_bounded_cost(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) return false;
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &found) != 1) return false;
  const NumberPointer exponent(found);
  return BN_num_bits(exponent.get()) <= kRsaExponentBitsMax;
}

// nullptr when `point` is not on the curve.
KeyPointer key_of_point(std::string curve, ByteView point) {
  Bytes writable = copy_bytes(point);  // OpenSSL's parameters are not const
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, writable.data(), writable.size()),
      OSSL_PARAM_construct_end()};
  const KeyContextPointer context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1) return nullptr;
  return KeyPointer(made);
}

bool verify(EVP_PKEY* key, ByteView message, ByteView signature) {
  const DigestContextPointer context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message),
                          message.size()) == 1;
}

}  // namespace

Ed25519Key Ed25519Key::generate() {
  start_sodium();
  Ed25519Key key;
  key.secret_key_ = Secret::filled(crypto_sign_SECRETKEYBYTES, [&](MutableByteView out) {
    GHMESH_CHECK(crypto_sign_keypair(raw(MutableByteView(key.public_key_)), raw(out)) == 0);
  });
  return key;
}

Ed25519Key Ed25519Key::from_seed(const Secret& seed) {
  GHMESH_CHECK(seed.size() == kEd25519SeedBytes);
  start_sodium();
  Ed25519Key key;
  key.secret_key_ = Secret::filled(crypto_sign_SECRETKEYBYTES, [&](MutableByteView out) {
    GHMESH_CHECK(crypto_sign_seed_keypair(raw(MutableByteView(key.public_key_)), raw(out),
                                          raw(seed.reveal())) == 0);
  });
  return key;
}

Ed25519Signature Ed25519Key::sign(ByteView message) const {
  Ed25519Signature signature;
  GHMESH_CHECK(crypto_sign_detached(raw(MutableByteView(signature)), nullptr, raw(message),
                                    message.size(), raw(secret_key_.reveal())) == 0);
  return signature;
}

Secret Ed25519Key::seed() const { return Secret(secret_key_.reveal().first(kEd25519SeedBytes)); }

bool verify_ed25519(ByteView public_key, ByteView message, ByteView signature) {
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES || signature.size() != crypto_sign_BYTES)
    return false;
  start_sodium();
  return crypto_sign_verify_detached(raw(signature), raw(message), message.size(),
                                     raw(public_key)) == 0;
}

bool verify_rsa(ByteView key, ByteView message, ByteView signature) {
  const KeyPointer parsed = parse_rsa(key);
  return parsed && has_bounded_cost(parsed.get()) && verify(parsed.get(), message, signature);
}

bool verify_ecdsa(ByteView key, ByteView message, ByteView signature) {
  if (key.size() != kP256Prefix.size() + kP256PointBytes) return false;
  if (!equal(key.first(kP256Prefix.size()), kP256Prefix)) return false;
  const KeyPointer parsed = key_of_point(SN_X9_62_prime256v1, key.last(kP256PointBytes));
  return parsed && verify(parsed.get(), message, signature);
}

bool verify_secp256k1(ByteView key, ByteView message, ByteView signature) {
  if (key.size() != kCompressedPointBytes) return false;
  const KeyPointer parsed = key_of_point(SN_secp256k1, key);
  return parsed && verify(parsed.get(), message, signature);
}

}  // namespace ghmesh::crypto
