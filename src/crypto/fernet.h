// SPDX-License-Identifier: Apache-2.0 OR MIT
// Fernet tokens (specification: github.com/fernet/spec, Spec.md) and PBKDF2-HMAC-SHA256 (RFC 8018, 5.2): what the
// Python predecessor seals its messages with. For nothing else: ours are sealed by aead.h.
//
//   token = base64url(0x80 seconds(8) iv(16) AES-128-CBC(plain, PKCS 7) HMAC-SHA256(all before)(32))
//   key   = signing(16) encryption(16)
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

inline constexpr std::size_t kFernetKeyBytes = 32;
inline constexpr std::size_t kFernetIvBytes = 16;
using FernetIv = std::array<std::byte, kFernetIvBytes>;

struct FernetPlain {
  Bytes bytes;
  WallTime sealed_at{};  // as the token says; its key vouches for it
};

// `key` has kFernetKeyBytes. An initialization vector is used once: draw it (crypto/random.h).
std::string seal_fernet(const Secret& key, ByteView plain, WallTime now, const FernetIv& iv);
// The MAC is checked first, in constant time. Errors: seal_rejected, whatever is wrong with it.
Result<FernetPlain> open_fernet(const Secret& key, std::string_view token);

// `iterations` and `bytes_count` are at least 1.
Secret pbkdf2_sha256(const Secret& passphrase, ByteView salt, std::uint32_t iterations,
                     std::size_t bytes_count);

}  // namespace ghmesh::crypto
