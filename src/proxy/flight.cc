// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/flight.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace ghmesh::proxy {

http::CacheStatus status_of(http::Detail detail, const cache::EntryRef& entry, WallTime now) {
  http::CacheStatus status{.detail = detail};
  if (entry) status.ttl = cache::time_left(*entry, now);
  return status;
}

http::Headers live_headers(const http::Headers& headers) {
  constexpr std::array<std::string_view, 4> kPrefixes{"x-ratelimit-", "x-oauth-scopes",
                                                      "x-accepted-oauth-scopes",
                                                      "github-authentication-token-expiration"};
  http::Headers live;
  for (const http::Header& header : headers)
    if (std::ranges::any_of(
            kPrefixes, [&](auto prefix) { return starts_with_ignoring_case(header.name, prefix); }))
      live.add(header.name, header.value);
  return live;
}

crypto::TableHash flight_key(const Caller& caller, std::string_view key, std::uint64_t writes_count,
                             bool is_forced) {
  thread_local std::string text;
  text.assign(as_text(caller.principal.id));
  text += std::to_string(writes_count);
  text += is_forced ? '!' : ':';
  text += key;
  return crypto::table_hash(as_bytes(text));
}

bool is_outdated(const cache::Entry& entry, WallTime last_change) {
  return entry.proven_at <= last_change;
}

std::string_view resource_of(const github::Route& route) {
  if (route.route_class != github::RouteClass::search) return "core";
  return route.name == "/search/code" ? "code_search" : "search";
}

Purse purse_of(const Caller& caller, std::string_view resource) {
  return {.principal = caller.principal.id, .resource = resource};
}

}  // namespace ghmesh::proxy
