// SPDX-License-Identifier: Apache-2.0 OR MIT
// POST /graphql. A query is answered from what this principal was told, or asked for once for all who ask it together;
// what is no query, or cannot be read, is passed through.
#include "base/log.h"
#include "github/graphql_request.h"
#include "proxy/decide.h"
#include "proxy/flight.h"
#include "proxy/graphql_question.h"
#include "proxy/proxy.h"
#include "proxy/question.h"
#include "proxy/request.h"

namespace ghmesh::proxy {
namespace {

// Of all bodies that are read at the same time, 64 of the largest: what comes then is passed through as a stream.
constexpr std::size_t kBodiesReadBytesMax = 64 << 20;

// Counts what is held of a body while somebody is at it.
class ReadShare {
 public:
  explicit ReadShare(std::atomic<std::size_t>& all) : all_(all) {}
  ReadShare(const ReadShare&) = delete;
  ReadShare& operator=(const ReadShare&) = delete;
  ~ReadShare() { all_ -= bytes_; }
  bool take(std::size_t bytes) {
    bytes_ += bytes;
    return all_.fetch_add(bytes) + bytes <= kBodiesReadBytesMax;
  }

 private:
  std::atomic<std::size_t>& all_;
  std::size_t bytes_ = 0;
};

net::awaitable<Result<void>> read_body(net::Exchange& exchange, ReadShare& share, ReadAhead& out) {
  while (true) {
    auto part = co_await exchange.read_some();
    if (!part) co_return part.error();
    if (part->empty()) {
      out.is_whole = true;
      co_return Result<void>();
    }
    const bool has_room = share.take(part->size());
    out.bytes += *part;
    if (!has_room || out.bytes.size() > github::kGraphqlReadBytesMax) co_return Result<void>();
  }
}

http::Headers query_headers(const http::RequestHead& head) {
  http::Headers headers{{"Content-Type", "application/json"}, {"User-Agent", "ghmesh"}};
  for (const std::string_view name : {"Accept", "GraphQL-Features", "X-GitHub-Next-Global-ID"})
    if (const auto value = head.find(name)) headers.add(name, *value);
  return headers;
}

}  // namespace

bool Proxy::is_graphql(const http::RequestHead& head, const Request& request) {
  return request.target.service == github::Service::graphql && request.host.is_api &&
         head.method == "POST" && head.has_body() && request.caller &&
         request.caller->credential.kind != github::CredentialKind::app_jwt &&
         head.count("authorization") <= 1;
}

// A query about one repository stands while nothing is known to have changed there; any other, until the caller
// changes anything.
WallTime Proxy::last_change_of_query(const Caller& caller, const std::string& scope) const {
  if (scope.empty()) return caller.standing->written_at.load();
  return std::max(caller.standing->unscoped_written_at.load(), doubts_.last_change_within(scope));
}

bool Proxy::answer_now_whole(const http::RequestHead& head, std::string_view body, net::Door door,
                             net::Reply& reply) {
  thread_local Request request;
  thread_local github::GraphqlReader reader;
  thread_local github::GraphqlRequest query;
  if (!read_request(head, door, request) || !is_graphql(head, request) ||
      body.size() > github::kGraphqlReadBytesMax || request.caller->standing->is_refused)
    return false;
  reader.read(access_.api_host(), head, body, query);
  if (query.kind != github::GraphqlKind::query) return false;
  const Now now = read_clocks();
  const Found found{.entry = cache_.find(request.caller->principal, query.key)};
  if (!found.entry || cache::time_left(*found.entry, now.wall) <= Seconds(0)) return false;
  const WallTime changed_at = last_change_of_query(*request.caller, query.scope);
  if (decide(situation_of(head, request, found, changed_at, now.wall)) != Action::serve)
    return false;
  serve(head, request, found.entry, http::Detail::fresh, now, reply);
  return true;
}

net::awaitable<void> Proxy::answer_graphql(net::Exchange& exchange, Request& request,
                                           Instant began) {
  const http::RequestHead& head = exchange.head();
  if (head.content_length.value_or(0) > github::kGraphqlBytesMax) {
    observer_.refused(Errc::too_large);
    co_await refuse(exchange, Errc::too_large);
    co_return;
  }
  ReadShare share(bodies_read_bytes_);
  ReadAhead ahead;
  auto read = co_await read_body(exchange, share, ahead);
  if (!read) co_return;  // the exchange, left unanswered, tells what was wrong with the body
  github::GraphqlRequest query;
  if (ahead.is_whole) {
    thread_local github::GraphqlReader reader;
    reader.read(access_.api_host(), head, ahead.bytes, query);
  }
  ahead.kind = query.kind;
  if (query.kind != github::GraphqlKind::query || query.freshness == github::GraphqlClass::never) {
    co_await pass(exchange, request, began, std::move(ahead));
    co_return;
  }
  auto question = std::make_shared<GraphqlQuestion>();
  question->caller = request.caller;
  question->url = request.host.origin + request.keyed.upstream_target;
  question->key = std::move(query.key);
  question->scope = std::move(query.scope);
  question->body = std::move(ahead.bytes);
  question->headers = query_headers(head);
  question->freshness = query.freshness;
  question->witness = query.witness;
  question->urgency = read_urgency(head.get("priority"));
  co_await answer_query(exchange, request, std::move(question), began);
}

net::awaitable<void> Proxy::answer_query(net::Exchange& exchange, const Request& request,
                                         std::shared_ptr<GraphqlQuestion> question, Instant began) {
  const Caller& caller = *request.caller;
  const Now now = read_clocks();
  Found found;
  if (!caller.standing->is_refused) found.entry = cache_.find(caller.principal, question->key);
  Outcome outcome;
  const WallTime changed_at = last_change_of_query(caller, question->scope);
  const Situation situation = situation_of(exchange.head(), request, found, changed_at, now.wall);
  // What has changed through us may not be there yet where its witnesses are asked for.
  question->is_forced = situation.caller.no_cache || situation.is_outdated;
  switch (decide(situation)) {
    case Action::
        serve_and_ask:  // not for GraphQL: nothing is known of what is asked for but its shortest time
    case Action::serve: {
      const bool is_fresh = cache::time_left(*found.entry, now.wall) > Seconds(0);
      outcome.entry = found.entry;
      outcome.status =
          status_of(is_fresh ? http::Detail::fresh : http::Detail::stale, found.entry, now.wall);
      break;
    }
    case Action::refuse:
      if (options_.is_offline) outcome.answer = offline_answer();
      else outcome.error = make_error_code(Errc::upstream_timeout);
      break;
    case Action::ask: {
      const crypto::TableHash key =
          flight_key(caller, question->key, caller.standing->writes_count, question->is_forced);
      auto boarding = flights_.board(key);
      if (boarding.is_first)
        net::spawn(exchange.executor(), "query",
                   fly_query(std::move(question), key, boarding.flight));
      co_await boarding.flight->landed();
      outcome = boarding.flight->outcome();
      if (!boarding.is_first && outcome.status.detail == http::Detail::fetched)
        outcome.status.detail = http::Detail::coalesced;
      break;
    }
  }
  co_await deliver(exchange, request, std::move(outcome), began);
}

net::awaitable<void> Proxy::fly_query(std::shared_ptr<GraphqlQuestion> question,
                                      crypto::TableHash key, FlightRef flight) {
  Landing landing(flights_, key, std::move(flight));
  Outcome outcome = co_await ask_query(*question);
  landing.land(std::move(outcome));
}

net::awaitable<Outcome> Proxy::ask_query(const GraphqlQuestion& question) {
  const Caller& caller = *question.caller;
  const cache::EntryRef held = cache_.find(caller.principal, question.key);
  const std::optional<Seen> seen = co_await see_again(question, held);
  if (seen) {
    if (cache::EntryRef renewed = renew(question, held, *seen)) {
      Outcome outcome;
      outcome.status = status_of(http::Detail::revalidated, renewed, seen->at);
      outcome.entry = std::move(renewed);
      co_return outcome;
    }
  }
  auto refusal = co_await seek_permit(caller, "graphql", Cost::query, question.urgency);
  if (refusal) {
    const WallTime now = read_clocks().wall;
    co_return stand_in_for_limit(caller, cache_.find(caller.principal, question.key),
                                 std::move(refusal), now);
  }
  const Now began = read_clocks();
  net::UpstreamRequest asked{.method = "POST", .url = question.url, .headers = question.headers};
  asked.authorization = caller.credential.authorization;
  asked.body = question.body;
  auto answer = co_await upstream_.fetch(std::move(asked), kEntryBodyBytesMax);
  observer_.asked("/graphql", answer ? answer->status : 0,
                  answer ? answer->headers : http::Headers(),
                  read_clocks().instant - began.instant);
  const WallTime now = read_clocks().wall;
  const cache::EntryRef own = cache_.find(caller.principal, question.key);
  if (!answer) co_return stand_in(caller, own, answer.error(), now);
  note_verdict(caller, answer->status);
  const bool is_limited = github::is_graphql_limited(*answer);
  governor_.note(purse_of(caller, "graphql"), answer->status, answer->headers, is_limited, now);

  Outcome outcome;
  outcome.status = {.detail = http::Detail::fetched, .forwarded_status = answer->status};
  outcome.live_headers = live_headers(answer->headers);
  const StandIn stand = stand_in_of(caller, own, now);
  if ((is_limited && may_stand_in(stand, Trouble::limited)) ||
      (answer->status >= 500 && may_stand_in(stand, Trouble::unreachable))) {
    outcome.entry = own;
    outcome.status.detail = http::Detail::stale;
    outcome.status.ttl = stand.time_left;
    co_return outcome;
  }
  if (!github::may_keep_graphql(*answer)) {
    outcome.answer = std::make_shared<const http::Answer>(*std::move(answer));
    co_return outcome;
  }
  cache::Entry entry{.status = answer->status,
                     .headers = github::kept_headers(answer->headers),
                     .body = answer->body,
                     // What the answer says, it says of the moment of the question.
                     .upstream_date = upstream_date(*answer, now),
                     .fetched_at = began.wall,
                     .proven_at = began.wall,
                     .ttl = github::graphql_ttl(question.freshness)};
  outcome.entry = cache::finish_entry(std::move(entry));
  outcome.status.is_stored = true;
  outcome.status.ttl = outcome.entry->ttl;
  auto stored = cache_.put(caller.principal, question.key, outcome.entry);
  if (!stored) log::debug("entry not stored", {{"route", "/graphql"}, {"error", stored.error()}});
  if (seen) note_witnesses(question, outcome.entry, *seen, began.wall);
  co_return outcome;
}

}  // namespace ghmesh::proxy
