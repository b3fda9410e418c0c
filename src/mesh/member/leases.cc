// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who asks GitHub: as an asker, and as the home of keys. Whatever fails here ends in "go".
#include "mesh/member/state.h"

namespace ghmesh::mesh {

LeaseId Member::State::ask_lease(const KeyAndTag& subject, LeaseAsk::What what, Now now) {
  const LeaseId id = next_number++;
  leases.emplace(id, Lease{.subject = subject, .what = what, .asked_at = now.instant});
  unsettled.emplace(subject.key, id);
  put_lease(id, now);
  return id;
}

// To its home, which may be another one than a moment ago.
void Member::State::put_lease(LeaseId id, Now now) {
  Lease& lease = leases.at(id);
  // Somebody has said it since the asker looked.
  if (was_told(lease.subject, now)) return settle(id, LeaseSettled::Word::know);
  const PeerId* home = rendezvous.home_of(lease.subject.key);
  if (*home == host.self()) {
    const LeaseTable::Asker asker = next_number++;
    lease.asker = asker;
    askers.emplace(asker, id);
    if (table.ask(lease.subject.key, asker, now.instant) == LeaseTable::Word::go)
      return settle(id, LeaseSettled::Word::go);
    lease.state = Lease::State::waiting;
    return;
  }
  const auto peer = peers.find(*home);
  if (peer != peers.end() && now.instant < peer->second.no_home_until) {
    ++counters.leases_silent;
    return settle(id, LeaseSettled::Word::go);
  }
  ++counters.leases_asked;
  const LeaseAsk ask{.exchange = new_exchange_id(), .subject = lease.subject, .what = lease.what};
  StreamRef stream;
  Exchange* exchange =
      open_exchange(*home, ExchangeKind::lease, ask.exchange, now.instant + kLeaseAnswerMax,
                    write_lease_ask(ask), now, stream);
  if (!exchange) {
    ++counters.leases_silent;
    return settle(id, LeaseSettled::Word::go);
  }
  exchange->lease = id;
  lease.stream = stream;
}

void Member::State::end_lease(LeaseId id, bool was_told, Now now) {
  const auto node = leases.extract(id);
  if (node.empty()) return;
  const Lease& lease = node.mapped();
  const bool was_going = lease.state == Lease::State::going;
  if (!was_going) forget_unsettled(lease.subject.key, id);
  if (lease.asker) {
    askers.erase(*lease.asker);
    const auto how = was_told ? LeaseTable::End::told : LeaseTable::End::failed;
    table.end(*lease.asker, was_going ? how : LeaseTable::End::lost, now.instant);
    drain_table(now);
  }
  if (!lease.stream) return;
  const auto found = exchanges.find(*lease.stream);
  if (found == exchanges.end()) return;
  Exchange& exchange = found->second;
  exchange.lease = 0;
  if (!was_going) return drop(*lease.stream, Errc::cancelled, now);
  if (!send(exchange, write_lease_end(was_told ? LeaseEnd::told : LeaseEnd::failed)))
    return drop(*lease.stream, Errc::cancelled, now);
  exchange.wants_finish = true;
  schedule(*lease.stream, exchange, now.instant + kLeaseMax);
  flush(*lease.stream, now);
}

void Member::State::forget_unsettled(const KeyId& key, LeaseId id) {
  const auto [begin, end] = unsettled.equal_range(key);
  for (auto each = begin; each != end; ++each) {
    if (each->second != id) continue;
    unsettled.erase(each);
    return;
  }
}

// A lease that was granted stays until end_lease(); one that need not be granted any more is over.
void Member::State::settle(LeaseId id, LeaseSettled::Word word) {
  Lease& lease = leases.at(id);
  forget_unsettled(lease.subject.key, id);
  lease.state = Lease::State::going;
  if (word == LeaseSettled::Word::know) leases.erase(id);
  events.push_back(LeaseSettled{.lease = id, .word = word});
}

// Something was said about the key, and all who wait for it here can look it up.
void Member::State::answer_waiting(const KeyId& key, Now now) {
  for (auto found = unsettled.find(key); found != unsettled.end(); found = unsettled.find(key)) {
    const LeaseId id = found->second;
    const Lease lease = leases.at(id);
    settle(id, LeaseSettled::Word::know);
    if (lease.asker) {
      askers.erase(*lease.asker);
      table.end(*lease.asker, LeaseTable::End::lost, now.instant);
    }
    if (!lease.stream) continue;
    if (const auto exchange = exchanges.find(*lease.stream); exchange != exchanges.end())
      exchange->second.lease = 0;
    drop(*lease.stream, Errc::cancelled, now);
  }
}

// --- as an asker ---

Result<void> Member::State::take_lease_word(StreamRef stream, Exchange& exchange, ByteView plain,
                                            Now now) {
  auto answer = parse_lease_answer(plain);
  if (!answer) return answer.error();
  const LeaseId id = exchange.lease;
  const auto found = leases.find(id);
  if (found == leases.end() || found->second.state == Lease::State::going) return Errc::malformed;
  if (std::holds_alternative<LeaseGo>(*answer)) {
    note_wait(found->second, exchange.peer, now);
    // It is ours to end. Should we forget, the home's own clock ends it.
    schedule(stream, exchange, now.instant + 2 * kLeaseMax);
    settle(id, LeaseSettled::Word::go);
    return {};
  }
  if (const auto* wait = std::get_if<LeaseWait>(&*answer); wait && wait->again > Duration(0)) {
    // Said once: a home that says it again and again would hold us up for ever.
    if (found->second.state == Lease::State::waiting) return Errc::malformed;
    found->second.state = Lease::State::waiting;
    schedule(stream, exchange, now.instant + wait->again);
    return {};
  }
  // Refused by the ledger or not: there is nothing to wait for any more.
  if (const auto* have = std::get_if<LeaseHave>(&*answer)) {
    {
      const auto lock = ledger.lock();
      if (!ledger.hear_relayed(exchange.peer, have->said, now.wall)) ++counters.malformed;
    }
    follow_ledger(now);
  }
  exchange.lease = 0;
  settle(id, LeaseSettled::Word::know);
  drop(stream, Errc::cancelled, now);
  return {};
}

// It has ended in our asking all the same.
void Member::State::note_wait(const Lease& lease, const PeerId& home, Now now) {
  const auto peer = peers.find(home);
  if (peer == peers.end() || lease.state != Lease::State::waiting) return;
  if (now.instant - lease.asked_at >= kLongWait)
    peer->second.no_home_until = now.instant + kNoHomeTime;
}

// The stream of a lease of ours has ended before it was settled.
void Member::State::lease_lost(const Exchange& exchange, Error reason, Now now) {
  const auto found = leases.find(exchange.lease);
  if (found == leases.end()) return;
  Lease& lease = found->second;
  lease.stream.reset();
  if (lease.state == Lease::State::going) return;  // nobody takes that away from us
  const bool is_home_gone = reason == Errc::connection_lost && !rendezvous.contains(exchange.peer);
  if (is_home_gone && ++lease.homes_lost <= kHomesLostMax) {
    lease.state = Lease::State::asking;
    return put_lease(exchange.lease, now);
  }
  if (lease.state == Lease::State::asking) ++counters.leases_silent;
  else ++counters.leases_expired;
  note_wait(lease, exchange.peer, now);
  settle(exchange.lease, LeaseSettled::Word::go);
}

// --- as the home ---

Result<void> Member::State::take_lease_ask(StreamRef stream, Exchange& exchange, ByteView plain,
                                           Now now) {
  auto ask = parse_lease_ask(plain);
  if (!ask) return ask.error();
  exchange.id = ask->exchange;
  exchange.subject = ask->subject;
  if (auto known = known_of(ask->subject, now)) {
    exchange.wants_finish = true;
    return answer_lease(exchange, LeaseHave{std::move(*known)});
  }
  const LeaseTable::Asker asker = next_number++;
  if (table.ask(ask->subject.key, asker, now.instant) == LeaseTable::Word::go) {
    exchange.asker = asker;
    askers.emplace(asker, stream);
    return answer_lease(exchange, LeaseGo{kLeaseMax});
  }
  exchange.asker = asker;
  askers.emplace(asker, stream);
  return answer_lease(exchange, LeaseWait{kLeaseMax});
}

// A statement as it can be told: with its body, where that rides along and is here.
Fetched Member::State::retell(const Statement& statement) {
  Fetched said = statement.said;
  said.upstream_date = statement.current_at;
  if (!said.body) said.body = shelf.find(said.body_digest);
  return said;
}

// Of what is held just now.
std::optional<Announcement> Member::State::retell(const KeyAndTag& subject) {
  const auto lock = ledger.lock();
  const Statement* statement = ledger.find(subject);
  if (!statement || !statement->has_content()) return std::nullopt;
  return Announcement(retell(*statement));
}

bool Member::State::was_told(const KeyAndTag& subject, Now now) const {
  const auto lock = ledger.lock();
  const Statement* statement = ledger.tellable(subject, now.wall);
  return statement && !statement->is_own && statement->subject() == subject;
}

// What answers an asker without GitHub: word for its own principal, or a body that it can prove.
std::optional<Announcement> Member::State::known_of(const KeyAndTag& subject, Now now) {
  const auto lock = ledger.lock();
  const Statement* statement = ledger.tellable(subject, now.wall);
  if (!statement) return std::nullopt;
  return Announcement(retell(*statement));
}

Result<void> Member::State::answer_lease(Exchange& exchange, const LeaseAnswer& answer) {
  auto plain = write_lease_answer(answer);
  if (!plain) plain = write_lease_answer(LeaseWait{Duration(0)});  // too large to be said here
  if (!plain) return plain.error();
  return send(exchange, *plain);
}

Result<void> Member::State::take_lease_end(Exchange& exchange, ByteView plain, Now now) {
  auto end = parse_lease_end(plain);
  if (!end) return end.error();
  if (!exchange.asker) return {};  // the table was full, or its clock ran out
  const LeaseTable::Asker asker = *exchange.asker;
  exchange.asker.reset();
  askers.erase(asker);
  table.end(asker, *end == LeaseEnd::told ? LeaseTable::End::told : LeaseTable::End::failed,
            now.instant);
  drain_table(now);
  return {};
}

void Member::State::drain_table(Now now) {
  while (const auto call = table.next_call()) {
    const auto found = askers.find(call->asker);
    if (found == askers.end()) continue;
    const bool may_go = call->kind == LeaseTable::Call::Kind::go;
    if (const auto* lease = std::get_if<LeaseId>(&found->second)) {
      const LeaseId id = *lease;
      if (!may_go) askers.erase(found);
      settle(id, may_go ? LeaseSettled::Word::go : LeaseSettled::Word::know);
      continue;
    }
    const StreamRef stream = std::get<StreamRef>(found->second);
    Exchange& exchange = exchanges.at(stream);
    LeaseAnswer answer = LeaseGo{kLeaseMax};
    if (!may_go) {
      exchange.asker.reset();
      askers.erase(found);
      exchange.wants_finish = true;
      auto known = known_of(exchange.subject, now);
      if (known) answer = LeaseHave{std::move(*known)};
      else answer = LeaseWait{Duration(0)};
    }
    if (answer_lease(exchange, answer)) flush(stream, now);
    else drop(stream, Errc::cancelled, now);
  }
}

}  // namespace ghmesh::mesh
