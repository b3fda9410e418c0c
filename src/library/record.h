// SPDX-License-Identifier: Apache-2.0 OR MIT
// Record: one value of a program's, as it lies in an entry's body and travels between members of a swarm. The grammar,
// with an example: docs/wire/library.md.
//
//   record  = version(1: 1) flags(1) written-at(8, ms since 1970) ttl(varint, ms)
//             name(varint length, bytes) [fields(varint length, bytes) cid(varint length, bytes)] data
//   flags   = bit 0: a member of the swarm put it   bit 1: it has validation fields
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ghmesh::library {

// What was put may be fresh for ten years and no longer: a later moment is a mistake, and sums stay far from overflow.
inline constexpr std::int64_t kTtlMax = std::int64_t{10} * 365 * 24 * 3600 * 1000;
inline constexpr std::size_t kFieldsBytesMax = 8 << 20;  // a list's fields are a part of its data

struct Record {
  std::string_view name;  // Key::text()
  std::string_view data;
  std::string_view validation_fields;  // canonical JSON; empty: none
  std::string_view validation_cid;
  std::int64_t written_at = 0;  // milliseconds since 1970
  std::int64_t ttl = 0;         // milliseconds
  bool is_of_peer = false;

  bool operator==(const Record&) const = default;
  bool is_fresh(std::int64_t now) const { return now < written_at + ttl; }
};

std::string write_record(const Record& record);
// Views into `bytes`. Errors: truncated, malformed, too_large, unsupported.
Result<Record> parse_record(std::string_view bytes);

}  // namespace ghmesh::library
