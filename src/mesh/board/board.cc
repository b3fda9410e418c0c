// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/board/board.h"

#include <algorithm>
#include <tuple>

namespace ghmesh::mesh {
namespace {

// With its places in the tables.
constexpr std::size_t kPostedBytes = 400;

std::size_t bytes_of(const Shared& said) {
  return kPostedBytes + (said.record ? said.record->size() : 0);
}

bool is_newer(const Shared& one, const Shared& two) {
  // Of a put and a removal of one moment the removal: what is gone too early is asked for again.
  return std::tie(one.said_at, one.is_removal, one.digest) >
         std::tie(two.said_at, two.is_removal, two.digest);
}

}  // namespace

Result<bool> Board::put(const PeerId& author, Shared said, WallTime now) {
  if (said.said_at > now + kSharedAheadMax) {
    ++counters_.from_future;
    return Errc::mesh_from_future;
  }
  if (bytes_of(said) > options_.bytes_max) return Errc::too_large;
  const auto found = posted_.find(said.key);
  if (found != posted_.end()) {
    const Shared& before = found->second.said;
    if (is_newer(before, said)) {
      ++counters_.outdated;
      return Errc::mesh_outdated;
    }
    if (!is_newer(said, before)) {
      if (said.record && !before.record) fill(said.key, said.digest, said.record);
      return false;
    }
    erase(said.key);
  }
  const KeyId key = said.key;
  link(key, posted_.emplace(key, Posted{.said = std::move(said), .author = author}).first->second);
  ++counters_.put;
  make_room();
  return true;
}

bool Board::fill(const KeyId& key, const crypto::Digest& digest, http::Body record) {
  const auto found = posted_.find(key);
  if (found == posted_.end() || !record) return false;
  Posted& posted = found->second;
  if (posted.said.digest != digest || posted.said.record) return false;
  unlink(key, posted);
  posted.said.record = std::move(record);
  link(key, posted);
  make_room();
  return true;
}

const Board::Posted* Board::find(const KeyId& key) const {
  const auto found = posted_.find(key);
  return found == posted_.end() ? nullptr : &found->second;
}

http::Body Board::find_record(const crypto::Digest& digest) const {
  for (auto [each, end] = by_digest_.equal_range(digest); each != end; ++each)
    if (const Posted* posted = find(each->second); posted != nullptr && posted->said.record)
      return posted->said.record;
  return nullptr;
}

void Board::forget(const PeerId& author) {
  const auto found = authors_.find(author);
  if (found == authors_.end()) return;
  std::vector<KeyId> keys;
  for (const auto& [age, posted] : found->second.by_age) keys.push_back(age.second);
  for (const KeyId& key : keys) erase(key);
}

std::vector<KeyId> Board::newest(std::size_t count_max) const {
  std::vector<std::pair<SharedAt, KeyId>> ages;
  ages.reserve(posted_.size());
  for (const auto& [key, posted] : posted_) ages.emplace_back(posted.said.said_at, key);
  std::sort(ages.rbegin(), ages.rend());
  std::vector<KeyId> keys;
  for (const auto& [said_at, key] : ages) {
    if (keys.size() == count_max) break;
    keys.push_back(key);
  }
  return keys;
}

void Board::link(const KeyId& key, const Posted& posted) {
  Author& author = authors_[posted.author];
  author.by_age.emplace(std::pair(posted.said.said_at, key), &posted);
  author.bytes += bytes_of(posted.said);
  bytes_ += bytes_of(posted.said);
  by_digest_.emplace(posted.said.digest, key);
}

void Board::unlink(const KeyId& key, const Posted& posted) {
  const auto author = authors_.find(posted.author);
  author->second.by_age.erase({posted.said.said_at, key});
  author->second.bytes -= bytes_of(posted.said);
  bytes_ -= bytes_of(posted.said);
  if (author->second.by_age.empty()) authors_.erase(author);
  for (auto [each, end] = by_digest_.equal_range(posted.said.digest); each != end; ++each)
    if (each->second == key) {
      by_digest_.erase(each);
      return;
    }
}

void Board::erase(KeyId key) {
  const auto found = posted_.find(key);
  unlink(key, found->second);
  posted_.erase(found);
}

void Board::make_room() {
  while (bytes_ > options_.bytes_max || posted_.size() > options_.entries_max) {
    const auto largest = std::ranges::max_element(
        authors_, {}, [](const auto& entry) { return entry.second.bytes; });
    erase(largest->second.by_age.begin()->first.second);
    ++counters_.evicted;
  }
}

}  // namespace ghmesh::mesh
