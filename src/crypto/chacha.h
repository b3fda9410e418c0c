// SPDX-License-Identifier: Apache-2.0 OR MIT
// Inside crypto/ only: ChaCha20-Poly1305 (RFC 8439) as OpenSSL has it. aead.h and counter_cipher.h choose the nonces.
#pragma once

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/raw.h"

namespace ghmesh::crypto {

inline constexpr std::size_t kChaChaKeyBytes = 32;
inline constexpr std::size_t kChaChaNonceBytes = 12;
inline constexpr std::size_t kChaChaTagBytes = 16;
// OpenSSL counts bytes in an int.
inline constexpr std::size_t kChaChaBytesMax = std::size_t{1} << 30;

// One context: set_key once, then for each text start(), update() and one of the finish functions.
class ChaCha {
 public:
  enum class Direction { open = 0, seal = 1 };

  ChaCha() : context_(EVP_CIPHER_CTX_new()) {
    // OpenSSL 3 looks an algorithm up by name, under a lock, whenever it is named: so once. Never freed: threads may
    // still seal while the program ends.
    static EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
    GHMESH_CHECK(context_ != nullptr && algorithm != nullptr);
    GHMESH_CHECK(EVP_CipherInit_ex(context_, algorithm, nullptr, nullptr, nullptr, 1) == 1);
  }
  ChaCha(const ChaCha&) = delete;
  ChaCha& operator=(const ChaCha&) = delete;
  ~ChaCha() { EVP_CIPHER_CTX_free(context_); }  // OpenSSL zeroes the key in it

  void set_key(ByteView key) {
    GHMESH_CHECK(key.size() == kChaChaKeyBytes);
    GHMESH_CHECK(EVP_CipherInit_ex(context_, nullptr, nullptr, raw(key), nullptr, -1) == 1);
  }
  // A context that lives on lies in ordinary memory.
  void forget_key() {
    static constexpr std::array<std::byte, kChaChaKeyBytes> kZeros{};
    set_key(kZeros);
  }

  // `context` is authenticated and not encrypted.
  void start(Direction direction, ByteView nonce, ByteView context) {
    GHMESH_CHECK(nonce.size() == kChaChaNonceBytes);
    const int encrypts = static_cast<int>(direction);
    GHMESH_CHECK(EVP_CipherInit_ex(context_, nullptr, nullptr, nullptr, raw(nonce), encrypts) == 1);
    if (!context.empty()) update(nullptr, context);
  }

  // `out` is as large as `in`, or null for bytes that are only authenticated.
  void update(unsigned char* out, ByteView in) {
    GHMESH_CHECK(in.size() <= kChaChaBytesMax);
    int written_count = 0;
    const int size = static_cast<int>(in.size());
    GHMESH_CHECK(EVP_CipherUpdate(context_, out, &written_count, raw(in), size) == 1);
  }

  void finish_seal(MutableByteView tag) {
    unsigned char unused[1];  // a stream cipher has no last block
    int written_count = 0;
    GHMESH_CHECK(EVP_CipherFinal_ex(context_, unused, &written_count) == 1);
    GHMESH_CHECK(control(EVP_CTRL_AEAD_GET_TAG, raw(tag)));
  }

  // False: what update() wrote is not authentic, nobody may see it.
  bool finish_open(ByteView tag) {
    std::array<std::byte, kChaChaTagBytes> expected;
    std::ranges::copy(tag, expected.begin());
    GHMESH_CHECK(control(EVP_CTRL_AEAD_SET_TAG, raw(MutableByteView(expected))));
    unsigned char unused[1];
    int written_count = 0;
    return EVP_CipherFinal_ex(context_, unused, &written_count) == 1;
  }

 private:
  bool control(int command, unsigned char* tag) {
    return EVP_CIPHER_CTX_ctrl(context_, command, static_cast<int>(kChaChaTagBytes), tag) == 1;
  }

  EVP_CIPHER_CTX* context_;
};

}  // namespace ghmesh::crypto
