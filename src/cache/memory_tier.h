// SPDX-License-Identifier: Apache-2.0 OR MIT
// MemoryTier: the entries that are served without a look at the disk. Bounded in bytes; thread-safe.
//
// Sharded, so that serving threads seldom meet; each shard is a table and a ring in order of arrival. What is used
// while it waits for its eviction gets a second round (the CLOCK rule): a hit then sets one bit instead of moving list
// nodes, which costs a third of an LRU's cache misses and keeps as much of what is wanted.
//
// The identity of an entry is the principal's id and a keyed hash of the request key, both compared in full: two
// principals cannot meet here, and nobody outside can make two keys meet.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/entry.h"
#include "cache/record.h"
#include "github/principal.h"

namespace ghmesh::cache {

using PrincipalId = std::array<std::byte, 16>;

struct MemoryKey {
  PrincipalId principal{};
  crypto::TableHash key_hash{};
  bool operator==(const MemoryKey&) const = default;
};
MemoryKey memory_key(const PrincipalId& principal, std::string_view key);

struct MemoryKeyHash {
  // Both halves are random already.
  std::size_t operator()(const MemoryKey& key) const {
    return static_cast<std::size_t>(
        key.key_hash[0] ^ load_big_endian<std::uint64_t>(ByteView(key.principal).first(8)));
  }
};

// What a held entry remembers of the store: which row it is, and how often that row's slot had changed when it was
// read. A copy of another process's newer write is recognised by a different mark (cache/generations.h).
struct Origin {
  RowKey row{};
  std::uint64_t mark = 0;
};

class MemoryTier {
 public:
  struct Found {
    EntryRef entry;  // null: not held
    Origin origin;
  };

  explicit MemoryTier(std::uint64_t bytes_max);

  Found find(const MemoryKey& key);
  void put(const MemoryKey& key, EntryRef entry, const Origin& origin);
  // For what was read from disk: a put that came in between is newer, and stays.
  void put_if_absent(const MemoryKey& key, EntryRef entry, const Origin& origin);
  // The entry has reached the disk: from now on its mark is this one. Nothing happens if it was replaced meanwhile.
  void confirm(const MemoryKey& key, const Entry* entry, std::uint64_t mark);
  void erase(const MemoryKey& key);
  // Removes only this version.
  void erase_version(const MemoryKey& key, const Entry* entry);
  void clear();

  // The rows of entries that were used since the last call, at most `rows_max`; so that the disk learns what is wanted.
  std::vector<RowKey> take_used_rows(std::size_t rows_max);

  std::uint64_t entries_count() const;
  std::uint64_t bytes() const;
  std::uint64_t evictions_count() const;

 private:
  struct Held {
    MemoryKey key;
    EntryRef entry;
    Origin origin;
    std::uint64_t bytes = 0;
    bool is_used = false;         // since the eviction hand last passed
    bool is_used_lately = false;  // since take_used_rows()
    Held* older = nullptr;
    Held* newer = nullptr;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<MemoryKey, Held, MemoryKeyHash> table;
    Held* oldest = nullptr;
    Held* newest = nullptr;
    std::uint64_t bytes = 0;
    std::uint64_t evictions_count = 0;

    void link(Held& held);
    void unlink(Held& held);
    void remove(Held& held);
    void make_room(std::uint64_t bytes_max);
  };

  Shard& shard_of(const MemoryKey& key) {
    return *shards_[(key.key_hash[1] ^ std::to_integer<std::uint64_t>(key.principal[15])) %
                    shards_.size()];
  }
  void insert(Shard& shard, const MemoryKey& key, EntryRef entry, const Origin& origin);

  std::uint64_t shard_bytes_max_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace ghmesh::cache
