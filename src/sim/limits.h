// SPDX-License-Identifier: Apache-2.0 OR MIT
// GitHub's two kinds of limits, per principal.
//
// Primary: so many calls (GraphQL: points) per window and resource; a call beyond is answered 403 or 429 with
// x-ratelimit-remaining: 0. Secondary: at most 100 calls at once, 900 points a minute (GraphQL 2,000); a call beyond is
// answered with Retry-After. Whoever goes on calling while it was told to wait does what gets an integration banned:
// those calls are counted as punishable.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/accounts.h"

namespace ghmesh::sim {

enum class Resource {
  core,
  search,
  code_search,
  graphql,
  integration_manifest,
  actions_runner_registration
};
inline constexpr int kResourcesCount = 6;
std::string_view resource_name(Resource resource);

struct Bucket {
  std::int64_t limit = 0;
  std::int64_t used = 0;
  WallTime reset{};
  std::int64_t remaining() const { return used >= limit ? 0 : limit - used; }
};

enum class Refusal { none, primary, secondary };

struct SecondaryLimits {
  bool is_enforced = true;
  int concurrent_max = 100;
  int rest_points_per_minute = 900;
  int graphql_points_per_minute = 2000;
  Seconds retry_after{60};
};

class Limits {
 public:
  explicit Limits(SecondaryLimits secondary) : secondary_(secondary) {}

  // May this principal make a call now? Counts the secondary points of a call that may go on (refused ones too: they
  // are calls), and one more call in flight until `ends`.
  Refusal admit(const Caller& caller, Resource resource, int points, Now now, Instant ends);
  // Further secondary points of an admitted call, once it is known what it was: a GraphQL mutation costs 5.
  void spend(const Caller& caller, Resource resource, int points);
  // What the answer of an admitted call costs of the primary budget: 0 for a free 304.
  void charge(const Caller& caller, Resource resource, std::int64_t cost, WallTime now);
  Bucket& bucket(const Caller& caller, Resource resource, WallTime now);

  // Every bucket of this principal (empty: of everybody, also of those who come later) has so many calls left. More
  // than the limit raises the limit.
  void set_remaining(std::string_view principal, std::int64_t remaining);
  void set_secondary(SecondaryLimits secondary) { secondary_ = secondary; }
  const SecondaryLimits& secondary() const { return secondary_; }
  void punish(std::string_view principal, WallTime until);  // refuse this principal until then
  std::uint64_t punishable_calls() const { return punishable_calls_; }
  void reset();

 private:
  struct Account {
    std::map<Resource, Bucket> buckets;
    WallTime minute{};  // the minute that the points belong to
    int rest_points = 0;
    int graphql_points = 0;
    std::vector<Instant> in_flight;  // when each call ends
    WallTime refused_until{};        // told to wait until then
  };
  Account& account(const std::string& principal) { return accounts_[principal]; }

  SecondaryLimits secondary_;
  std::map<std::string, Account> accounts_;
  std::int64_t remaining_override_ = -1;
  std::uint64_t punishable_calls_ = 0;
};

}  // namespace ghmesh::sim
