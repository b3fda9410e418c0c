// SPDX-License-Identifier: Apache-2.0 OR MIT
// Bodies that were too large to ride along, and what a newcomer is told first.
#include <algorithm>

#include "mesh/member/state.h"

namespace ghmesh::mesh {

BodyId Member::State::ask_body(const Statement& statement, Now now) {
  WantedBody wanted{.subject = statement.subject(), .digest = statement.said.body_digest};
  return want_body(std::move(wanted), statement.author, now);
}

BodyId Member::State::want_body(WantedBody wanted, const PeerId& author, Now now) {
  const BodyId id = next_number++;
  for (const auto& [peer, state] : peers)
    if (peer != author) wanted.candidates.push_back(peer);
  // Any of the others: each has it if it asked for the same thing before.
  for (std::size_t i = wanted.candidates.size(); i > 1; --i)
    std::swap(wanted.candidates[i - 1], wanted.candidates[random.below(i)]);
  if (wanted.candidates.size() >= kBodyTriesMax) wanted.candidates.resize(kBodyTriesMax - 1);
  if (peers.contains(author)) wanted.candidates.push_back(author);
  bodies.emplace(id, std::move(wanted));
  ++counters.bodies_asked;
  try_body(id, now);
  return id;
}

void Member::State::try_body(BodyId id, Now now) {
  const auto found = bodies.find(id);
  if (found == bodies.end()) return;
  WantedBody& wanted = found->second;
  while (!wanted.candidates.empty()) {
    const PeerId peer = std::move(wanted.candidates.back());
    wanted.candidates.pop_back();
    const Ask ask{.exchange = new_exchange_id(), .what = wanted.digest};
    StreamRef stream;
    Exchange* exchange = open_exchange(peer, ExchangeKind::fetch, ask.exchange,
                                       now.instant + kBodyAnswerMax, write_ask(ask), now, stream);
    if (!exchange) continue;
    exchange->body = id;
    return;
  }
  ++counters.bodies_failed;
  end_body(id, nullptr, now);
}

void Member::State::end_body(BodyId id, http::Body body, Now now) {
  const auto wanted = bodies.extract(id);
  if (!wanted.empty() && wanted.mapped().shared)
    return end_record(*wanted.mapped().shared, wanted.mapped().digest, std::move(body), now);
  events.push_back(BodyArrived{.id = id, .body = std::move(body)});
}

Result<void> Member::State::take_body_frame(StreamRef stream, Exchange& exchange, ByteView plain,
                                            Now now) {
  const auto wanted = bodies.find(exchange.body);
  if (wanted == bodies.end()) return Errc::cancelled;
  if (!exchange.collector) {
    auto head = parse_answer_head(plain);
    if (!head) return head.error();
    if (head->kind != AnswerHead::Kind::found) {
      drop(stream, Errc::cancelled, now);  // the next one is asked
      return {};
    }
    if (head->found.body_digest != wanted->second.digest) return Errc::mesh_false_body;
    exchange.collector.emplace(*head);
  } else if (auto added = exchange.collector->add(plain); !added) {
    return added;
  }
  if (!exchange.collector->is_complete()) return {};
  auto body = exchange.collector->finish();
  if (!body) {
    ++counters.bodies_false;
    {
      const auto lock = ledger.lock();
      ledger.expel(exchange.peer, Errc::mesh_false_body, now.wall);
    }
    follow_ledger(now);
    return body.error();
  }
  ++counters.bodies_fetched;
  // Refused where the statement is gone meanwhile: whoever asked has it all the same.
  if (!wanted->second.shared) {
    const auto lock = ledger.lock();
    if (!ledger.keep_body(wanted->second.subject, wanted->second.digest, *body))
      ++counters.bodies_unwanted;
  }
  const BodyId id = exchange.body;
  exchange.body = 0;
  exchange.wants_finish = true;
  drop(stream, Errc::cancelled, now);
  end_body(id, *std::move(body), now);
  return {};
}

Result<void> Member::State::take_body_ask(Exchange& exchange, ByteView plain) {
  auto ask = parse_ask(plain);
  if (!ask) return ask.error();
  exchange.id = ask->exchange;
  AnswerHead head;
  if (const auto* subject = std::get_if<KeyAndTag>(&ask->what)) {
    const auto lock = ledger.lock();
    const Statement* statement = ledger.candidate(*subject);
    if (statement && statement->has_content()) head.found = retell(*statement);
  } else {
    head.found.body_digest = std::get<crypto::Digest>(ask->what);
    head.found.body = shelf.find(head.found.body_digest);
    if (!head.found.body) head.found.body = board.find_record(head.found.body_digest);
  }
  if (head.found.body) {
    head.kind = AnswerHead::Kind::found;
    exchange.packed = pack_body(*head.found.body);
    head.packed_bytes = exchange.packed.size();
    head.found.body_bytes = head.found.body->size();
    head.found.body = nullptr;
    ++counters.bodies_served;
  }
  auto written = write_answer_head(head);
  if (!written) return written.error();
  exchange.wants_finish = true;
  return send(exchange, *written);
}

// The next frame of what is still to be sent; false: nothing is.
Result<bool> Member::State::refill(Exchange& exchange) {
  if (!exchange.packed.empty()) {
    const ByteView rest = ByteView(exchange.packed).subspan(exchange.packed_begin);
    const ByteView chunk = rest.first(std::min(rest.size(), kSealPlainBytesMax));
    exchange.packed_begin += chunk.size();
    auto sent = send(exchange, chunk);
    if (exchange.packed_begin == exchange.packed.size()) exchange.packed = Bytes();
    if (!sent) return sent.error();
    return true;
  }
  const bool is_batched =
      exchange.kind == ExchangeKind::warm || exchange.kind == ExchangeKind::board;
  if (!is_batched || !exchange.is_inbound || exchange.wants_finish) return false;
  if (exchange.received_count == 0) return false;
  const auto is_over = [&] { return exchange.subjects.empty() && exchange.shared.empty(); };
  const auto next = [&]() -> std::optional<Announcement> {
    if (!exchange.subjects.empty()) return retell(exchange.subjects.front());
    const Board::Posted* posted = board.find(exchange.shared.front());
    if (posted == nullptr) return std::nullopt;
    return posted->said;
  };
  std::vector<Bytes> written;
  WarmBatch batch;
  while (!is_over()) {
    const auto announcement = next();
    const Result<Bytes> bytes =
        announcement ? write_announcement(*announcement) : Result<Bytes>(Errc::not_found);
    if (bytes && exchange.bytes_count < bytes->size()) {
      exchange.subjects.clear();  // as much as was asked for
      exchange.shared.clear();
      break;
    }
    if (bytes && !fits_batch(batch, bytes->size())) break;
    if (exchange.subjects.empty()) exchange.shared.pop_front();
    else exchange.subjects.pop_front();
    if (!bytes) continue;
    exchange.bytes_count -= bytes->size();
    written.push_back(*bytes);
    ++counters.warm_served;
    batch.announcements.push_back(written.back());
  }
  batch.is_last = is_over();
  exchange.wants_finish = batch.is_last;
  auto sent = send(exchange, write_warm_batch(batch));
  if (!sent) return sent.error();
  return true;
}

// --- a warm start ---

// Of a member that was not asked before, until one has something to tell.
void Member::State::ask_warmth(Now now) {
  if (is_warm || is_warming || warmth_asked.size() >= kWarmTriesMax) return;
  const auto found = std::ranges::find_if(
      peers, [&](const auto& entry) { return !warmth_asked.contains(entry.first); });
  if (found == peers.end()) return;
  const PeerId peer = found->first;
  warmth_asked.insert(peer);
  const WarmAsk ask{.exchange = new_exchange_id(),
                    .entries_max = kWarmEntriesMax,
                    .bytes_max = kWarmBytesMax,
                    .tags = {}};
  StreamRef stream;
  is_warming = open_exchange(peer, ExchangeKind::warm, ask.exchange, now.instant + kWarmAnswerMax,
                             write_warm_ask(ask), now, stream) != nullptr;
}

void Member::State::end_warmth(const Exchange& exchange, Now now) {
  is_warming = false;
  is_warm = is_warm || exchange.entries_count > 0;
  ask_warmth(now);
}

Result<void> Member::State::take_warm_ask(Exchange& exchange, ByteView plain, Now now) {
  auto ask = parse_warm_ask(plain);
  if (!ask) return ask.error();
  exchange.id = ask->exchange;
  exchange.bytes_count = ask->bytes_max;
  const auto lock = ledger.lock();
  for (const Statement* statement : ledger.hot(ask->tags, ask->entries_max, now.wall))
    exchange.subjects.push_back(statement->subject());
  return {};
}

Result<void> Member::State::take_warm_batch(StreamRef stream, Exchange& exchange, ByteView plain,
                                            Now now) {
  auto batch = parse_warm_batch(plain);
  if (!batch) return batch.error();
  for (const ByteView bytes : batch->announcements) {
    exchange.bytes_count += bytes.size();
    if (++exchange.entries_count > kWarmEntriesMax || exchange.bytes_count > kWarmBytesMax)
      return Errc::too_large;
    auto announcement = parse_announcement(bytes);
    if (!announcement) return announcement.error();
    // What it disbelieves, it counts.
    const auto hear = [&] {
      const auto lock = ledger.lock();
      return ledger.hear_relayed(exchange.peer, *announcement, now.wall);
    };
    if (!hear()) continue;
    ++counters.warm_received;
    note_heard(*announcement, now);
  }
  follow_ledger(now);
  if (batch->is_last) drop(stream, Errc::cancelled, now);
  return {};
}

}  // namespace ghmesh::mesh
