// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/freshness.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "github/body_reading.h"
#include "http/fields.h"

namespace ghmesh::github {
namespace {

// docs/freshness.md has the reason of each. `settled` is for an answer that says it is finished.
struct Times {
  Seconds usual{0};
  Seconds settled{0};
};

constexpr Seconds kWatched{10};  // something runs, and somebody watches it
constexpr Seconds kShort{60};    // what GitHub itself says of everything
constexpr Seconds kMedium{300};  // moves, but nobody waits for it
constexpr Seconds kSlow{600};
constexpr Seconds kHour{3600};
constexpr Seconds kDay{86'400};

constexpr Times times(RouteClass route_class) {
  switch (route_class) {
    case RouteClass::unknown: return {kShort, kShort};
    case RouteClass::root: return {kHour, kHour};
    case RouteClass::identity: return {kShort, kShort};
    case RouteClass::repository: return {kSlow, kSlow};
    case RouteClass::repository_detail: return {kSlow, kSlow};
    case RouteClass::repository_list: return {kMedium, kMedium};
    case RouteClass::contents: return {kMedium, kMedium};
    case RouteClass::git_object: return {kDay, kDay};
    case RouteClass::reference: return {kShort, kShort};
    case RouteClass::commit: return {kHour, kHour};
    case RouteClass::commit_list: return {kMedium, kMedium};
    case RouteClass::checks: return {kWatched, Seconds(120)};
    case RouteClass::pull: return {kShort, kHour};
    case RouteClass::pull_list: return {kShort, kShort};
    case RouteClass::pull_files: return {kShort, kShort};
    case RouteClass::issue: return {kMedium, kHour};
    case RouteClass::issue_list: return {kShort, kShort};
    case RouteClass::comments: return {kShort, kShort};
    case RouteClass::release: return {kHour, kHour};
    case RouteClass::release_list: return {kMedium, kMedium};
    case RouteClass::run: return {kWatched, kShort};
    case RouteClass::run_attempt: return {kWatched, kHour};
    case RouteClass::run_list: return {kWatched, Seconds(120)};
    case RouteClass::runner_list: return {Seconds(30), Seconds(30)};
    case RouteClass::workflow: return {kHour, kHour};
    case RouteClass::deployment: return {kShort, kShort};
    case RouteClass::alerts: return {kShort, kShort};
    case RouteClass::settings: return {kShort, kShort};
    case RouteClass::search: return {kShort, kShort};
    case RouteClass::events: return {kShort, kShort};
    case RouteClass::notifications: return {kShort, kShort};
    case RouteClass::organization: return {kSlow, kSlow};
    case RouteClass::user: return {kSlow, kSlow};
    case RouteClass::gist: return {kMedium, kMedium};
    case RouteClass::package: return {kMedium, kMedium};
    case RouteClass::project: return {kShort, kShort};
    case RouteClass::live: return {};
    case RouteClass::secret: return {};
  }
  return {};
}

// No poll interval above this is obeyed: a slip of one answer must not silence a route for a day.
constexpr Seconds kPollIntervalMax{900};

// "Moved" is permanent until the old name is given to another repository.
constexpr Seconds kMovedTtl = kHour;

bool is_json(const http::Headers& headers) {
  return headers.get("content-type").find("json") != std::string_view::npos;
}

bool may_be_settled(RouteClass route_class) {
  const Times both = times(route_class);
  return both.usual != both.settled;
}

// GitHub says max-age=60 of everything, moving or immutable, so 60 or more says nothing of this route and the table
// decides (a deliberate difference from RFC 9111, docs/freshness.md). Less than that is meant, and binds. A route that
// we do not know has nothing but that field.
Seconds bound_by_upstream(Seconds ttl, const http::CacheControl& upstream, RouteClass route_class) {
  if (upstream.no_cache) return Seconds(0);
  if (route_class == RouteClass::unknown)
    return std::min(ttl, upstream.max_age.value_or(Seconds(0)));
  return upstream.max_age && *upstream.max_age < kShort ? std::min(ttl, *upstream.max_age) : ttl;
}

Seconds obey_poll_interval(Seconds ttl, const Route& route, const http::Headers& headers) {
  if (route.route_class != RouteClass::events && route.route_class != RouteClass::notifications)
    return ttl;
  const auto interval = parse_decimal(headers.get("x-poll-interval"));
  if (!interval) return ttl;
  const auto seconds = std::min(*interval, static_cast<std::uint64_t>(kPollIntervalMax.count()));
  return std::max(ttl, Seconds(static_cast<std::int64_t>(seconds)));
}

Seconds bound_by_visibility(Seconds ttl, Visibility visibility) {
  return visibility == Visibility::proven_public ? ttl : std::min(ttl, kPrivateTtlMax);
}

Verdict refuse(std::string_view reason) { return {.reason = reason}; }
Verdict purge(std::string_view reason) { return {.purge = true, .reason = reason}; }

Verdict judge_ok(const Route& route, const http::Answer& answer, Visibility visibility) {
  const auto upstream = http::parse_cache_control(answer.headers.get("cache-control"));
  if (upstream.no_store) return refuse("the upstream says no-store");
  if (trim(answer.headers.get("vary")) == "*") return refuse("the answer varies on everything");
  if (carries_capability(answer.body_text()))
    return refuse("the body carries a token or a signed URL");

  Seconds ttl = times(route.route_class).usual;
  std::string_view reason = "by the time of its route";
  if (is_json(answer.headers)) {
    const BodyState state = read_body_state(route.route_class, answer.body_text());
    if (state == BodyState::incomplete) return refuse("the results are incomplete");
    if (state == BodyState::settled && may_be_settled(route.route_class)) {
      ttl = times(route.route_class).settled;
      reason = "it says that it is finished";
    } else if (state == BodyState::being_computed) {
      ttl = Seconds(0);
      reason = "GitHub is still computing a part of it";
    }
  }
  ttl = bound_by_upstream(ttl, upstream, route.route_class);
  ttl = obey_poll_interval(ttl, route, answer.headers);
  return {.keep = Keep::yes, .ttl = bound_by_visibility(ttl, visibility), .reason = reason};
}

Verdict judge_moved(const http::Answer& answer, Visibility visibility) {
  const auto location = answer.headers.find("location");
  if (!location || location->empty()) return refuse("a move to nowhere");
  if (carries_capability(*location)) return refuse("a move to a signed URL");
  return {.keep = Keep::yes,
          .ttl = bound_by_visibility(kMovedTtl, visibility),
          .reason = "moved for good"};
}

}  // namespace

Verdict judge_answer(const Route& route, const http::Answer& answer, Visibility visibility) {
  if (is_rate_limited(answer)) return refuse("a limit, which says nothing of the thing itself");
  switch (answer.status) {
    case 200:
      if (!route.may_keep) return refuse("a route that is never kept");
      return judge_ok(route, answer, visibility);
    case 301:
      if (!route.may_keep) return refuse("a route that is never kept");
      return judge_moved(answer, visibility);
    case 401: return purge("the credential is not valid");
    case 403: return purge("access is denied");
    case 404:
    case 410:
    case 451: {
      Verdict verdict = purge("it is gone, or not for this credential");
      if (route.may_keep && !carries_capability(answer.body_text())) {
        verdict.keep = Keep::negative;
        verdict.ttl = kNegativeTtl;
      }
      return verdict;
    }
    case 202: return refuse("GitHub is still computing it");
    case 302:
    case 303:
    case 307:
    case 308: return refuse("a redirect for this moment only");
    default: break;
  }
  return refuse(answer.status >= 500 ? "the upstream failed" : "not a kind of answer that is kept");
}

bool is_rate_limited(const http::Answer& answer) {
  if (answer.status == 429) return true;
  if (answer.status != 403) return false;
  if (answer.headers.contains("retry-after")) return true;
  switch (read_denial(answer.body_text())) {
    case Denial::limit: return true;
    case Denial::permission: return false;
    case Denial::unknown: break;
  }
  return trim(answer.headers.get("x-ratelimit-remaining")) == "0";
}

http::Headers kept_headers(const http::Headers& headers) {
  constexpr std::array<std::string_view, 14> kKept{"content-type",
                                                   "content-language",
                                                   "content-disposition",
                                                   "cache-control",
                                                   "vary",
                                                   "link",
                                                   "last-modified",
                                                   "location",
                                                   "x-github-media-type",
                                                   "x-github-api-version-selected",
                                                   "x-poll-interval",
                                                   "x-github-enterprise-version",
                                                   "deprecation",
                                                   "sunset"};
  http::Headers kept;
  for (const http::Header& header : headers)
    if (std::ranges::any_of(kKept,
                            [&](auto name) { return equal_ignoring_case(name, header.name); }))
      kept.add(header.name, header.value);
  return kept;
}

}  // namespace ghmesh::github
