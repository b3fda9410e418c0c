// SPDX-License-Identifier: Apache-2.0 OR MIT
// The fields of HTTP that a cache must read and write: Cache-Control (RFC 9111, 5.2), entity tags (RFC 9110, 8.8.3),
// Cache-Status (RFC 9211). Pure text functions; unknown parts are ignored, as the RFCs ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ghmesh::http {

// RFC 9111, 5.2. Durations are whole seconds; a malformed number counts as 0, the safe reading (RFC 9111, 4.2.1).
struct CacheControl {
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  bool is_private = false;
  bool is_public = false;
  std::optional<Seconds> max_age;
  std::optional<Seconds> shared_max_age;
  std::optional<Seconds> max_stale;  // "max-stale" without a number: Seconds::max()
  std::optional<Seconds> min_fresh;
};
CacheControl parse_cache_control(std::string_view value);

// The opaque part of an entity tag, quotes and W/ removed; nullopt when it is not one.
std::optional<std::string_view> entity_tag_opaque(std::string_view tag);
// Weak comparison (RFC 9110, 8.8.3.2) of `tag` against each member of an If-None-Match value; "*" matches everything.
// `tag` may be a whole entity tag or its opaque part. A value that breaks the grammar matches nothing from there on.
bool if_none_match_matches(std::string_view if_none_match, std::string_view tag);

// gh sends X-Gh-Cache-Ttl as Go prints a duration: "1h0m0s", "90s", "1.5h". nullopt when it is not one, or
// negative: nothing is kept for less than no time. Parts of a second are cut off.
std::optional<Seconds> parse_go_duration(std::string_view text);

// How an answer came to be; the `detail` of Cache-Status, of the metrics and of the statistics. One word each.
enum class Detail {
  fresh,        // from the cache, without asking anybody
  revalidated,  // the upstream said 304: free of charge
  proven,       // somebody else's body, proven by a 304 for this credential
  coalesced,    // waited for a call that was already under way
  peer,         // on the word of another node of the swarm, without asking GitHub
  fetched,      // the upstream was asked and charged
  stale,        // past its time, because asking was not possible
  passed,       // not a thing that is kept: streamed through
  limited,      // GitHub was not asked: it would have refused
};
std::string_view detail_name(Detail detail);
inline constexpr int kDetailsCount = 9;

// Why the upstream was asked (RFC 9211, 2.2). `automatic` is what the detail implies: revalidated says stale, passed
// says bypass, fetched and proven say uri-miss; fresh, peer, and stale without asking, are hits.
enum class Forward { automatic, uri_miss, stale, request, method, bypass };

// The value of Cache-Status, for example
//   ghmesh; hit; ttl=41; detail=fresh
//   ghmesh; fwd=uri-miss; fwd-status=200; stored; ttl=60; detail=fetched
//   ghmesh; fwd=stale; fwd-status=304; stored; ttl=60; detail=revalidated
//   ghmesh; fwd=miss; fwd-status=200; collapsed; ttl=60; detail=coalesced
struct CacheStatus {
  Detail detail = Detail::passed;
  std::optional<Seconds> ttl;           // remaining freshness; negative when stale
  std::optional<int> forwarded_status;  // what the upstream answered, if asked
  bool is_stored = false;
  Forward forward = Forward::automatic;
};
std::string write_cache_status(const CacheStatus& status);

}  // namespace ghmesh::http
