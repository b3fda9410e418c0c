// SPDX-License-Identifier: Apache-2.0 OR MIT
// What this process has kept, by name. The store knows entries by keyed hashes only, so that whoever steals it learns
// nothing; to purge by a pattern and to say what differed from the nearest entry, the names of the last ones are here,
// in memory. What is not here is found by doubts (doubts.h), which need no names.
//
// Thread-safe. Used when something was asked of GitHub, and never by a hit.
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "crypto/hash.h"
#include "proxy/principals.h"

namespace ghmesh::proxy {

// A busy day of one node; and of their names, so that long queries make it no larger.
inline constexpr std::size_t kCatalogEntriesMax = 16'384;
inline constexpr std::size_t kCatalogBytesMax = 16 << 20;

struct KnownEntry {
  CallerRef caller;
  std::string target;      // path and query, as asked for
  std::string_view route;  // static
  std::string accept, api_version;
  std::string key;

  std::size_t bytes() const {
    return target.size() + accept.size() + api_version.size() + key.size();
  }
};

class Catalog {
 public:
  void note(KnownEntry entry);
  void forget(const KnownEntry& entry);
  void clear();
  using Test = std::function<bool(const KnownEntry&)>;
  // The latest first.
  std::vector<KnownEntry> find(const Test& test) const;

 private:
  struct HashFirstWord {
    std::size_t operator()(const crypto::TableHash& hash) const { return hash[0]; }
  };
  static crypto::TableHash hash_of(const KnownEntry& entry);

  void drop(std::list<KnownEntry>::iterator at);  // under the lock

  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::list<KnownEntry> recent_first_;
  std::unordered_map<crypto::TableHash, std::list<KnownEntry>::iterator, HashFirstWord> by_hash_;
};

}  // namespace ghmesh::proxy
