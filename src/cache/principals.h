// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who else holds an answer for the same request: the principals that this process has seen, and which keys each of them
// holds.
//
// For proofs only: what is found here may be *asked about* with the asking principal's own credential, never served
// before. Both tables are bounded; forgetting costs an ordinary call to GitHub. Thread-safe.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cache/memory_tier.h"
#include "github/principal.h"

namespace ghmesh::cache {

using PrincipalRef = std::shared_ptr<const github::Principal>;

// The keys of principals, so that the writer and the search for candidates need no caller that presents them. Holding a
// principal's keys in memory while the process lives is what serving it takes anyway.
class Principals {
 public:
  PrincipalRef keep(const github::Principal& principal);
  PrincipalRef find(const PrincipalId& id);

 private:
  // A busy CI host sees hundreds of job tokens an hour.
  static constexpr std::size_t kPrincipalsMax = 1024;
  struct IdHash {
    std::size_t operator()(const PrincipalId& id) const {
      return static_cast<std::size_t>(load_big_endian<std::uint64_t>(ByteView(id).first(8)));
    }
  };

  std::mutex mutex_;
  std::list<PrincipalRef> recent_;  // front: the latest
  std::unordered_map<PrincipalId, std::list<PrincipalRef>::iterator, IdHash> table_;
};

// Which principals hold an entry for a key, the latest first.
class Holders {
 public:
  void add(const MemoryKey& key);
  void clear();
  std::vector<PrincipalId> of(const crypto::TableHash& key_hash);

 private:
  static constexpr std::size_t kKeysMax = 65'536;  // 8 MiB at worst
  // The newest bodies are the ones that will prove true.
  static constexpr std::size_t kHoldersMax = 4;
  struct HashOfHash {
    std::size_t operator()(const crypto::TableHash& hash) const {
      return static_cast<std::size_t>(hash[0]);
    }
  };

  std::mutex mutex_;
  std::unordered_map<crypto::TableHash, std::vector<PrincipalId>, HashOfHash> table_;
  std::deque<crypto::TableHash> arrivals_;  // one for each key of the table, oldest first
};

}  // namespace ghmesh::cache
