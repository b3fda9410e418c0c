// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/governor.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/text.h"
#include "http/date.h"

namespace ghmesh::proxy {
namespace {

constexpr double kRestPointsPerMinute = 900;
constexpr double kGraphqlPointsPerMinute = 2'000;
constexpr double kChangesPerMinute = 80;

double points_of(Cost cost) { return cost == Cost::read || cost == Cost::query ? 1 : 5; }

std::optional<std::uint64_t> number_in(const http::Headers& headers, std::string_view name) {
  return parse_decimal(headers.get(name));
}

// Seconds, or a date (RFC 9110, 10.2.3).
std::optional<Seconds> read_retry_after(const http::Headers& headers, WallTime now) {
  const std::string_view text = headers.get("retry-after");
  if (const auto seconds = parse_decimal(text))
    return Seconds(std::min<std::uint64_t>(*seconds, 24 * 3600));
  if (const auto date = http::parse_date(text))
    return std::clamp(*date - now, Seconds(0), Seconds(24 * 3600));
  return std::nullopt;
}

}  // namespace

Urgency read_urgency(std::string_view priority) {
  const auto at = priority.find("u=");
  if (at == std::string_view::npos || at + 2 >= priority.size()) return Urgency::interactive;
  const char urgency = priority[at + 2];
  return urgency >= '5' && urgency <= '7' ? Urgency::background : Urgency::interactive;
}

std::size_t Governor::HashPurse::operator()(const Purse& purse) const {
  // The principal's id is random already.
  return load_big_endian<std::uint64_t>(ByteView(purse.principal).first(8)) ^
         std::hash<std::string_view>()(purse.resource);
}

Governor::Governor(std::uint64_t seed)
    : random_(seed), spread_(1 + static_cast<std::int64_t>(random_.below(kResetSpread.count()))) {}

Governor::Account& Governor::account_of(const Purse& purse) {
  const auto found = accounts_.find(purse);
  if (found != accounts_.end()) {
    recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
    return *found->second;
  }
  if (accounts_.size() >= kBudgetsKnownMax) {
    accounts_.erase(recent_first_.back().purse);
    recent_first_.pop_back();
  }
  recent_first_.emplace_front().purse = purse;
  accounts_.emplace(purse, recent_first_.begin());
  return recent_first_.front();
}

// Zero when the points were there; else how long it takes until they are. A tank holds two thirds of what a minute
// allows, and gets the other third back in a minute: so no sixty seconds see more than the whole.
Duration Governor::take(Tank& tank, double points, double per_minute, Instant now) {
  const double most = per_minute * 2 / 3;
  const double per_second = per_minute / 3 / 60;
  if (tank.left < 0) tank = {.left = most, .filled_at = now};
  const double passed = std::chrono::duration<double>(now - tank.filled_at).count();
  if (passed > 0) {
    tank.left = std::min(most, tank.left + passed * per_second);
    tank.filled_at = now;
  }
  if (tank.left >= points) {
    tank.left -= points;
    return Duration(0);
  }
  const double seconds = (points - tank.left) / per_second;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)) + 1ms;
}

Permit Governor::refuse(std::uint64_t Counters::*counter, WallTime until, std::string_view reason) {
  ++(counters_.*counter);
  return {.word = Permit::Word::refuse, .until = until, .reason = reason};
}

Permit Governor::ask(const Purse& purse, Cost cost, Urgency urgency, Now now,
                     const KnownBudget* told) {
  const std::lock_guard lock(mutex_);
  Account& account = account_of(purse);
  // A secondary limit is about the principal, whatever it asked for.
  const Account& whole = account_of({.principal = purse.principal, .resource = {}});
  if (now.wall < whole.wait_until)
    return refuse(&Counters::refused_secondary, whole.wait_until, "secondary limit");
  const WallTime opens_at = account.budget.reset + spread_;
  if (account.has_budget && now.wall < opens_at) {
    const KnownBudget& budget = account.budget;
    if (budget.remaining == 0) return refuse(&Counters::refused_primary, opens_at, "primary limit");
    if (urgency == Urgency::background && budget.remaining <= budget.limit / kReserveShare)
      return refuse(&Counters::refused_reserve, opens_at, "reserve");
  }
  if (told && urgency == Urgency::background && now.wall < told->reset &&
      told->remaining <= told->limit / kReserveShare)
    return refuse(&Counters::refused_reserve, told->reset + spread_, "reserve of the swarm");
  const bool is_graphql = cost == Cost::query || cost == Cost::mutation;
  const bool is_change = cost == Cost::mutation || cost == Cost::change;
  Duration wait =
      is_change ? take(account.changes, 1, kChangesPerMinute, now.instant) : Duration(0);
  if (wait == Duration(0))
    wait = take(account.points, points_of(cost),
                is_graphql ? kGraphqlPointsPerMinute : kRestPointsPerMinute, now.instant);
  if (wait == Duration(0)) return {};
  if (wait > kHoldMax)
    return refuse(&Counters::refused_points, now.wall + std::chrono::ceil<Seconds>(wait), "points");
  ++counters_.held;
  return {.word = Permit::Word::hold, .wait = wait, .reason = "points"};
}

void Governor::note(const Purse& purse, int status, const http::Headers& headers, bool is_limited,
                    WallTime now) {
  const std::lock_guard lock(mutex_);
  Account& account = account_of(purse);
  const auto limit = number_in(headers, "x-ratelimit-limit");
  const auto remaining = number_in(headers, "x-ratelimit-remaining");
  const auto reset = number_in(headers, "x-ratelimit-reset");
  const std::string_view resource = headers.get("x-ratelimit-resource");
  if (limit && remaining && reset && *reset < (1ull << 40) &&
      (resource.empty() || resource == purse.resource)) {
    const WallTime resets_at = wall_time(static_cast<std::int64_t>(*reset));
    // Answers overtake each other: of one hour, the least that was left is the last that was said.
    const bool is_same_hour = account.has_budget && account.budget.reset == resets_at;
    const bool is_older = account.has_budget && resets_at < account.budget.reset;
    if (!is_older)
      account.budget = {
          .limit = *limit,
          .remaining = is_same_hour ? std::min(account.budget.remaining, *remaining) : *remaining,
          .reset = resets_at};
    account.has_budget = true;
  }
  Account& whole = account_of({.principal = purse.principal, .resource = {}});
  if (!is_limited) {
    if (status < 400) whole.last_wait = Seconds(0);
    return;
  }
  const bool is_primary = remaining == std::uint64_t{0} && !headers.find("retry-after");
  if (is_primary) return;  // the budget says it
  const Seconds wait =
      read_retry_after(headers, now)
          .value_or(std::clamp(whole.last_wait * 2, kSecondaryWaitMin, kSecondaryWaitMax));
  whole.last_wait = wait;
  whole.wait_until = std::max(whole.wait_until, now + wait + Seconds(1));
}

bool Governor::find(const Purse& purse, WallTime now, KnownBudget& budget) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(purse);
  if (found == accounts_.end() || !found->second->has_budget || found->second->budget.reset <= now)
    return false;
  budget = found->second->budget;
  return true;
}

Governor::Counters Governor::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

http::Answer write_refusal(const Permit& permit, const Purse& purse, const KnownBudget* budget,
                           WallTime now) {
  const Seconds wait = std::max(Seconds(1), permit.until - now);
  http::Answer answer{.status = 429};
  answer.headers.add("Content-Type", "application/json; charset=utf-8");
  answer.headers.add("Retry-After", std::to_string(wait.count()));
  if (budget) {
    answer.headers.add("X-RateLimit-Limit", std::to_string(budget->limit));
    answer.headers.add("X-RateLimit-Remaining", std::to_string(budget->remaining));
    answer.headers.add("X-RateLimit-Used",
                       std::to_string(budget->limit - std::min(budget->limit, budget->remaining)));
    answer.headers.add("X-RateLimit-Reset", std::to_string(to_seconds(budget->reset)));
    answer.headers.add("X-RateLimit-Resource", purse.resource);
  }
  answer.body = http::make_body(
      R"({"message":"API rate limit exceeded: ghmesh has not asked GitHub, which would refuse ()" +
      std::string(permit.reason) + "). Come back in " + std::to_string(wait.count()) +
      R"( s.","documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"})");
  return answer;
}

}  // namespace ghmesh::proxy
