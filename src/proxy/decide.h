// SPDX-License-Identifier: Apache-2.0 OR MIT
// What to do with one request for a thing that is kept: a pure function of what is known.
//
// Reads like the table in docs/ARCHITECTURE.md. Asking again is free when GitHub answers 304, so "revalidate" is the
// ordinary way to be current; freshness only saves the round trip.
#pragma once

#include <optional>

#include "base/time.h"
#include "http/fields.h"

namespace ghmesh::proxy {

// How long past its time an entry may be served when GitHub says that a limit is reached, or cannot be asked. A day:
// long enough for the longest primary window (an hour) and a night without network; the answer says how old it is.
inline constexpr Seconds kStaleMax{24 * 3600};

enum class Action {
  serve,  // the entry, without asking
  serve_and_ask,  // the entry, although it is stale; and the upstream behind the caller's back (RFC 5861, 3)
  ask,            // the upstream, with a validator when there is one
  refuse,  // 504: the caller wants a cached answer only, and there is none (RFC 9111, 5.2.1.7)
};

struct Situation {
  bool has_entry = false;
  Seconds time_left{0};               // of the entry; 0 or negative: stale
  Seconds age{0};                     // of the entry, since it was last proven
  bool is_outdated = false;           // the caller has changed something since it was proven
  bool may_be_stale = false;          // it is public, or the operator allows stale private data
  Seconds stale_while_revalidate{0};  // what the operator allows for things of this kind
  bool is_offline = false;            // nobody can be asked
  http::CacheControl caller;          // what the request's Cache-Control says
  std::optional<Seconds> caller_ttl;  // gh's X-Gh-Cache-Ttl: an answer this old is welcome
};

Action decide(const Situation& situation);

// May a stale entry stand in for an upstream that cannot answer? A reached limit says nothing about permission, so the
// principal's own entries may be served; when the upstream is unreachable, access may have been revoked meanwhile, so
// private data is served only if the operator says so (threat 16).
enum class Trouble { limited, unreachable };
struct StandIn {
  bool has_entry = false;
  bool is_public = false;
  Seconds time_left{0};
  bool operator_allows_stale = false;  // config: stale_if_error
};
bool may_stand_in(const StandIn& entry, Trouble trouble);

}  // namespace ghmesh::proxy
