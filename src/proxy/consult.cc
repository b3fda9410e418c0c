// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a flight asks of the swarm before it asks GitHub, and tells it afterwards.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "proxy/proxy.h"
#include "proxy/question.h"

namespace ghmesh::proxy {
namespace {

// News that is on its way makes an audit needless, and an audit of what has just changed is charged for.
constexpr Duration kAuditDelay = 2s;

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
  Word word = peers_->look(subject, own, read_clocks().wall);
  if (word.is_elsewhere) {
    co_await peers_->bring_body(subject);
    word = peers_->look(subject, own, read_clocks().wall);
  }
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
  co_return result;
}

net::awaitable<void> Proxy::audit(std::shared_ptr<Question> question, cache::EntryRef served) {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, kAuditDelay);
  co_await pause.async_wait(boost::asio::use_awaitable);
  const Word word = peers_->look(subject_of(*question), nullptr, read_clocks().wall);
  if (word.entry != served) co_return;  // it has been overtaken, and is nobody's claim any more
  question->is_forced = true;
  static_cast<void>(co_await ask(*question, nullptr));
}

void Proxy::tell_peers(const Question& question, const http::Answer& answer, const Outcome& outcome,
                       const cache::EntryRef& own, const Consultation& peers, WallTime now) {
  const Subject subject = subject_of(question);
  peers_->note_budget(*question.caller, answer.headers, now);
  Turn* const turn = peers.turn.get();
  if (peers.candidate && question.held == peers.candidate)
    peers_->note_proof(subject, peers.candidate, own, answer, now);
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
