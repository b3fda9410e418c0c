// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a flight asks of the swarm before it asks GitHub, and tells it afterwards.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/random.h"
#include "crypto/random.h"
#include "proxy/proxy.h"
#include "proxy/question.h"

namespace ghmesh::proxy {
namespace {

// An audit of what has just changed is charged for, and news of it may be on its way. And of many nodes that audit one
// claim, the first tells the others: what they then ask about is current, which is free.
constexpr Duration kAuditDelayMin = 2s;
constexpr Duration kAuditDelayMax = 4s;

Subject subject_of(const Question& question) {
  return {.caller = *question.caller,
          .key = question.key,
          .route = question.route,
          .path = question.path,
          .accept = question.accept};
}

}  // namespace

net::awaitable<Proxy::Consultation> Proxy::consult(const Question& question, cache::EntryRef own) {
  Consultation result;
  if (!peers_ || !question.route.may_share) co_return result;
  const Subject subject = subject_of(question);
  // Who wants GitHub's own word does not want ours, however fresh it is; theirs may be what GitHub would say now.
  const cache::EntryRef compared = question.is_forced ? nullptr : own;
  Word word = peers_->look(subject, compared, read_clocks().wall);
  if (word.is_elsewhere) {
    co_await peers_->bring_body(subject);
    word = peers_->look(subject, compared, read_clocks().wall);
  }
  // Of an audit: they may have said no more than that ours is current.
  if (question.is_forced && !word.entry && !word.candidate)
    word = peers_->look(subject, own, read_clocks().wall);
  const auto may_serve = [&] {
    return word.entry && !question.is_forced && !question.caller->standing->is_refused &&
           word.entry->proven_at > question.caller->standing->written_at.load();
  };
  // A body that only we can prove to ourselves is asked about at once, which is free; for the rest, one node asks.
  if (!may_serve() && (!word.candidate || word.is_shared) && !question.is_forced) {
    result.turn = co_await peers_->take_turn(subject, own != nullptr);
    if (!result.turn->may_ask()) {
      word = peers_->look(subject, own, read_clocks().wall);
      if (word.is_elsewhere) {
        co_await peers_->bring_body(subject);
        word = peers_->look(subject, own, read_clocks().wall);
      }
    }
  }
  if (may_serve()) result.entry = word.entry;
  result.candidate = word.candidate ? word.candidate : word.entry;
  if (!result.entry && result.candidate) peers_->note_offered(subject, result.candidate);
  co_return result;
}

net::awaitable<void> Proxy::audit(std::shared_ptr<Question> question) {
  Random random(crypto::random_seed());
  const auto spread = static_cast<std::uint64_t>((kAuditDelayMax - kAuditDelayMin).count());
  const Duration delay = kAuditDelayMin + Duration(random.below(spread));
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, delay);
  co_await pause.async_wait(boost::asio::use_awaitable);
  const cache::EntryRef own = cache_.find(question->caller->principal, question->key);
  const Word word = peers_->look(subject_of(*question), own, read_clocks().wall);
  // Our own answer has overtaken it. Another member's has not: whoever speaks every second would never be audited.
  if (!word.entry) co_return;
  question->is_forced = true;
  // What this node holds itself is what the claim has overtaken, however fresh it is: it is no answer here.
  static_cast<void>(co_await ask(*question, own));
}

void Proxy::tell_peers(const Question& question, const http::Answer& answer, const Outcome& outcome,
                       const cache::EntryRef& own, const Consultation& peers, WallTime now) {
  const Subject subject = subject_of(question);
  peers_->note_budget(*question.caller, answer.headers, now);
  Turn* const turn = peers.turn.get();
  const bool was_offered = peers.candidate && question.held &&
                           question.held->body_digest == peers.candidate->body_digest;
  if (was_offered) peers_->note_proof(subject, peers.candidate, own, answer, now);
  if (!question.route.may_share) return;
  if (outcome.status.is_stored) {
    const bool is_confirmed = answer.status == 304 && question.held;
    peers_->tell(subject, is_confirmed ? Learned::confirmed : Learned::fetched, outcome.entry);
    if (turn) turn->note_told();
  } else if (answer.status == 404 || answer.status == 410 || answer.status == 451) {
    peers_->tell(subject, Learned::gone, nullptr);
    if (turn) turn->note_told();
  }
}

}  // namespace ghmesh::proxy
