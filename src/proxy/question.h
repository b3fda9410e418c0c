// SPDX-License-Identifier: Apache-2.0 OR MIT
// How the upstream is asked about a thing that is kept, and what its answer means. Pure: the coroutine between the two
// only carries bytes.
//
// The question carries the best validator there is, because a 304 is free:
//   own        this principal holds a body: its ETag, as the upstream gave it
//   candidate  another principal of this node holds one: the ETag that *our* credential would see for that body. A
//              304 then proves that it is authentic, current, and permitted to us; without it, no byte of it is served
//   empty      nobody holds one, and the route is a list: the ETag of "[]", since many lists are empty
#pragma once

#include <string>

#include "cache/entry.h"
#include "github/freshness.h"
#include "github/key.h"
#include "http/fields.h"
#include "proxy/governor.h"
#include "proxy/principals.h"

namespace ghmesh::proxy {

enum class Validator { none, own, candidate, empty_list };

// Everything a flight needs, in memory of its own: the request that started it may be gone when the answer comes.
struct Question {
  std::string path;  // route's views point into this one
  github::Route route;
  std::string key;  // canonical key
  std::string url;  // absolute
  std::string accept;
  std::string api_version;
  CallerRef caller;
  Validator validator = Validator::none;
  cache::EntryRef held;  // what `validator` is about
  Urgency urgency = Urgency::interactive;
  bool is_forced = false;     // the caller wants GitHub's own word, and no peer's
  std::string if_none_match;  // quoted; empty for none

  Question() = default;
  Question(const Question&) = delete;  // route points into path
  Question& operator=(const Question&) = delete;
};

// Fills the question from the request's key. `own` and `candidate` may be null.
void plan_question(const github::Target& target, const github::KeyedRequest& keyed,
                   std::string_view upstream_origin, CallerRef caller, Question& question);
void choose_validator(const cache::EntryRef& own, const cache::EntryRef& candidate,
                      Question& question);

// The fields to send, Authorization apart.
http::Headers question_headers(const Question& question);

// Does this 304 answer this question? Not if nothing was asked, nor if it names another entity tag than the one asked
// about (RFC 9110, 15.4.5). Then nothing is proven, and the question is put again without a validator.
bool is_proof(const Question& question, const http::Answer& not_modified);
void drop_validator(Question& question);

// The answer's Date, as far as it is believed: one that is ahead of our clock is not.
WallTime upstream_date(const http::Answer& answer, WallTime now);

struct Conclusion {
  // To be served; null when the answer is not kept: then pass it on as it is.
  cache::EntryRef entry;
  bool store = false;       // entry is new or renewed: keep it
  bool purge = false;       // the principal's older copy must go
  bool is_limited = false;  // a rate limit: a stale entry may stand in
  // A 200 whose ETag is not the computed one: the model of ETags failed here.
  bool is_etag_unexpected = false;
  http::Detail detail = http::Detail::fetched;
};

// `answer` is complete and decoded. A 304 to a question without validator is treated as a broken upstream: no entry, no
// store.
Conclusion conclude(const Question& question, const http::Answer& answer, WallTime now);

}  // namespace ghmesh::proxy
