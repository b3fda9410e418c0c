// SPDX-License-Identifier: Apache-2.0 OR MIT
// Answers to GraphQL that are renewed for free, by what REST says of the things that they are about.
#include "proxy/flight.h"
#include "proxy/graphql_question.h"
#include "proxy/proxy.h"
#include "proxy/question.h"
#include "proxy/request.h"

namespace ghmesh::proxy {
namespace {

constexpr std::string_view kMediaType = "application/vnd.github+json";

crypto::TableHash hash_of(const GraphqlQuestion& question) {
  return flight_key(*question.caller, question.key, 0);
}

}  // namespace

// GitHub's word on one REST resource, of this moment: an ordinary conditional request. Null: it cannot be had.
net::awaitable<cache::EntryRef> Proxy::see(const GraphqlQuestion& query, const std::string& path) {
  auto target = github::parse_target(access_.api_host(), path);
  github::KeyedRequest keyed;
  if (!target || !key_as(*target, kMediaType, {}, keyed)) co_return nullptr;
  Question question;
  plan_question(*target, keyed, options_.upstream_origin, query.caller, question);
  question.is_forced = true;
  question.urgency = query.urgency;
  const cache::EntryRef own = cache_.find(query.caller->principal, question.key);
  const Outcome outcome = co_await ask(question, own);
  const auto detail = outcome.status.detail;
  const bool is_current = detail == http::Detail::fetched || detail == http::Detail::revalidated ||
                          detail == http::Detail::proven;
  if (!is_current || !outcome.entry || outcome.entry->status != 200) co_return nullptr;
  co_return outcome.entry;
}

net::awaitable<std::optional<Proxy::Seen>> Proxy::see_witnesses(const GraphqlQuestion& query) {
  Seen seen{.at = read_clocks().wall};
  crypto::Sha256 all;
  const auto take = [&](const cache::Entry& entry) {
    all.add(entry.body_digest);
    // When it last changed, by its own word; or else since we have it.
    const WallTime said = github::last_update(*entry.body);
    const WallTime changed_at = said == WallTime::min() || said > seen.at ? entry.fetched_at : said;
    seen.changed_at = std::max(seen.changed_at, changed_at);
  };
  std::string scope = query.scope;
  github::Witness witness = query.witness;
  if (!witness.node.empty()) {
    const auto pull = witnesses_.find_node(witness.node);
    if (!pull) co_return std::nullopt;
    scope = pull->scope;
    witness.number = pull->number;
  }
  const std::string path = github::witness_target(witness, scope);
  const cache::EntryRef first = co_await see(query, path);
  if (!first) co_return std::nullopt;
  take(*first);
  if (witness.kind == github::WitnessKind::pull) {
    const std::string node = github::node_id_of(*first->body);
    if (!witness.node.empty() && node != witness.node) co_return std::nullopt;
    if (!node.empty()) witnesses_.learn_node(node, {.scope = scope, .number = witness.number});
  }
  if (witness.needs_checks) {
    const auto targets = github::check_targets(scope, *first->body);
    if (targets.empty()) co_return std::nullopt;
    for (const std::string& target : targets) {
      const cache::EntryRef checks = co_await see(query, target);
      if (!checks) co_return std::nullopt;
      take(*checks);
    }
  }
  seen.digest = all.finish();
  co_return seen;
}

// Only for what is asked for again: the witnesses themselves cost a call each when they are first seen.
net::awaitable<std::optional<Proxy::Seen>> Proxy::see_again(const GraphqlQuestion& query,
                                                            const cache::EntryRef& own) {
  const WallTime now = read_clocks().wall;
  const bool is_again = own && own->fetched_at <= now &&
                        own->fetched_at + github::kWitnessedMax > now &&
                        !query.caller->standing->is_refused;
  if (!is_again || query.is_forced || query.witness.kind == github::WitnessKind::none)
    co_return std::nullopt;
  if (witnesses_.has_given_up(hash_of(query), now)) co_return std::nullopt;
  // What nobody has asked for by its number yet may still come to be known.
  if (!query.witness.node.empty() && !witnesses_.find_node(query.witness.node))
    co_return std::nullopt;
  auto seen = co_await see_witnesses(query);
  if (!seen) witnesses_.give_up(hash_of(query), now + github::kWitnessedMax);
  co_return seen;
}

// The answer once more, if all that it is about is as it was when GitHub gave it.
cache::EntryRef Proxy::renew(const GraphqlQuestion& query, const cache::EntryRef& own,
                             const Seen& seen) {
  if (!witnesses_.still_says(hash_of(query), own->body_digest, seen.digest)) return nullptr;
  cache::Entry entry{.status = own->status,
                     .headers = own->headers,
                     .body = own->body,
                     .upstream_date = own->upstream_date,
                     .fetched_at = own->fetched_at,
                     .proven_at = seen.at,
                     .ttl = own->ttl};
  cache::EntryRef renewed = cache::finish_entry(std::move(entry));
  static_cast<void>(cache_.put(query.caller->principal, query.key, renewed));
  return renewed;
}

// `asked_at`: when the answer was asked for, after its witnesses were seen.
void Proxy::note_witnesses(const GraphqlQuestion& query, const cache::EntryRef& entry,
                           const Seen& seen, WallTime asked_at) {
  if (seen.changed_at + github::kWitnessSettles <= asked_at)
    witnesses_.note(hash_of(query), entry->body_digest, seen.digest);
}

}  // namespace ghmesh::proxy
