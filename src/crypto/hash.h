// SPDX-License-Identifier: Apache-2.0 OR MIT
// SHA-256 (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), and SipHash-2-4 with 128 bits for tables in memory.
#pragma once

#include <array>
#include <initializer_list>

#include "base/bytes.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

using Digest = std::array<std::byte, 32>;

Digest sha256(ByteView bytes);
// Over the parts in order, as if they were one text.
Digest sha256(std::initializer_list<ByteView> parts);

// For what arrives in pieces. finish() starts the next text.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void add(ByteView bytes);
  Digest finish();

 private:
  void* context_;  // EVP_MD_CTX: OpenSSL's headers stay inside this room
};

Digest hmac_sha256(ByteView key, ByteView message);

// Extract and expand in one. At most 255 * 32 bytes out (RFC 5869, 2.3). One label, one purpose.
Secret hkdf_sha256(ByteView input_key, ByteView salt, std::string_view label,
                   std::size_t bytes_count);
// The halves apart, where many keys come from one secret: extract once, expand for each.
inline constexpr std::size_t kHkdfRootBytes = 32;
Secret hkdf_extract(const Secret& input_key, ByteView salt);
Secret hkdf_expand(const Secret& root, ByteView label, std::size_t bytes_count);

// A keyed hash for tables in this process: an outsider who does not know the key cannot make collisions. The key is
// drawn at start and never leaves the process, so these values must not be stored or sent.
using TableHash = std::array<std::uint64_t, 2>;
TableHash table_hash(ByteView bytes);

}  // namespace ghmesh::crypto
