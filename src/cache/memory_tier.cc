// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/memory_tier.h"

#include <algorithm>
#include <utility>

namespace ghmesh::cache {
namespace {

// A shard must have room for the largest entry several times over, so few bytes mean few shards.
constexpr std::uint64_t kShardBytesMin = 32ull << 20;
// More than twice the threads that serve on common machines.
constexpr std::uint64_t kShardsMax = 16;

// Table node, ring, shared_ptr control block and the strings' own headers: measured at 100,000 entries.
constexpr std::uint64_t kOverheadBytes = 512;

std::uint64_t bytes_of(const Entry& entry) {
  std::uint64_t bytes =
      kOverheadBytes + entry.body->size() + entry.head_text.size() + entry.etag.size();
  for (const http::Header& header : entry.headers)
    bytes += sizeof(header) + header.name.size() + header.value.size();
  return bytes;
}

}  // namespace

MemoryKey memory_key(const PrincipalId& principal, std::string_view key) {
  return {.principal = principal, .key_hash = crypto::table_hash(as_bytes(key))};
}

MemoryTier::MemoryTier(std::uint64_t bytes_max) {
  const std::uint64_t shards_count =
      std::clamp<std::uint64_t>(bytes_max / kShardBytesMin, 1, kShardsMax);
  shard_bytes_max_ = bytes_max / shards_count;
  for (std::uint64_t i = 0; i < shards_count; ++i) shards_.push_back(std::make_unique<Shard>());
}

void MemoryTier::Shard::link(Held& held) {
  held.older = newest;
  held.newer = nullptr;
  (newest ? newest->newer : oldest) = &held;
  newest = &held;
}

void MemoryTier::Shard::unlink(Held& held) {
  (held.older ? held.older->newer : oldest) = held.newer;
  (held.newer ? held.newer->older : newest) = held.older;
}

void MemoryTier::Shard::remove(Held& held) {
  unlink(held);
  bytes -= held.bytes;
  const MemoryKey key = held.key;  // a copy: erase() may not read what it destroys
  table.erase(key);
}

void MemoryTier::Shard::make_room(std::uint64_t bytes_max) {
  while (bytes > bytes_max && oldest) {
    Held& held = *oldest;
    if (held.is_used) {
      held.is_used = false;
      unlink(held);
      link(held);
      continue;
    }
    remove(held);
    ++evictions_count;
  }
}

MemoryTier::Found MemoryTier::find(const MemoryKey& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.table.find(key);
  if (at == shard.table.end()) return {};
  at->second.is_used = true;
  at->second.is_used_lately = true;
  return {.entry = at->second.entry, .origin = at->second.origin};
}

void MemoryTier::insert(Shard& shard, const MemoryKey& key, EntryRef entry, const Origin& origin) {
  const std::uint64_t bytes = bytes_of(*entry);
  auto [at, is_new] = shard.table.try_emplace(key);
  Held& held = at->second;
  if (!is_new) {
    shard.unlink(held);
    shard.bytes -= held.bytes;
  }
  held.key = key;
  held.entry = std::move(entry);
  held.origin = origin;
  held.bytes = bytes;
  shard.link(held);
  shard.bytes += bytes;
  shard.make_room(shard_bytes_max_);
}

void MemoryTier::put(const MemoryKey& key, EntryRef entry, const Origin& origin) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  insert(shard, key, std::move(entry), origin);
}

void MemoryTier::put_if_absent(const MemoryKey& key, EntryRef entry, const Origin& origin) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.table.contains(key)) return;
  insert(shard, key, std::move(entry), origin);
  if (const auto at = shard.table.find(key); at != shard.table.end())
    at->second.is_used_lately = true;
}

void MemoryTier::confirm(const MemoryKey& key, const Entry* entry, std::uint64_t mark) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.table.find(key);
  if (at != shard.table.end() && at->second.entry.get() == entry) at->second.origin.mark = mark;
}

void MemoryTier::erase(const MemoryKey& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.table.find(key);
  if (at != shard.table.end()) shard.remove(at->second);
}

void MemoryTier::erase_version(const MemoryKey& key, const Entry* entry) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.table.find(key);
  if (at != shard.table.end() && at->second.entry.get() == entry) shard.remove(at->second);
}

void MemoryTier::clear() {
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    shard->table.clear();
    shard->oldest = shard->newest = nullptr;
    shard->bytes = 0;
  }
}

std::vector<RowKey> MemoryTier::take_used_rows(std::size_t rows_max) {
  std::vector<RowKey> rows;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    for (auto& [key, held] : shard->table) {
      if (rows.size() >= rows_max) return rows;
      if (std::exchange(held.is_used_lately, false)) rows.push_back(held.origin.row);
    }
  }
  return rows;
}

std::uint64_t MemoryTier::entries_count() const {
  std::uint64_t count = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    count += shard->table.size();
  }
  return count;
}

std::uint64_t MemoryTier::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    bytes += shard->bytes;
  }
  return bytes;
}

std::uint64_t MemoryTier::evictions_count() const {
  std::uint64_t count = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    count += shard->evictions_count;
  }
  return count;
}

}  // namespace ghmesh::cache
