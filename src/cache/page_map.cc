// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/page_map.h"

#include <algorithm>
#include <cstring>

namespace ghmesh::cache {
namespace {

// A page: its number (8), unused (2), its kind (2), and then either the end of its index and the begin of its nodes (2
// + 2) or the length of a run (4).
constexpr std::size_t kKindAt = 10;
constexpr std::size_t kLowerAt = 12;
constexpr std::size_t kUpperAt = 14;
constexpr std::size_t kRunPagesAt = 12;
constexpr std::size_t kPageHeadBytes = 16;
constexpr std::uint16_t kBranch = 1;
constexpr std::uint16_t kLeaf = 2;
constexpr std::uint16_t kRun = 4;

// A node: size of the value or number of a page (4), flags (2), size of the key (2).
constexpr std::size_t kNodeFlagsAt = 4;
constexpr std::size_t kNodeKeyBytesAt = 6;
constexpr std::size_t kNodeHeadBytes = 8;
constexpr std::uint16_t kValueIsRun = 1;
constexpr std::uint16_t kValueIsTable = 2;
constexpr std::size_t kTableBytes = 48;

}  // namespace

std::size_t page_number_at(const char* inside, std::size_t page_bytes) {
  std::size_t number = 0;
  std::memcpy(&number, inside - reinterpret_cast<std::uintptr_t>(inside) % page_bytes,
              sizeof(number));
  return number;
}

template <class T>
T PageMap::load(std::size_t offset) const {
  T value{};
  std::memcpy(&value, base_ + offset, sizeof(value));
  return value;
}

bool PageMap::is_inside(const MDB_val& bytes, std::size_t& offset) const {
  const char* begin = static_cast<const char*>(bytes.mv_data);
  const std::size_t file_bytes = uses_.size() * page_bytes_;
  if (begin < base_ || bytes.mv_size > file_bytes) return false;
  offset = static_cast<std::size_t>(begin - base_);
  return offset <= file_bytes - bytes.mv_size;
}

// Every node lies behind the index and inside the page.
bool PageMap::is_sound_node_page(std::size_t page, std::uint16_t kind) const {
  const std::size_t at = page * page_bytes_;
  const std::size_t lower = load<std::uint16_t>(at + kLowerAt);
  const std::size_t upper = load<std::uint16_t>(at + kUpperAt);
  if (load<std::size_t>(at) != page || load<std::uint16_t>(at + kKindAt) != kind) return false;
  if (lower < kPageHeadBytes || lower % 2 != 0 || lower > upper || upper > page_bytes_)
    return false;
  for (std::size_t index = kPageHeadBytes; index < lower; index += 2) {
    const std::size_t node = load<std::uint16_t>(at + index);
    if (node < upper || node > page_bytes_ - kNodeHeadBytes) return false;
    const std::size_t number = load<std::uint32_t>(at + node);
    const auto flags = load<std::uint16_t>(at + node + kNodeFlagsAt);
    std::size_t bytes = kNodeHeadBytes + load<std::uint16_t>(at + node + kNodeKeyBytesAt);
    if (kind == kBranch) {
      const std::size_t child = number | (static_cast<std::size_t>(flags) << 32);
      if (child < 2 || child >= uses_.size() || uses_[child] == Use::free) return false;
    } else {
      if (flags != 0 && flags != kValueIsRun && flags != kValueIsTable) return false;
      if (flags == kValueIsTable && number != kTableBytes) return false;
      bytes += flags == kValueIsRun ? sizeof(std::size_t) : number;
    }
    if (bytes > page_bytes_ - node) return false;
  }
  return true;
}

bool PageMap::add_run(std::size_t page, std::size_t value_bytes) {
  const std::size_t at = page * page_bytes_;
  const std::size_t pages_count = (kPageHeadBytes + value_bytes + page_bytes_ - 1) / page_bytes_;
  if (load<std::size_t>(at) != page || load<std::uint16_t>(at + kKindAt) != kRun) return false;
  if (load<std::uint32_t>(at + kRunPagesAt) != pages_count) return false;
  for (std::size_t i = page; i < page + pages_count; ++i) {
    if (i >= uses_.size() || uses_[i] != Use::unknown) return false;
    uses_[i] = Use::run;
  }
  return true;
}

bool PageMap::add_entry(const MDB_val& key, const MDB_val& value) {
  std::size_t key_at = 0, value_at = 0;
  if (!is_inside(key, key_at) || !is_inside(value, value_at)) return false;
  const std::size_t page = key_at / page_bytes_;
  if (page < 2 || page >= uses_.size()) return false;
  if (uses_[page] == Use::unknown) {
    if (!is_sound_node_page(page, kLeaf)) return false;
    uses_[page] = Use::leaf;
  }
  if (uses_[page] != Use::leaf) return false;
  if (value_at / page_bytes_ == page) return true;
  return value_at % page_bytes_ == kPageHeadBytes && add_run(value_at / page_bytes_, value.mv_size);
}

bool PageMap::add_free(std::size_t page) {
  if (page < 2 || page >= uses_.size() || uses_[page] != Use::unknown) return false;
  uses_[page] = Use::free;
  return true;
}

bool PageMap::are_the_rest_branches(std::size_t branches_count) const {
  std::size_t found_count = 0;
  for (std::size_t page = 2; page < uses_.size(); ++page) {
    if (uses_[page] != Use::unknown) continue;
    if (!is_sound_node_page(page, kBranch)) return false;
    ++found_count;
  }
  return found_count == branches_count;
}

}  // namespace ghmesh::cache
