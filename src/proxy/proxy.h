// SPDX-License-Identifier: Apache-2.0 OR MIT
// The proxy: one request from the front door to its answer. docs/ARCHITECTURE.md tells the same story in prose.
//
// A fresh hit is answered on the thread that parsed the request, without a coroutine. Everything else is a coroutine
// that reads like the list of its steps; every decision in it is a pure function of decide.h, question.h or access.h.
//
// Never worse than no cache: a fault of the store or of our own rules ends in a plain call to GitHub.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "github/key.h"
#include "github/pattern.h"
#include "net/http_server.h"
#include "net/upstream.h"
#include "proxy/access.h"
#include "proxy/catalog.h"
#include "proxy/coalesce.h"
#include "proxy/decide.h"
#include "proxy/decisions.h"
#include "proxy/doubts.h"
#include "proxy/explain.h"
#include "proxy/governor.h"
#include "proxy/large_answers.h"
#include "proxy/peers.h"
#include "proxy/principals.h"
#include "proxy/public_repositories.h"
#include "proxy/reply.h"
#include "proxy/witnesses.h"

namespace ghmesh::proxy {

struct GraphqlQuestion;
struct ReadAhead;  // request.h

struct ProxyOptions {
  std::string upstream_origin = "https://api.github.com";
  std::vector<std::string> allowed_hosts;  // see AccessRules
  std::vector<std::string> own_names;      // Host values that are ours on TCP
  bool share_public = false;               // what is proven public may be served to anyone
  bool use_candidates = true;              // offer other principals' bodies for proof
  bool stale_if_error = false;  // private data may be served stale when GitHub cannot be reached
  // So long past its time, what is no gate of anything is served at once, and asked for behind. 0: never.
  Seconds stale_while_revalidate{0};
  bool is_offline = false;  // nobody upstream is asked; what is held is served, however old
};

// Of a selection, so many are named.
inline constexpr std::size_t kSelectedTargetsMax = 100;

// What happened, for metrics and statistics. Called on serving threads: implementations must be quick and thread-safe.
class Observer {
 public:
  virtual ~Observer() = default;
  // A request was answered. `route` is a template of static storage, or "other".
  virtual void answered(std::string_view route, http::Detail detail, int status,
                        Duration taken) = 0;
  // The upstream was asked and answered (status 0: it did not).
  virtual void asked(std::string_view route, int status, const http::Headers& headers,
                     Duration taken) = 0;
  virtual void etag_unexpected(std::string_view route) = 0;
  virtual void refused(const Error& reason) = 0;
};

class Proxy final : public net::Service {
 public:
  // The references outlive the proxy.
  Proxy(cache::Cache& cache, net::Upstream& upstream, Callers& callers, Observer& observer,
        ProxyOptions options, Peers* peers = nullptr);

  bool answer_now(const http::RequestHead& head, net::Door door, net::Reply& reply) override;
  // A fresh hit of GraphQL.
  bool answer_now_whole(const http::RequestHead& head, std::string_view body, net::Door door,
                        net::Reply& reply) override;
  net::awaitable<void> answer(net::Exchange& exchange) override;

  // Something has changed at GitHub that did not pass through here: asked for again, by everybody.
  void note_doubts(std::span<const github::Doubt> doubts);

  Governor::Counters governor_counters() const { return governor_.counters(); }

  // Why a request would be answered as it would be. Errors: those of github::parse_target() and of the access rules.
  Result<Explanation> explain(const Asked& asked);
  std::vector<Decision> last_decisions(std::size_t count) const { return decisions_.last(count); }

  // All that match all that is said of them; one of `pattern`, `route` and `caller` is.
  struct Selection {
    std::optional<github::Pattern> pattern;
    std::string route;  // a template: "/repos/{owner}/{repo}/pulls"
    CallerRef caller;   // of this principal only; null: of everybody
  };
  enum class Effect { none, ask_again, forget };
  struct Selected {
    std::uint64_t known_count =
        0;  // of what this process has kept; the disk may hold more, which is asked for again
    std::vector<std::string> targets;  // of these, at most kSelectedTargetsMax
  };
  Selected select(const Selection& selection, Effect effect);

  // After everything was erased from the cache.
  void forget_names() { catalog_.clear(); }
  // Forgets one answer, for the principal of this Authorization value. `target` is a path with its query.
  Result<void> purge(std::string_view authorization, std::string_view target);

 private:
  struct Request;  // what is known of a request once it is parsed
  // What may answer it: this node's own entry, or what a peer vouches for.
  struct Found {
    cache::EntryRef entry;
    bool is_of_peer = false;
    bool is_overtaken = false;  // by what a peer said
    bool wants_audit = false;
  };

  Result<void> read_request(const http::RequestHead& head, net::Door door, Request& request);
  static Subject subject_asked(const Request& request);
  Found find_entry(const Request& request, WallTime now);
  cache::EntryRef find_own(const Request& request, WallTime now);
  Situation situation_of(const http::RequestHead& head, const Request& request, const Found& found,
                         WallTime last_change, WallTime now) const;
  // When this caller changed anything, or anybody something at this path.
  WallTime last_change(const Caller& caller, std::string_view path) const;
  // When the pages before this one were asked for, in a walk that wants all of them to be of one time.
  WallTime walk_change(const http::RequestHead& head, const Request& request, WallTime now) const;
  LinkRewrite rewrite_for(const Request& request, std::string& to) const;
  void note_answer(const http::RequestHead& head, const Request& request,
                   const http::CacheStatus& cache_status, const cache::Entry* entry, int status,
                   Duration taken);
  void explain_kept(const http::RequestHead& head, const Request& request, WallTime now,
                    Explanation& why);
  void doubt_selection(const Selection& selection, const std::vector<KnownEntry>& known,
                       WallTime now);

  net::awaitable<void> answer_kept(net::Exchange& exchange, Request& request, Instant began);
  net::awaitable<void> deliver(net::Exchange& exchange, const Request& request, Outcome outcome,
                               Instant began);
  net::awaitable<void> pass(net::Exchange& exchange, const Request& request, Instant began);
  net::awaitable<void> pass(net::Exchange& exchange, const Request& request, Instant began,
                            ReadAhead ahead);
  void note_passed(const Request& request, std::string_view resource,
                   const net::UpstreamStream& stream, bool is_write);
  net::awaitable<void> pass_body(net::Exchange& exchange, net::UpstreamStream& stream,
                                 const LinkRewrite& rewrite);
  net::awaitable<void> refuse(net::Exchange& exchange, const Error& error);

  // Waits a moment where that helps. Null: GitHub may be asked; else what to tell the caller instead.
  net::awaitable<std::shared_ptr<const http::Answer>> seek_permit(const Caller& caller,
                                                                  std::string_view resource,
                                                                  Cost cost, Urgency urgency);
  // What is held, although GitHub was not asked or has refused; else this answer.
  Outcome stand_in_for_limit(const Caller& caller, const cache::EntryRef& own,
                             std::shared_ptr<const http::Answer> refusal, WallTime now) const;
  // The budget as it is now, and never as it was when something was stored.
  void append_budget(const Caller& caller, std::string_view resource, WallTime now,
                     std::string& more_head) const;

  // Hands out what is held; `detail` says how it came to be.
  void serve(const http::RequestHead& head, const Request& request, const cache::EntryRef& entry,
             http::Detail detail, Now now, net::Reply& reply);
  // When anything changed of what a query asks about.
  WallTime last_change_of_query(const Caller& caller, const std::string& scope) const;
  static bool is_graphql(const http::RequestHead& head, const Request& request);
  net::awaitable<void> answer_graphql(net::Exchange& exchange, Request& request, Instant began);
  net::awaitable<void> answer_query(net::Exchange& exchange, const Request& request,
                                    std::shared_ptr<GraphqlQuestion> question, Instant began);
  net::awaitable<void> fly_query(std::shared_ptr<GraphqlQuestion> question, crypto::TableHash key,
                                 FlightRef flight);
  net::awaitable<Outcome> ask_query(const GraphqlQuestion& question);
  // What the witnesses of a query say.
  struct Seen {
    WallTime at;                            // they were asked from then on
    WallTime changed_at = WallTime::min();  // the last of them
    crypto::Digest digest{};
  };
  net::awaitable<cache::EntryRef> see(const GraphqlQuestion& query, const std::string& path);
  net::awaitable<std::optional<Seen>> see_witnesses(const GraphqlQuestion& query);
  net::awaitable<std::optional<Seen>> see_again(const GraphqlQuestion& query,
                                                const cache::EntryRef& own);
  cache::EntryRef renew(const GraphqlQuestion& query, const cache::EntryRef& own, const Seen& seen);
  void note_witnesses(const GraphqlQuestion& query, const cache::EntryRef& entry, const Seen& seen,
                      WallTime asked_at);

  FlightRef take_flight(net::Exchange& exchange, const Request& request,
                        const cache::EntryRef& seen, bool is_forced, bool& is_first);
  net::awaitable<void> fly(std::shared_ptr<Question> question, cache::EntryRef seen,
                           crypto::TableHash key, FlightRef flight);
  net::awaitable<Outcome> ask(Question& question, cache::EntryRef seen);
  // What peers know of it, or that it is this node's turn to ask.
  struct Consultation {
    cache::EntryRef entry;      // serve it
    cache::EntryRef candidate;  // prove it
    std::unique_ptr<Turn> turn;
  };
  net::awaitable<Consultation> consult(const Question& question, cache::EntryRef own);
  // Whether what a peer said, and was served, is so: nobody waits for it.
  net::awaitable<void> audit(std::shared_ptr<Question> question);
  void tell_peers(const Question& question, const http::Answer& answer, const Outcome& outcome,
                  const cache::EntryRef& own, const Consultation& peers, WallTime now);
  net::awaitable<Result<http::Answer>> put_question(const Question& question);
  net::awaitable<bool> has_grown(const Question& question);
  // Errors: unsupported, where such a request is passed through.
  static Result<void> key_as(const github::Target& target, std::string_view accept,
                             std::string_view api_version, github::KeyedRequest& keyed);
  static std::shared_ptr<const http::Answer> offline_answer();
  Outcome settle(const Question& question, const cache::EntryRef& own, const http::Answer& answer,
                 WallTime now);
  StandIn stand_in_of(const Caller& caller, const cache::EntryRef& own, WallTime now) const;
  Outcome stand_in(const Caller& caller, const cache::EntryRef& own, const Error& error,
                   WallTime now) const;
  void take_away(const Question& question, const cache::EntryRef& own, int status);
  void note_verdict(const Caller& caller, int status);
  void note_write(const Request& request, WallTime now);
  // Returns the keys of all its representations.
  std::vector<std::string> forget(const github::Principal& principal, std::string_view target);
  void remember(const Question& question, const cache::EntryRef& entry, WallTime now);
  void note_name(const Question& question, const cache::Entry& entry);

  cache::Cache& cache_;
  net::Upstream& upstream_;
  Callers& callers_;
  Observer& observer_;
  Peers* const peers_;  // null: a node of its own
  ProxyOptions options_;
  AccessRules access_;
  Flights flights_;
  Doubts doubts_;
  Catalog catalog_;
  Decisions decisions_;
  Witnesses witnesses_;
  Governor governor_;
  PublicRepositories public_repositories_;
  LargeAnswers large_answers_;
  std::atomic<std::size_t> bodies_read_bytes_{0};  // of requests that are being understood
};

}  // namespace ghmesh::proxy
