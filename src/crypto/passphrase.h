// SPDX-License-Identifier: Apache-2.0 OR MIT
// A key from what a person can remember: Argon2id (RFC 9106), which makes each guess cost memory and time.
//
// Not for keys and tokens: those cannot be guessed, and HKDF costs a microsecond. Not for the way of a request either:
// it takes a tenth of a second.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

inline constexpr std::size_t kArgon2SaltBytes = 16;
// Longer than anything that is remembered.
inline constexpr std::size_t kPassphraseBytesMax = 1024;

struct Argon2Cost {
  std::size_t memory_bytes = 64 << 20;  // RFC 9106, 4, second recommendation: 64 MiB, 3 passes
  unsigned passes = 3;
};

// One lane. Errors: crypto_failed (the memory is not to be had), too_large.
Result<Secret> argon2id(const Secret& passphrase, ByteView salt, const Argon2Cost& cost,
                        std::size_t bytes_count);

}  // namespace ghmesh::crypto
