// SPDX-License-Identifier: Apache-2.0 OR MIT
// One file of the Python predecessor's: {"cache_key", "data", "timestamp", "ttl", "content_hash", "validation_fields"}.
//
// Older ones have no cache_key; then there is only the file's name, in which "/", ":" and "*" have become "_".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ghmesh/cache.h"

namespace ghmesh::library {

struct LegacyEntry {
  std::string joined_key;         // empty: the file does not say
  std::string data;               // JSON
  std::int64_t written_at = 0;    // milliseconds since 1970
  std::int64_t ttl = 0;           // milliseconds
  std::string validation_fields;  // canonical JSON; empty: none
  bool is_hash_good = true;       // "content_hash" is that of the fields, or there is none
};

// Errors: malformed (not JSON, or a field is missing or of another kind), too_large.
Result<LegacyEntry> parse_legacy_entry(std::string_view json);
// The same inside of a message between its nodes: {"key": joined key, "entry": {...}}. Errors: as above.
Result<LegacyEntry> parse_legacy_message(std::string_view json);
std::string write_legacy_entry(const Key& key, const Value& value);

// How the predecessor names the file of a joined key, without ".json".
std::string legacy_stem(std::string_view joined_key);

// The key of an entry, if it can be told without a guess. `stem` is the file's name without ".json".
//   with a joined key   its parts; "name=value" is a named argument, where the name is one of Python's
//   without             the stem, if it is an operation alone; or what stands before the repository that the data name
// A joined key that was made of an argument with ":" in it is split there, and so is not found again: a miss, which
// costs a call, and never another's answer.
std::optional<Key> legacy_key(const LegacyEntry& entry, std::string_view stem);

}  // namespace ghmesh::library
