// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which answers turned out too large to keep: for an hour they are streamed at once, instead of being fetched in vain
// first, which would cost the budget twice. Thread-safe; bounded.
#pragma once

#include <mutex>
#include <unordered_map>

#include "base/time.h"
#include "crypto/hash.h"

namespace ghmesh::proxy {

class LargeAnswers {
 public:
  // A node that sees more large things than this in an hour forgets them all and pays once more for each.
  static constexpr std::size_t kCountMax = 4096;
  static constexpr Seconds kRemembered{3600};

  void add(const crypto::TableHash& key, WallTime now) {
    const std::lock_guard lock(mutex_);
    if (until_.size() >= kCountMax) until_.clear();
    until_[key] = now + kRemembered;
  }
  bool contains(const crypto::TableHash& key, WallTime now) const {
    const std::lock_guard lock(mutex_);
    const auto known = until_.find(key);
    return known != until_.end() && now < known->second;
  }

 private:
  struct HashFirstWord {
    std::size_t operator()(const crypto::TableHash& hash) const { return hash[0]; }
  };
  mutable std::mutex mutex_;
  std::unordered_map<crypto::TableHash, WallTime, HashFirstWord> until_;
};

}  // namespace ghmesh::proxy
