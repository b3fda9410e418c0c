// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/decide.h"

#include <algorithm>

namespace ghmesh::proxy {
namespace {

bool is_welcome(const Situation& s) {
  const http::CacheControl& caller = s.caller;
  if (caller.no_cache || s.is_outdated) return false;
  if (caller.max_age && s.age > *caller.max_age) return false;
  if (caller.min_fresh && s.time_left < *caller.min_fresh) return false;
  if (s.time_left > Seconds(0)) return true;
  // gh --cache promises its user an answer of this age, from a cache of that user's own; so do we.
  if (s.caller_ttl && s.age < std::min(*s.caller_ttl, kStaleMax)) return true;
  // Whoever wishes for stale private data may be somebody whose access was taken away meanwhile.
  if (!s.may_be_stale) return false;
  // `time_left` is at most zero here, and never so small that its negation overflows: times come from checked fields.
  return caller.max_stale && -s.time_left <= *caller.max_stale;
}

// Past its time, but not long, and nobody has said that he wants it newer.
bool is_welcome_meanwhile(const Situation& s) {
  const http::CacheControl& caller = s.caller;
  return !s.is_outdated && !caller.no_cache && !caller.max_age && !caller.min_fresh &&
         s.time_left <= Seconds(0) && -s.time_left < s.stale_while_revalidate;
}

}  // namespace

Action decide(const Situation& s) {
  if (s.has_entry && (s.is_offline || is_welcome(s))) return Action::serve;
  if (s.is_offline) return Action::refuse;
  if (s.has_entry && is_welcome_meanwhile(s)) return Action::serve_and_ask;
  if (s.caller.only_if_cached) return Action::refuse;
  return Action::ask;
}

bool may_stand_in(const StandIn& entry, Trouble trouble) {
  if (!entry.has_entry || -entry.time_left > kStaleMax) return false;
  switch (trouble) {
    case Trouble::limited: return true;
    case Trouble::unreachable: return entry.is_public || entry.operator_allows_stale;
  }
  return false;
}

}  // namespace ghmesh::proxy
