// SPDX-License-Identifier: Apache-2.0 OR MIT
// How long a GitHub answer may be reused without asking, by route class and by what the answer itself says.
//
// GitHub does not count a conditional request that ends in 304 against the budget. So a stale entry that has an ETag is
// worth its disk space: asking again costs one round trip and nothing else. We therefore keep entries long after they
// are stale, and only eviction removes them. The numbers are those of docs/freshness.md, each with its reason.
//
// Pure: no I/O and no clock.
#pragma once

#include <string_view>

#include "base/time.h"
#include "github/route.h"
#include "http/message.h"

namespace ghmesh::github {

// A 404 may mean "not yet": negative answers live for seconds.
inline constexpr Seconds kNegativeTtl{5};
// How long access that was revoked at GitHub may go unnoticed for data that is not proven public.
inline constexpr Seconds kPrivateTtlMax{60};

enum class Visibility { unproven, proven_public };

// What may be done with an answer that has just arrived.
enum class Keep {
  yes,
  negative,  // 404, 410, 451: kept for kNegativeTtl at most
  no,        // errors, 202, capability URLs, incomplete results, limits
};

struct Verdict {
  Keep keep = Keep::no;
  Seconds ttl{0};
  // The principal's older copy must go: access was denied or the thing is gone. A limit never purges.
  bool purge = false;
  std::string_view reason;  // static text, for `why`
};

// An answer says of itself whether it is finished (a completed run, a merged pull). Only bodies up to this size are
// read for it: parsing takes about ten times its memory, and what is larger gets the short time of its route.
inline constexpr std::size_t kJudgedBytesMax = 1 << 20;

// `answer` is complete and decoded. A 304 is no answer of its own: judge what it confirms, with the fields it brought.
Verdict judge_answer(const Route& route, const http::Answer& answer, Visibility visibility);

// A 403 or 429 that speaks of a limit rather than of permission (docs: rate limits for the REST API). The message
// decides where there is one: a denial that used up the last of the budget is still a denial.
bool is_rate_limited(const http::Answer& answer);

// Whether `body` is the repository object of this route and says "private": false. Anybody may then read the
// repository: a proof of being public, for as long as that answer is fresh. False for every route that is not a
// repository's own.
bool says_public(const Route& route, std::string_view body);

// Whether a body carries what is worth stealing: a signed URL (token=, jwt=, X-Amz-Signature=, sig= ...) or a token.
bool carries_capability(std::string_view body);

// The fields that are kept with an entry. An allow-list: what describes the thing, and nothing that describes the
// moment (Date, rate limits, request ids), the connection, or the principal (Set-Cookie, X-OAuth-Scopes, X-Accepted-*,
// SSO, token expiry). An entry may come to serve another principal after its own proof, so not even the principal's own
// scopes are kept: who needs them asks "/", which is a live route.
http::Headers kept_headers(const http::Headers& headers);

}  // namespace ghmesh::github
