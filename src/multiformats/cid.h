// SPDX-License-Identifier: Apache-2.0 OR MIT
// CID: a name for content, made of what it is (codec) and its multihash (multiformats/cid).
//
// We write CIDv1 in base32. We read v0 ("Qm...") as well. The CID of an answer's body is codec raw, SHA-256.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "multiformats/multihash.h"

namespace ghmesh::multiformats {

inline constexpr std::uint64_t kRawCodec = 0x55;
inline constexpr std::uint64_t kDagProtobufCodec = 0x70;
inline constexpr std::uint64_t kLibp2pKeyCodec = 0x72;

struct Cid {
  int version = 1;
  std::uint64_t codec = kRawCodec;
  Multihash hash;
  bool operator==(const Cid&) const = default;
};

// The CIDv1 of these bytes: raw, SHA-256.
Cid cid_of(ByteView content);

Bytes write_cid(const Cid& cid);
std::string write_cid_text(const Cid& cid);  // v1: base32; v0: base58btc without prefix

// Errors: malformed, truncated, too_large, unsupported (a version other than 0 and 1).
Result<Cid> parse_cid(ByteView bytes);
Result<Cid> parse_cid_text(std::string_view text);

}  // namespace ghmesh::multiformats
