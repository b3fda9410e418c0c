// SPDX-License-Identifier: Apache-2.0 OR MIT
// Multihash: a digest that names its function: varint code, varint length, digest (multiformats/multihash).
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::multiformats {

inline constexpr std::uint64_t kIdentityCode = 0x00;  // the "digest" is the input itself
inline constexpr std::uint64_t kSha256Code = 0x12;
inline constexpr std::size_t kSha256Bytes = 32;
// The longest digest that we read: an identity hash of an Ed25519 key has 36 bytes, SHA-512 64; go-multihash allows
// 128.
inline constexpr std::size_t kDigestBytesMax = 128;

// The digest may be shorter than what its function gives: the specification allows to cut it. Whoever trusts a hash
// compares it with a whole one.
struct Multihash {
  std::uint64_t code = kIdentityCode;
  Bytes digest;
  bool operator==(const Multihash&) const = default;
};

Bytes write_multihash(const Multihash& hash);
// Takes one from the reader. Errors: malformed, truncated, too_large.
Result<Multihash> take_multihash(Reader& reader);
// The whole input must be one multihash.
Result<Multihash> parse_multihash(ByteView bytes);

}  // namespace ghmesh::multiformats
