// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/proxy.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/text.h"
#include "crypto/random.h"
#include "github/freshness.h"
#include "github/pages.h"
#include "http/date.h"
#include "proxy/decide.h"
#include "proxy/flight.h"
#include "proxy/question.h"
#include "proxy/request.h"

namespace ghmesh::proxy {
namespace {

// What somebody decides by who must not act on what was true a while ago.
bool is_gate(github::RouteClass route_class) {
  using enum github::RouteClass;
  return route_class == pull || route_class == checks || route_class == reference ||
         route_class == run || route_class == identity || route_class == live;
}

// In static storage; what GitHub has no use for is "other".
std::string_view known_method(std::string_view method) {
  constexpr std::array<std::string_view, 7> kMethods{"GET",   "HEAD",   "POST",   "PUT",
                                                     "PATCH", "DELETE", "OPTIONS"};
  const auto found = std::ranges::find(kMethods, method);
  return found == kMethods.end() ? "other" : *found;
}

}  // namespace

Proxy::Proxy(cache::Cache& cache, net::Upstream& upstream, Callers& callers, Observer& observer,
             ProxyOptions options, Peers* peers)
    : cache_(cache),
      upstream_(upstream),
      callers_(callers),
      observer_(observer),
      peers_(peers),
      options_(std::move(options)),
      access_(options_.upstream_origin, options_.allowed_hosts, options_.own_names),
      governor_(crypto::random_seed()) {}

Result<void> Proxy::read_request(const http::RequestHead& head, net::Door door, Request& request) {
  request.door = door;
  auto allowed = access_.check(head, door);
  if (!allowed) return allowed;
  auto host = access_.upstream_of(head.host, door);
  if (!host) return host.error();
  // The API has one name in keys, by whichever door and name it was asked for.
  auto target = github::parse_target(host->is_api ? access_.api_host() : head.host, head.target);
  if (!target) return target.error();
  request.host = *std::move(host);
  request.target = *target;
  if (request.target.service == github::Service::uploads) {
    // Asked for in the way of GitHub Enterprise; at github.com uploads have a host of their own.
    auto uploads = access_.uploads_host();
    if (!uploads) return uploads.error();
    request.host = *std::move(uploads);
  }
  request.asked_host = head.host;

  github::key_request(request.target, head, request.keyed);
  if (!request.host.is_api) request.keyed.bypass = github::Bypass::host;
  // A route that is never kept needs no principal; what is kept needs a credential that we can read.
  auto caller = callers_.find(head.get("authorization"));
  if (!caller || (*caller)->credential.kind == github::CredentialKind::app_jwt ||
      head.count("authorization") > 1) {
    if (request.keyed.bypass == github::Bypass::none)
      request.keyed.bypass = github::Bypass::credential;
  }
  if (caller) request.caller = *std::move(caller);
  return {};
}

Subject Proxy::subject_asked(const Request& request) {
  return {.caller = *request.caller,
          .key = request.keyed.text,
          .route = request.keyed.route,
          .path = request.target.path,
          .accept = request.keyed.accept};
}

Proxy::Found Proxy::find_entry(const Request& request, WallTime now) {
  Found found{.entry = find_own(request, now)};
  if (!peers_ || request.caller->standing->is_refused || !request.keyed.route.may_share)
    return found;
  Word word = peers_->look(subject_asked(request), found.entry, now);
  if (word.entry && !is_outdated(*word.entry, last_change(*request.caller, request.target.path)))
    return {.entry = std::move(word.entry), .is_of_peer = true, .wants_audit = word.wants_audit};
  found.is_overtaken = word.is_overtaken;
  return found;
}

cache::EntryRef Proxy::find_own(const Request& request, WallTime now) {
  if (request.caller->standing->is_refused) return nullptr;
  cache::EntryRef own = cache_.find(request.caller->principal, request.keyed.text);
  if (!options_.share_public || (own && cache::time_left(*own, now) > Seconds(0))) return own;
  cache::EntryRef shared = cache_.find(callers_.everybody(), request.keyed.text);
  return shared && cache::time_left(*shared, now) > Seconds(0) ? shared : own;
}

Situation Proxy::situation_of(const http::RequestHead& head, const Request& request,
                              const Found& found, WallTime last_change, WallTime now) const {
  Situation situation;
  situation.is_offline = options_.is_offline;
  const cache::EntryRef& entry = found.entry;
  if (const auto value = head.find("cache-control"))
    situation.caller = http::parse_cache_control(*value);
  if (const auto value = head.find("x-gh-cache-ttl")) {
    situation.caller_ttl = http::parse_go_duration(*value);
    if (situation.caller_ttl == Seconds(0)) situation.caller.no_cache = true;  // ask again
  }
  if (entry) {
    situation.has_entry = true;
    situation.time_left = cache::time_left(*entry, now);
    situation.age = cache::age(*entry, now);
    situation.is_outdated = found.is_overtaken || is_outdated(*entry, last_change);
    situation.may_be_stale = entry->is_public || options_.stale_if_error;
    if (!is_gate(request.keyed.route.route_class))
      situation.stale_while_revalidate = options_.stale_while_revalidate;
  }
  const WallTime walked_at = walk_change(head, request, now);
  if (walked_at != WallTime::min() && (!entry || is_outdated(*entry, walked_at)))
    situation.caller.no_cache = true;
  return situation;
}

// The ring of the last answers costs a hit some ten nanoseconds.
void Proxy::note_answer(const http::RequestHead& head, const Request& request,
                        const http::CacheStatus& cache_status, const cache::Entry* entry,
                        int status, Duration taken) {
  observer_.answered(request.keyed.route.name, cache_status.detail, status, taken);
  thread_local Decision decision;
  decision.at = read_clocks().wall;
  decision.taken = taken;
  decision.cache_status = cache_status;
  decision.status = status;
  decision.age = entry ? cache::age(*entry, decision.at) : Seconds(-1);
  decision.bytes = entry ? static_cast<std::uint32_t>(entry->body->size()) : 0;
  decision.method = known_method(head.method);
  decision.route = request.keyed.route.name;
  decision.is_anonymous =
      !request.caller || request.caller->credential.kind == github::CredentialKind::anonymous;
  decision.whose = {};
  if (request.caller)
    std::copy_n(request.caller->principal.id.begin(), decision.whose.size(),
                decision.whose.begin());
  decision.set_target(request.keyed.upstream_target);
  decisions_.note(decision);
}

LinkRewrite Proxy::rewrite_for(const Request& request, std::string& to) const {
  if (request.door == net::Door::unix_socket) return {};
  to = "http://";
  to += request.asked_host;
  to += request.target.prefix;
  return {.upstream_origin = options_.upstream_origin, .to = to};
}

bool Proxy::answer_now(const http::RequestHead& head, net::Door door, net::Reply& reply) {
  thread_local Request request;
  const Now now = read_clocks();
  auto read = read_request(head, door, request);
  if (!read) {
    observer_.refused(read.error());
    reply_with_error(read.error(), reply);
    return true;
  }
  if (request.keyed.bypass != github::Bypass::none) return false;
  const Found found = find_entry(request, now.wall);
  const cache::EntryRef& entry = found.entry;
  if (!entry || found.wants_audit) return false;
  const WallTime changed_at = last_change(*request.caller, request.target.path);
  if (decide(situation_of(head, request, found, changed_at, now.wall)) != Action::serve)
    return false;
  const bool is_fresh = cache::time_left(*entry, now.wall) > Seconds(0);
  serve(head, request, entry,
        found.is_of_peer ? http::Detail::peer
        : is_fresh       ? http::Detail::fresh
                         : http::Detail::stale,
        now, reply);
  return true;
}

void Proxy::serve(const http::RequestHead& head, const Request& request,
                  const cache::EntryRef& entry, http::Detail detail, Now now, net::Reply& reply) {
  thread_local std::string to;
  const LinkRewrite rewrite = rewrite_for(request, to);
  const bool is_of_graphql = request.target.service == github::Service::graphql;
  append_budget(*request.caller, is_of_graphql ? "graphql" : resource_of(request.keyed.route),
                now.wall, reply.more_head);
  const http::CacheStatus cache_status = status_of(detail, entry, now.wall);
  reply_with_entry(head, entry, cache_status, rewrite, now.wall, reply);
  note_answer(head, request, cache_status, entry.get(), entry->status,
              read_clocks().instant - now.instant);
}

net::awaitable<void> Proxy::answer(net::Exchange& exchange) {
  const Instant began = read_clocks().instant;
  Request request;
  auto read = read_request(exchange.head(), exchange.door(), request);
  if (!read) {
    observer_.refused(read.error());
    co_await refuse(exchange, read.error());
  } else if (is_graphql(exchange.head(), request)) {
    co_await answer_graphql(exchange, request, began);
  } else if (request.keyed.bypass != github::Bypass::none) {
    co_await pass(exchange, request, began);
  } else {
    co_await answer_kept(exchange, request, began);
  }
}

net::awaitable<void> Proxy::refuse(net::Exchange& exchange, const Error& error) {
  net::Reply reply;
  reply_with_error(error, reply);
  auto sent = co_await exchange.send(std::move(reply));
  static_cast<void>(sent);  // a client that hung up needs no answer
}

net::awaitable<void> Proxy::answer_kept(net::Exchange& exchange, Request& request, Instant began) {
  const Now now = read_clocks();
  const Found found = find_entry(request, now.wall);
  const crypto::TableHash large_key = flight_key(*request.caller, request.keyed.text, 0);
  const WallTime changed_at = last_change(*request.caller, request.target.path);
  const Situation situation = situation_of(exchange.head(), request, found, changed_at, now.wall);
  Outcome outcome;
  const Action action = decide(situation);
  switch (action) {
    case Action::serve:
    case Action::serve_and_ask:
      outcome.entry = found.entry;
      outcome.status = status_of(situation.time_left <= Seconds(0) ? http::Detail::stale
                                 : found.is_of_peer                ? http::Detail::peer
                                                                   : http::Detail::fresh,
                                 found.entry, now.wall);
      if (action == Action::serve_and_ask && !large_answers_.contains(large_key, now.wall)) {
        bool is_first = false;
        take_flight(exchange, request, found.entry, false, is_first);
      }
      if (found.wants_audit && peers_->take_audit(subject_asked(request), found.entry)) {
        auto question = std::make_shared<Question>();
        plan_question(request.target, request.keyed, options_.upstream_origin, request.caller,
                      *question);
        net::spawn(exchange.executor(), "audit", audit(std::move(question)));
      }
      break;
    case Action::refuse:
      if (options_.is_offline) outcome.answer = offline_answer();
      else outcome.error = make_error_code(Errc::upstream_timeout);
      break;
    case Action::ask: {
      if (large_answers_.contains(large_key, now.wall)) {
        outcome.error = make_error_code(Errc::upstream_too_large);
        break;
      }
      bool is_first = false;
      const FlightRef flight =
          take_flight(exchange, request, found.entry, situation.caller.no_cache, is_first);
      co_await flight->landed();
      outcome = flight->outcome();
      if (!is_first && outcome.status.detail == http::Detail::fetched)
        outcome.status.detail = http::Detail::coalesced;
      break;
    }
  }
  if (outcome.error == Errc::upstream_too_large) {
    // Too large to keep, not too large to have: as a stream.
    large_answers_.add(large_key, read_clocks().wall);
    co_await pass(exchange, request, began);
    co_return;
  }

  co_await deliver(exchange, request, std::move(outcome), began);
}

// To the caller: the entry, the answer, or what went wrong.
net::awaitable<void> Proxy::deliver(net::Exchange& exchange, const Request& request,
                                    Outcome outcome, Instant began) {
  const WallTime now = read_clocks().wall;
  std::string to;
  const LinkRewrite rewrite = rewrite_for(request, to);
  net::Reply reply;
  int status = 502;
  for (const http::Header& header : outcome.live_headers)
    reply.more_head += header.name + ": " + header.value + "\r\n";
  const bool is_of_graphql = request.target.service == github::Service::graphql;
  if (outcome.entry && outcome.live_headers.empty())
    append_budget(*request.caller, is_of_graphql ? "graphql" : resource_of(request.keyed.route),
                  now, reply.more_head);
  if (outcome.entry) {
    status = outcome.entry->status;
    reply_with_entry(exchange.head(), outcome.entry, outcome.status, rewrite, now, reply);
  } else if (outcome.answer) {
    status = outcome.answer->status;
    reply.more_head.clear();  // the answer carries its own
    reply_with_answer(exchange.head(), outcome.answer, outcome.status, rewrite, reply);
  } else {
    reply_with_error(outcome.error, reply);
  }
  note_answer(exchange.head(), request, outcome.status, outcome.entry.get(), status,
              read_clocks().instant - began);
  auto sent = co_await exchange.send(std::move(reply));
  static_cast<void>(sent);
}

FlightRef Proxy::take_flight(net::Exchange& exchange, const Request& request,
                             const cache::EntryRef& seen, bool is_forced, bool& is_first) {
  const Caller& caller = *request.caller;
  const crypto::TableHash key =
      flight_key(caller, request.keyed.text, caller.standing->writes_count, is_forced && peers_);
  auto boarding = flights_.board(key);
  is_first = boarding.is_first;
  if (is_first) {
    auto question = std::make_shared<Question>();
    plan_question(request.target, request.keyed, options_.upstream_origin, request.caller,
                  *question);
    question->is_forced = is_forced;
    question->urgency = read_urgency(exchange.head().get("priority"));
    net::spawn(exchange.executor(), "flight", fly(std::move(question), seen, key, boarding.flight));
  }
  return boarding.flight;
}

net::awaitable<void> Proxy::fly(std::shared_ptr<Question> question, cache::EntryRef seen,
                                crypto::TableHash key, FlightRef flight) {
  Landing landing(flights_, key, std::move(flight));
  Outcome outcome = co_await ask(*question, std::move(seen));
  landing.land(std::move(outcome));
}

net::awaitable<Outcome> Proxy::ask(Question& question, cache::EntryRef seen) {
  const Now began = read_clocks();
  const github::Principal& principal = question.caller->principal;
  const cache::EntryRef own = cache_.find(principal, question.key);
  if (own && own != seen && cache::time_left(*own, began.wall) > Seconds(0) &&
      !is_outdated(*own, last_change(*question.caller, question.path)) &&
      !question.caller->standing->is_refused) {
    // Between this caller's look into the cache and its boarding, another flight has landed.
    Outcome outcome;
    outcome.entry = own;
    outcome.status = status_of(http::Detail::coalesced, own, began.wall);
    co_return outcome;
  }
  Consultation peers = co_await consult(question, own);
  if (peers.entry) {
    Outcome outcome;
    outcome.status = status_of(http::Detail::peer, peers.entry, read_clocks().wall);
    outcome.entry = std::move(peers.entry);
    co_return outcome;
  }
  cache::EntryRef candidate = peers.candidate;
  if (!candidate && !own && options_.use_candidates)
    candidate = cache_.find_candidate(principal, question.key);
  choose_validator(own, candidate, question);
  const WallTime asked_at = read_clocks().wall;

  auto refusal = co_await seek_permit(*question.caller, resource_of(question.route), Cost::read,
                                      question.urgency);
  if (refusal)
    co_return stand_in_for_limit(*question.caller, own, std::move(refusal), read_clocks().wall);
  auto answer = co_await put_question(question);
  if (answer && answer->status == 304 && !is_proof(question, *answer)) {
    drop_validator(question);
    answer = co_await put_question(question);
  } else if (answer && answer->status == 304) {
    const bool is_longer_list = co_await has_grown(question);
    if (is_longer_list) {
      drop_validator(question);
      answer = co_await put_question(question);
    }
  }
  const Now now = read_clocks();
  if (!answer) co_return stand_in(*question.caller, own, answer.error(), now.wall);
  // What the answer proves, it proves for the moment of the question: something may have changed on its way back.
  Outcome outcome = settle(question, own, *answer, asked_at);
  if (peers_) tell_peers(question, *answer, outcome, own, peers, read_clocks().wall);
  co_return outcome;
}

net::awaitable<Result<http::Answer>> Proxy::put_question(const Question& question) {
  const Instant began = read_clocks().instant;
  net::UpstreamRequest request;
  request.url = question.url;
  request.headers = question_headers(question);
  request.authorization = question.caller->credential.authorization;
  auto answer = co_await upstream_.fetch(std::move(request), kEntryBodyBytesMax);
  const Now now = read_clocks();
  observer_.asked(question.route.name, answer ? answer->status : 0,
                  answer ? answer->headers : http::Headers(), now.instant - began);
  if (answer)
    governor_.note(purse_of(*question.caller, resource_of(question.route)), answer->status,
                   answer->headers, github::is_rate_limited(*answer), now.wall);
  co_return answer;
}

Outcome Proxy::settle(const Question& question, const cache::EntryRef& own,
                      const http::Answer& answer, WallTime now) {
  const Conclusion conclusion = conclude(question, answer, now);
  Outcome outcome;
  note_verdict(*question.caller, answer.status);
  if (answer.status == 304 && question.validator == Validator::none) {
    // An answer to a question that was not asked.
    outcome.error = make_error_code(Errc::upstream_broken);
    return outcome;
  }
  outcome.status = {.detail = conclusion.detail,
                    .forwarded_status = answer.status,
                    .is_stored = conclusion.store};
  outcome.live_headers = live_headers(answer.headers);
  if (conclusion.is_etag_unexpected) observer_.etag_unexpected(question.route.name);
  if (conclusion.purge) take_away(question, own, answer.status);
  const StandIn held = stand_in_of(*question.caller, own, now);
  const bool is_broken = answer.status >= 500;
  if ((conclusion.is_limited && may_stand_in(held, Trouble::limited)) ||
      (is_broken && may_stand_in(held, Trouble::unreachable))) {
    outcome.entry = own;
    outcome.status.detail = http::Detail::stale;
    outcome.status.ttl = held.time_left;
    return outcome;
  }
  if (!conclusion.entry) {
    outcome.answer = std::make_shared<const http::Answer>(answer);
    return outcome;
  }
  outcome.entry = conclusion.entry;
  outcome.status.ttl = cache::time_left(*conclusion.entry, now);
  if (conclusion.store) remember(question, conclusion.entry, now);
  return outcome;
}

StandIn Proxy::stand_in_of(const Caller& caller, const cache::EntryRef& own, WallTime now) const {
  if (!own || caller.standing->is_refused || is_outdated(*own, caller.standing->written_at))
    return {};
  return {.has_entry = true,
          .is_public = own->is_public,
          .time_left = cache::time_left(*own, now),
          .operator_allows_stale = options_.stale_if_error};
}

Outcome Proxy::stand_in(const Caller& caller, const cache::EntryRef& own, const Error& error,
                        WallTime now) const {
  Outcome outcome;
  if (may_stand_in(stand_in_of(caller, own, now), Trouble::unreachable)) {
    outcome.entry = own;
    outcome.status = status_of(http::Detail::stale, own, now);
  } else {
    outcome.error = error;
  }
  return outcome;
}

// Access was denied, or the thing is gone. The caller is told only after the older copy has left the disk: a crash must
// not bring it back. What everybody shares goes too, unless only this credential was refused.
void Proxy::take_away(const Question& question, const cache::EntryRef& own, int status) {
  cache_.erase(question.caller->principal, question.key);
  public_repositories_.forget(question.route);
  if (options_.share_public && status != 401) cache_.erase(callers_.everybody(), question.key);
  if (!own || own->status != 200) return;
  // Other representations of it, under keys that nobody names here, are asked for again.
  question.caller->standing->note_write(read_clocks().wall, Standing::Scope::one_repository);
  auto flushed = cache_.flush();
  if (!flushed) log::warn("erase_not_synced", {{"error", flushed.error()}});
}

// A 401 is about the credential and not about one thing: from then on nothing that is held is served to it, until
// GitHub has accepted it again.
void Proxy::note_verdict(const Caller& caller, int status) {
  // Without a credential there is none to be refused: a 401 then says only that the thing wants one.
  if (caller.credential.kind == github::CredentialKind::anonymous) return;
  if (status == 401) caller.standing->is_refused = true;
  else if (status < 400) caller.standing->is_refused = false;
}

// After a change through us: what this caller was proven before is asked for again, what others were in the places that
// the change reaches, and the changed thing itself is forgotten also by the next process (RFC 9111, 4.4).
void Proxy::note_write(const Request& request, WallTime now) {
  const auto doubts = github::doubts_of_write(request.target.path);
  const bool is_scoped = doubts.front().place.scope.starts_with("repos/");
  request.caller->standing->note_write(
      now, is_scoped ? Standing::Scope::one_repository : Standing::Scope::anything);
  doubts_.note(doubts, now);
  const auto keys = forget(request.caller->principal, request.keyed.upstream_target);
  if (peers_) peers_->note_stale(keys);
}

void Proxy::note_doubts(std::span<const github::Doubt> doubts) {
  doubts_.note(doubts, read_clocks().wall);
}

WallTime Proxy::last_change(const Caller& caller, std::string_view path) const {
  return std::max(caller.standing->written_at.load(), doubts_.last_change(path));
}

void Proxy::remember(const Question& question, const cache::EntryRef& entry, WallTime now) {
  auto stored = cache_.put(question.caller->principal, question.key, entry);
  if (!stored)
    log::debug("entry not stored", {{"route", question.route.name}, {"error", stored.error()}});
  note_name(question, *entry);
  if (!options_.share_public || entry->status != 200) return;
  if (question.route.route_class == github::RouteClass::repository) {
    if (github::says_public(question.route, *entry->body))
      public_repositories_.learn(question.route, now + entry->ttl);
    else public_repositories_.forget(question.route);
  }
  const bool is_everybodys =
      entry->is_public || (public_repositories_.is_public(question.route, now) &&
                           PublicRepositories::is_same_for_everybody(question.route));
  if (is_everybodys) {
    auto shared = cache_.put(callers_.everybody(), question.key, entry);
    if (!shared)
      log::debug("entry not shared", {{"route", question.route.name}, {"error", shared.error()}});
  }
}

// For what is not a hit: names for the keys, and the repository's number for its name.
void Proxy::note_name(const Question& question, const cache::Entry& entry) {
  catalog_.note({.caller = question.caller,
                 .target = question.url.substr(options_.upstream_origin.size()),
                 .route = question.route.name,
                 .accept = question.accept,
                 .api_version = question.api_version,
                 .key = question.key});
  const github::Place place = github::place_of(question.path);
  if (!place.scope.starts_with("repos/") || question.route.repository.empty()) return;
  for (const std::string_view field : {"link", "location"})
    if (const auto scope = github::repository_number_scope(entry.headers.get(field));
        !scope.empty())
      doubts_.learn_alias(std::string(scope), place.scope);
}

// To those who ask for what is not held, while nobody can be asked for it.
std::shared_ptr<const http::Answer> Proxy::offline_answer() {
  http::Answer answer{.status = 504};
  answer.headers.add("Content-Type", "application/json; charset=utf-8");
  answer.body = http::make_body(
      R"({"message":"ghmesh is offline, and holds no answer to this","documentation_url":)"
      R"("https://docs.github.com/rest"})");
  return std::make_shared<const http::Answer>(std::move(answer));
}

Result<void> Proxy::purge(std::string_view authorization, std::string_view target_text) {
  auto caller = callers_.find(authorization);
  if (!caller) return caller.error();
  auto target = github::parse_target(access_.api_host(), target_text);
  if (!target) return target.error();
  forget((*caller)->principal, target_text);
  return {};
}

// Every representation that clients ask for: a key holds the media type and the version.
std::vector<std::string> Proxy::forget(const github::Principal& principal,
                                       std::string_view target_text) {
  std::vector<std::string> keys;
  constexpr std::array<std::string_view, 3> kVersions{"", "2022-11-28", "2026-03-10"};
  constexpr std::array<std::string_view, 8> kMediaTypes{"",
                                                        "application/vnd.github.raw+json",
                                                        "application/vnd.github.html+json",
                                                        "application/vnd.github.text+json",
                                                        "application/vnd.github.full+json",
                                                        "application/vnd.github.diff",
                                                        "application/vnd.github.patch",
                                                        "application/vnd.github.sha"};
  const auto target = github::parse_target(access_.api_host(), target_text);
  if (!target) return keys;
  github::KeyedRequest keyed;
  for (std::string_view version : kVersions) {
    for (std::string_view media_type : kMediaTypes) {
      if (!key_as(*target, media_type, version, keyed)) continue;
      cache_.erase(principal, keyed.text);
      cache_.erase(callers_.everybody(), keyed.text);
      keys.push_back(keyed.text);
    }
  }
  return keys;
}

}  // namespace ghmesh::proxy
