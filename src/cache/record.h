// SPDX-License-Identifier: Apache-2.0 OR MIT
// Record: how an entry lies in the store. The grammar, with an example: docs/wire/store.md.
//
//   row key   the first 16 bytes of HMAC(the principal's locate key, request key)
//   row       a clear prefix, and behind it what is sealed under the principal's key
//   body      inside the row when that stays small; else in a table of its own, sealed under a key that only rows know
//
// The prefix holds what eviction must know without any key: when the row was last used, and which body goes with it.
// All but the time of last use is authenticated by the seal, so a row or a body that was moved, mixed or flipped does
// not open.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "cache/entry.h"
#include "crypto/secret.h"
#include "github/principal.h"
#include "packing/packing.h"

namespace ghmesh::cache {

using RowKey = std::array<std::byte, 16>;
using BodyId = std::uint64_t;

inline constexpr std::uint8_t kRowVersion = 1;
// Two and a half of these fill a page of LMDB; a larger row would waste most of a second one, so its body lies apart.
inline constexpr std::size_t kRowBytesMax = 1536;
// What an upstream's head can be is limited long before (kHeadBytesMax), so this is only where a forged length ends.
inline constexpr std::size_t kHeadersBlockBytesMax = 64 * 1024;
// Last use is kept in steps of 1,024 s: enough to choose what goes, too coarse to tell what somebody did when.
inline constexpr Seconds kLastUseStep{1024};

RowKey row_key(const github::Principal& principal, std::string_view key);

std::uint32_t last_use_of(WallTime now);

// The part of a row that anybody may read.
struct RowPrefix {
  std::uint32_t last_use = 0;
  std::optional<BodyId> body_id;

  std::size_t size() const { return body_id ? 14 : 6; }
};
void write_prefix(const RowPrefix& prefix, Bytes& out);
std::optional<RowPrefix> parse_prefix(ByteView row);

// The sealed part of a row, opened.
struct Record {
  Entry entry;  // not finished; without a body when that lies apart
  crypto::Secret body_key;
};

// The record's plain bytes. `body_key` is empty when the body is inside.
Bytes write_record(const Entry& entry, const crypto::Secret& body_key,
                   packing::Effort effort = packing::Effort::thorough);
// Errors: truncated, malformed, too_large, unsupported.
Result<Record> parse_record(ByteView plain);

// A whole row: prefix and sealed record.
Bytes seal_row(const RowKey& key, const RowPrefix& prefix, ByteView record,
               const crypto::Secret& seal_key);
// Errors: seal_rejected and those of parse_record.
Result<Record> open_row(const RowKey& key, ByteView row, const crypto::Secret& seal_key);

Bytes seal_body(ByteView body, const crypto::Secret& body_key,
                packing::Effort effort = packing::Effort::thorough);
Result<std::string> open_body(ByteView sealed, const crypto::Secret& body_key);

}  // namespace ghmesh::cache
