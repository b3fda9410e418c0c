// SPDX-License-Identifier: Apache-2.0 OR MIT
// Values that a process tells its leader, to be told to the swarm: the body of POST /v1/share.
//
//   items := { flags(1) said-at(8) name-size(4) record-size(4) name record }     big endian; flag 1: it is a removal
//
// The times are milliseconds since 1970. Of a removal the record is empty: the name says it all.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mesh/wire/exchange.h"

namespace ghmesh::node {

// One with the largest record fits, with its name; so do thousands of small ones.
inline constexpr std::size_t kShareItemsBytesMax = mesh::kSharedRecordBytesMax + 1024 * 1024;

struct ShareItem {
  std::string name;
  mesh::SharedAt said_at{};
  bool is_removal = false;
  http::Body record;  // null: of a removal
  bool operator==(const ShareItem&) const;
};

std::size_t share_item_bytes(const ShareItem& item);
void append_share_item(std::string& out, const ShareItem& item);
// Errors: malformed, too_large.
Result<std::vector<ShareItem>> parse_share_items(std::string_view body);

}  // namespace ghmesh::node
