// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the witnesses of answers to GraphQL (github/graphql_witness.h) were when GitHub gave those answers. In memory:
// after a restart a query is asked once more.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "crypto/hash.h"

namespace ghmesh::proxy {

// Queries that are asked again and again, of all principals; about 200 bytes each.
inline constexpr std::size_t kWitnessedCountMax = 16'384;

class Witnesses {
 public:
  // `query` tells principal and key apart, `answer` is the answer's body, `seen` what its witnesses said before it.
  void note(const crypto::TableHash& query, const crypto::Digest& answer,
            const crypto::Digest& seen) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(query);
    if (found != known_.end()) {
      found->second = {.answer = answer, .seen = seen};
      return;
    }
    if (known_.size() >= kWitnessedCountMax) {
      known_.erase(in_order_.front());
      in_order_.pop_front();
    }
    known_.emplace(query, Known{.answer = answer, .seen = seen});
    in_order_.push_back(query);
  }
  // They could not be had: not tried again before.
  void give_up(const crypto::TableHash& query, WallTime until) {
    const std::lock_guard lock(mutex_);
    if (given_up_.size() >= kWitnessedCountMax) given_up_.clear();
    given_up_[query] = until;
  }
  bool has_given_up(const crypto::TableHash& query, WallTime now) const {
    const std::lock_guard lock(mutex_);
    const auto found = given_up_.find(query);
    return found != given_up_.end() && now < found->second;
  }
  // A pull request that was seen by its number has this node id as well.
  struct Pull {
    std::string scope;
    std::uint64_t number = 0;
  };
  void learn_node(const std::string& node, Pull pull) {
    const std::lock_guard lock(mutex_);
    if (nodes_.size() >= kWitnessedCountMax) nodes_.clear();
    nodes_[node] = std::move(pull);
  }
  std::optional<Pull> find_node(const std::string& node) const {
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(node);
    if (found == nodes_.end()) return std::nullopt;
    return found->second;
  }
  bool still_says(const crypto::TableHash& query, const crypto::Digest& answer,
                  const crypto::Digest& seen) const {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(query);
    return found != known_.end() && found->second.answer == answer && found->second.seen == seen;
  }

 private:
  struct Known {
    crypto::Digest answer, seen;
  };
  struct HashFirstWord {
    std::size_t operator()(const crypto::TableHash& hash) const { return hash[0]; }
  };
  mutable std::mutex mutex_;
  std::unordered_map<crypto::TableHash, Known, HashFirstWord> known_;
  std::list<crypto::TableHash> in_order_;
  std::unordered_map<crypto::TableHash, WallTime, HashFirstWord> given_up_;
  std::unordered_map<std::string, Pull> nodes_;
};

}  // namespace ghmesh::proxy
