// SPDX-License-Identifier: Apache-2.0 OR MIT
// Seal and open: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random 24-byte nonce in front.
//
// Many uncoordinated writers share a key, so the nonce must be long enough to be drawn at random for ever: 192 bits
// are, 96 bits are not. Every failure to open is the same error: there is nothing to learn from it.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

inline constexpr std::size_t kSealKeyBytes = 32;
inline constexpr std::size_t kSealNonceBytes = 24;
inline constexpr std::size_t kSealTagBytes = 16;
inline constexpr std::size_t kSealOverheadBytes = kSealNonceBytes + kSealTagBytes;
// OpenSSL counts bytes in an int. Entries are a hundred times smaller (base/limits.h).
inline constexpr std::size_t kSealedBytesMax = std::size_t{1} << 30;

// nonce | ciphertext | tag. `context` is authenticated and not included.
Bytes seal(const Secret& key, ByteView context, ByteView plaintext);
Result<Bytes> open(const Secret& key, ByteView context, ByteView sealed);
// The same into a buffer that keeps its capacity from call to call. It is empty after a failure.
Result<void> open_into(const Secret& key, ByteView context, ByteView sealed, Bytes& plaintext);

// For a key that was made for one message, and its nonce with it: ciphertext | tag into `out`, which is kSealTagBytes
// larger than `plaintext` and does not overlap it. The same key and nonce must never seal two texts.
void seal_with_nonce(const Secret& key, ByteView nonce, ByteView context, ByteView plaintext,
                     MutableByteView out);
Result<Bytes> open_with_nonce(const Secret& key, ByteView nonce, ByteView context, ByteView sealed);

}  // namespace ghmesh::crypto
