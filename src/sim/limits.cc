// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/limits.h"

#include <algorithm>

namespace ghmesh::sim {
namespace {

std::int64_t limit_of(CallerKind kind, Resource resource) {
  const bool is_anonymous = kind == CallerKind::anonymous;
  switch (resource) {
    case Resource::core:
      if (is_anonymous) return 60;
      return kind == CallerKind::repository_token ? 1000 : 5000;
    case Resource::search: return is_anonymous ? 10 : 30;
    case Resource::code_search: return is_anonymous ? 0 : 10;
    case Resource::graphql:
      if (is_anonymous) return 0;
      return kind == CallerKind::repository_token ? 1000 : 5000;
    case Resource::integration_manifest: return 5000;
    case Resource::actions_runner_registration: return is_anonymous ? 0 : 10000;
  }
  return 0;
}

Seconds window_of(Resource resource) {
  return resource == Resource::search || resource == Resource::code_search ? Seconds(60)
                                                                           : Seconds(3600);
}

}  // namespace

std::string_view resource_name(Resource resource) {
  constexpr std::string_view kNames[] = {"core",
                                         "search",
                                         "code_search",
                                         "graphql",
                                         "integration_manifest",
                                         "actions_runner_registration"};
  return kNames[static_cast<int>(resource)];
}

Bucket& Limits::bucket(const Caller& caller, Resource resource, WallTime now) {
  Bucket& bucket = account(caller.principal).buckets[resource];
  if (bucket.reset <= now) {
    const bool is_first = bucket.reset == WallTime{};
    bucket.limit = std::max(limit_of(caller.kind, resource), remaining_override_);
    bucket.used = is_first && remaining_override_ >= 0
                      ? std::max<std::int64_t>(0, bucket.limit - remaining_override_)
                      : 0;
    bucket.reset = now + window_of(resource);
  }
  return bucket;
}

Refusal Limits::admit(const Caller& caller, Resource resource, int points, Now now, Instant ends) {
  Account& account = this->account(caller.principal);
  const bool was_told_to_wait = now.wall < account.refused_until;
  if (was_told_to_wait) ++punishable_calls_;

  std::erase_if(account.in_flight, [&](Instant end) { return end <= now.instant; });
  if (ends > now.instant) account.in_flight.push_back(ends);
  const WallTime minute = std::chrono::floor<std::chrono::minutes>(now.wall);
  if (account.minute != minute) {
    account.minute = minute;
    account.rest_points = account.graphql_points = 0;
  }
  int& spent = resource == Resource::graphql ? account.graphql_points : account.rest_points;
  spent += points;
  const int allowed = resource == Resource::graphql ? secondary_.graphql_points_per_minute
                                                    : secondary_.rest_points_per_minute;
  const bool is_too_much =
      secondary_.is_enforced &&
      (spent > allowed || static_cast<int>(account.in_flight.size()) > secondary_.concurrent_max);

  if (bucket(caller, resource, now.wall).remaining() == 0) {
    account.refused_until =
        std::max(account.refused_until, bucket(caller, resource, now.wall).reset);
    return Refusal::primary;
  }
  if (is_too_much) {
    account.refused_until = std::max(account.refused_until, now.wall + secondary_.retry_after);
    return Refusal::secondary;
  }
  return was_told_to_wait && secondary_.is_enforced ? Refusal::secondary : Refusal::none;
}

void Limits::spend(const Caller& caller, Resource resource, int points) {
  Account& spender = account(caller.principal);
  (resource == Resource::graphql ? spender.graphql_points : spender.rest_points) += points;
}

void Limits::charge(const Caller& caller, Resource resource, std::int64_t cost, WallTime now) {
  Bucket& bucket = this->bucket(caller, resource, now);
  bucket.used = std::min(bucket.used + cost, bucket.limit);
}

void Limits::set_remaining(std::string_view principal, std::int64_t remaining) {
  if (principal.empty()) remaining_override_ = remaining;
  for (auto& [name, account] : accounts_) {
    if (!principal.empty() && name != principal) continue;
    for (auto& [resource, bucket] : account.buckets) {
      bucket.limit = std::max(bucket.limit, remaining);
      bucket.used = bucket.limit - remaining;
    }
    if (remaining > 0) account.refused_until = WallTime{};
  }
}

void Limits::punish(std::string_view principal, WallTime until) {
  account(std::string(principal)).refused_until = until;
}

void Limits::reset() {
  accounts_.clear();
  remaining_override_ = -1;
  punishable_calls_ = 0;
}

}  // namespace ghmesh::sim
