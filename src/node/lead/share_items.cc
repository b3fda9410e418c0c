// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/lead/share_items.h"

namespace ghmesh::node {
namespace {

constexpr std::size_t kFixedBytes = 1 + 8 + 4 + 4;
constexpr std::uint8_t kRemoval = 1;
// Centuries on both sides of today; what is beyond is nobody's clock.
constexpr std::int64_t kMillisecondsMax = std::int64_t{1} << 45;

template <class Number>
void append_number(std::string& out, Number number) {
  for (std::size_t i = sizeof number; i-- > 0;)
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(number >> (8 * i))));
}

}  // namespace

bool ShareItem::operator==(const ShareItem& other) const {
  const auto text = [](const http::Body& body) { return body ? *body : std::string(); };
  return name == other.name && said_at == other.said_at && is_removal == other.is_removal &&
         text(record) == text(other.record);
}

std::size_t share_item_bytes(const ShareItem& item) {
  return kFixedBytes + item.name.size() + (item.record ? item.record->size() : 0);
}

void append_share_item(std::string& out, const ShareItem& item) {
  const std::string_view record = item.record ? std::string_view(*item.record) : "";
  append_number(out, static_cast<std::uint8_t>(item.is_removal ? kRemoval : 0));
  append_number(out, static_cast<std::uint64_t>(item.said_at.time_since_epoch().count()));
  append_number(out, static_cast<std::uint32_t>(item.name.size()));
  append_number(out, static_cast<std::uint32_t>(record.size()));
  out += item.name;
  out += record;
}

Result<std::vector<ShareItem>> parse_share_items(std::string_view body) {
  if (body.size() > kShareItemsBytesMax) return Errc::too_large;
  std::vector<ShareItem> items;
  Reader in(as_bytes(body));
  while (!in.is_empty()) {
    const auto flags = in.take_big_endian<std::uint8_t>();
    const auto said_at = in.take_big_endian<std::uint64_t>();
    const auto name_bytes = in.take_big_endian<std::uint32_t>();
    const auto record_bytes = in.take_big_endian<std::uint32_t>();
    if (!flags || *flags > kRemoval || !said_at || !name_bytes || !record_bytes)
      return Errc::malformed;
    const auto milliseconds = static_cast<std::int64_t>(*said_at);
    if (milliseconds > kMillisecondsMax || milliseconds < -kMillisecondsMax) return Errc::malformed;
    if (*name_bytes > mesh::kSharedNameBytesMax || *record_bytes > mesh::kSharedRecordBytesMax)
      return Errc::too_large;
    const auto name = in.take(*name_bytes);
    const auto record = in.take(*record_bytes);
    const bool is_removal = *flags == kRemoval;
    if (!name || name->empty() || !record || record->empty() != is_removal) return Errc::malformed;
    ShareItem item{.name = std::string(as_text(*name)),
                   .said_at = mesh::SharedAt(std::chrono::milliseconds(milliseconds)),
                   .is_removal = is_removal,
                   .record = nullptr};
    if (!is_removal) item.record = http::make_body(std::string(as_text(*record)));
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace ghmesh::node
