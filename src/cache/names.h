// SPDX-License-Identifier: Apache-2.0 OR MIT
// Names: what makes entries of one partition listable. Where entries of the API are is as secret as what they say, so
// they have none; a program's own values (library/) must be counted, cleared and found by a prefix.
//
//   name   tag(8), and sealed under the principal's seal key: written-at(8, milliseconds since 1970) request-key
//          associated data: "ghmesh store name 1" row-key(16)
//
// The tag tells which rows belong together, and nothing else.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "cache/record.h"
#include "github/principal.h"

namespace ghmesh::cache {

using PartitionTag = std::array<std::byte, 8>;
PartitionTag partition_tag(const github::Principal& principal);

struct NamedRow {
  RowKey row{};
  Bytes name;  // as it lies in the table
};

struct Name {
  std::string key;              // the request key
  std::int64_t written_at = 0;  // milliseconds since 1970
};
Bytes seal_name(const RowKey& row, const Name& name, const PartitionTag& tag,
                const github::Principal& principal);
// Nothing: it is another partition's, or does not open.
std::optional<Name> open_name(const NamedRow& row, const PartitionTag& tag,
                              const github::Principal& principal);

}  // namespace ghmesh::cache
