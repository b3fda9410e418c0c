// SPDX-License-Identifier: Apache-2.0 OR MIT
// What has changed of late, as far as this node knows: through it, or by a webhook. What was proven before is asked for
// again, by whichever principal, free of charge when it has not changed after all.
//
// Bounded. What is forgotten early is remembered as "anything": then everything older is asked for again.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "github/invalidation.h"

namespace ghmesh::proxy {

// Repositories that change within a day, on a busy node.
inline constexpr std::size_t kDoubtScopesMax = 4096;
// Places of one scope; beyond, all of the scope is in doubt.
inline constexpr std::size_t kDoubtsPerScopeMax = 64;
// The longest that anything is fresh (docs/freshness.md): older doubts concern nothing any more.
inline constexpr Seconds kDoubtLifetime{24 * 3600};

// Thread-safe. Costs one atomic load where nothing has changed.
class Doubts {
 public:
  // A doubt without a scope is about everything.
  void note(std::span<const github::Doubt> doubts, WallTime now);
  // When what stands at this path last changed; the beginning of time: never, as far as is known.
  WallTime last_change(std::string_view path) const;
  // When anything in this scope last changed.
  WallTime last_change_within(const std::string& scope) const;
  // "repositories/1296269" and "repos/octocat/hello-world" are the same.
  void learn_alias(std::string id_scope, std::string name_scope);

 private:
  struct Mark {
    github::Doubt doubt;
    WallTime at;
  };
  using Marks = std::vector<Mark>;

  void note_one(const github::Doubt& doubt, WallTime now);
  void make_room(WallTime now);
  WallTime last_of_owner(std::string_view scope) const;

  std::atomic<bool> has_any_{false};
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Marks> by_scope_;
  std::deque<std::pair<WallTime, std::string>>
      in_order_;                                        // of by_scope_'s last change, oldest first
  std::unordered_map<std::string, std::string> names_;  // by id scope
  WallTime floor_ = WallTime::min();
};

}  // namespace ghmesh::proxy
