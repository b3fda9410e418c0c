// SPDX-License-Identifier: Apache-2.0 OR MIT
// Values that programs share: told to all, heard of others, and asked for where they are missed. None of it touches the
// ledger but for what holds for all gossip: who is heard, how often, and that nothing is heard twice.
#include <algorithm>

#include "base/check.h"
#include "mesh/member/state.h"

namespace ghmesh::mesh {

using gossipsub::Verdict;

Result<void> Member::State::share(Shared said, Now now) {
  GHMESH_CHECK(said.record != nullptr && !said.record->empty());
  if (said.record->size() > kSharedRecordBytesMax) return Errc::too_large;
  said.digest = crypto::sha256(as_bytes(*said.record));
  said.record_bytes = said.record->size();
  const KeyId key = said.key;
  // Our own clock is ours to believe, whatever GitHub's says.
  const WallTime at =
      std::max(now.wall, std::chrono::time_point_cast<Seconds>(said.said_at) + Seconds(1));
  auto posted = board.put(host.self(), std::move(said), at);
  if (!posted) return posted.error();
  if (!*posted || !untold_keys.insert(key).second) return {};
  untold.push_back(key);
  if (untold.size() > kUntoldMax) {
    untold_keys.erase(untold.front());
    untold.pop_front();
    ++counters.shared_untold;
  }
  tell_shared(now);
  return {};
}

Instant Member::State::next_telling() const {
  const Instant again = retellings.empty() ? Instant::max() : retellings.front().due;
  if (untold.empty()) return again;
  return std::min(again, told_up_to - kToldInterval * kToldBurst);
}

bool Member::State::all_listen() const {
  const auto listening = host.gossip()->subscribers(keyring.announce_keys().topic);
  return std::ranges::all_of(peers, [&](const auto& entry) {
    return std::ranges::find(listening, entry.first) != listening.end();
  });
}

void Member::State::publish_shared(const Shared& said, int retold_count, Now now) {
  if (publish(Announcement(said), now)) ++counters.shared_told;
  else ++counters.untold;
  if (retold_count >= kRetellsMax || retellings.size() >= kUntoldMax || all_listen()) return;
  retellings.push_back({.due = now.instant + kRetellPause,
                        .key = said.key,
                        .said_at = said.said_at,
                        .count = retold_count + 1});
}

void Member::State::tell_shared(Now now) {
  while (!retellings.empty() && retellings.front().due <= now.instant) {
    const Retelling again = retellings.front();
    retellings.pop_front();
    const Board::Posted* posted = board.find(again.key);
    if (posted != nullptr && posted->said.said_at == again.said_at)
      publish_shared(posted->said, again.count, now);
  }
  while (!untold.empty() && told_up_to - kToldInterval * kToldBurst <= now.instant) {
    const KeyId key = untold.front();
    untold.pop_front();
    untold_keys.erase(key);
    const Board::Posted* posted = board.find(key);
    // Pushed out by newer ones, or overtaken by another member's word.
    if (posted == nullptr || posted->author != host.self()) continue;
    told_up_to = std::max(told_up_to, now.instant) + kToldInterval;
    publish_shared(posted->said, 0, now);
  }
}

Verdict Member::State::take_shared(const PeerId& author, Shared said, Now now) {
  if (author == host.self()) return Verdict::ignore;
  const KeyId key = said.key;
  const bool has_record = said.record != nullptr;
  auto posted = board.put(author, std::move(said), now.wall);
  if (!posted) {
    ++counters.shared_refused;
    return Verdict::ignore;  // clocks differ, and messages overtake each other
  }
  if (!*posted) return Verdict::accept;
  ++counters.shared_heard;
  const Board::Posted* kept = board.find(key);
  if (kept == nullptr) return Verdict::accept;  // the board is full of larger things
  if (has_record) events.push_back(SharedHeard{.said = kept->said});
  else want_record(author, kept->said, now);
  return Verdict::accept;
}

// --- records that were too large to ride along ---

void Member::State::want_record(const PeerId& author, const Shared& said, Now now) {
  if (records_wanted.size() >= kRecordsWantedMax) {
    ++counters.shared_missed;
    records_wanted.pop_front();
  }
  records_wanted.emplace_back(author, said.key);
  fetch_records(now);
}

void Member::State::fetch_records(Now now) {
  while (records_fetched < kRecordsFetchedMax && !records_wanted.empty()) {
    const auto [author, key] = records_wanted.front();
    records_wanted.pop_front();
    const Board::Posted* posted = board.find(key);
    if (posted == nullptr || posted->said.record) continue;
    ++records_fetched;
    WantedBody wanted{.subject = {}, .digest = posted->said.digest, .shared = key};
    want_body(std::move(wanted), author, now);
  }
}

void Member::State::end_record(const KeyId& key, const crypto::Digest& digest, http::Body record,
                               Now now) {
  --records_fetched;
  if (!record) ++counters.shared_missed;
  else if (board.fill(key, digest, std::move(record)))
    if (const Board::Posted* posted = board.find(key))
      events.push_back(SharedHeard{.said = posted->said});
  fetch_records(now);
}

// --- what a newcomer is told first ---

void Member::State::ask_board(Now now) {
  if (is_board_known || is_asking_board || boards_asked.size() >= kWarmTriesMax) return;
  const auto found = std::ranges::find_if(
      peers, [&](const auto& entry) { return !boards_asked.contains(entry.first); });
  if (found == peers.end()) return;
  const PeerId peer = found->first;
  boards_asked.insert(peer);
  const WarmAsk ask{.exchange = new_exchange_id(),
                    .entries_max = kWarmEntriesMax,
                    .bytes_max = kWarmBytesMax,
                    .tags = {}};
  StreamRef stream;
  is_asking_board =
      open_exchange(peer, ExchangeKind::board, ask.exchange, now.instant + kWarmAnswerMax,
                    write_warm_ask(ask), now, stream) != nullptr;
}

void Member::State::end_board(const Exchange& exchange, Now now) {
  is_asking_board = false;
  is_board_known = is_board_known || exchange.entries_count > 0;
  ask_board(now);
}

Result<void> Member::State::take_board_ask(Exchange& exchange, ByteView plain) {
  auto ask = parse_warm_ask(plain);
  if (!ask) return ask.error();
  exchange.id = ask->exchange;
  exchange.bytes_count = ask->bytes_max;
  for (const KeyId& key : board.newest(ask->entries_max)) exchange.shared.push_back(key);
  return {};
}

Result<void> Member::State::take_board_batch(StreamRef stream, Exchange& exchange, ByteView plain,
                                             Now now) {
  auto batch = parse_warm_batch(plain);
  if (!batch) return batch.error();
  for (const ByteView bytes : batch->announcements) {
    exchange.bytes_count += bytes.size();
    if (++exchange.entries_count > kWarmEntriesMax || exchange.bytes_count > kWarmBytesMax)
      return Errc::too_large;
    auto announcement = parse_announcement(bytes);
    if (!announcement) return announcement.error();
    auto* shared = std::get_if<Shared>(&*announcement);
    if (shared == nullptr) return Errc::malformed;
    static_cast<void>(take_shared(exchange.peer, std::move(*shared), now));  // it counts
  }
  if (batch->is_last) drop(stream, Errc::cancelled, now);
  return {};
}

// --- what is missed here ---

RecallId Member::State::recall(const std::string& name, Now now) {
  const RecallId id = next_number++;
  ++counters.recalls_asked;
  Recall& recall = recalls[id];
  std::vector<PeerId> candidates;
  for (const auto& [peer, state] : peers) candidates.push_back(peer);
  for (std::size_t i = candidates.size(); i > 1; --i)
    std::swap(candidates[i - 1], candidates[random.below(i)]);
  if (candidates.size() > kRecallPeersMax) candidates.resize(kRecallPeersMax);
  for (const PeerId& peer : candidates) {
    const RecallAsk ask{.exchange = new_exchange_id(), .name = name};
    StreamRef stream;
    Exchange* exchange =
        open_exchange(peer, ExchangeKind::recall, ask.exchange, now.instant + kRecallAnswerMax,
                      write_recall_ask(ask), now, stream);
    if (!exchange) continue;
    exchange->recall = id;
    recall.streams.insert(stream);
  }
  if (recall.streams.empty()) end_recall(id, std::nullopt, now);
  return id;
}

void Member::State::recall_lost(StreamRef stream, RecallId id, Now now) {
  const auto found = recalls.find(id);
  if (found == recalls.end()) return;
  found->second.streams.erase(stream);
  if (found->second.streams.empty()) end_recall(id, std::nullopt, now);
}

void Member::State::end_recall(RecallId id, std::optional<Shared> found, Now now) {
  const auto ended = recalls.extract(id);
  if (found) ++counters.recalls_found;
  events.push_back(RecallEnded{.id = id, .found = std::move(found)});
  for (const StreamRef stream : ended.mapped().streams) drop(stream, Errc::cancelled, now);
}

Result<void> Member::State::take_recall_ask(StreamRef stream, Exchange& exchange, ByteView plain) {
  auto ask = parse_recall_ask(plain);
  if (!ask) return ask.error();
  exchange.id = ask->exchange;
  events.push_back(RecallAsked{.asker = stream, .name = std::move(ask->name)});
  return {};
}

void Member::State::answer_recall(StreamRef stream, const std::optional<Shared>& found, Now now) {
  const auto asking = exchanges.find(stream);
  if (asking == exchanges.end()) return;  // it does not wait any more
  Exchange& exchange = asking->second;
  RecallHead head;
  if (found && found->record && !found->record->empty() &&
      found->record->size() <= kSharedRecordBytesMax) {
    exchange.packed = pack_body(*found->record);
    head.found = *found;
    head.found->digest = crypto::sha256(as_bytes(*found->record));
    head.found->record_bytes = found->record->size();
    head.packed_bytes = exchange.packed.size();
    ++counters.recalls_served;
  }
  auto written = write_recall_head(head);
  auto sent = written ? send(exchange, *written) : Result<void>(written.error());
  if (!sent) return drop(stream, sent.error(), now);
  exchange.wants_finish = true;
  flush(stream, now);
}

Result<void> Member::State::take_recall_frame(Exchange& exchange, ByteView plain, Now now) {
  if (!exchange.collector) {
    auto head = parse_recall_head(plain);
    if (!head) return head.error();
    if (!head->found) return {};  // its end follows
    // Whoever would say that it is of tomorrow would keep everybody from putting another until then.
    if (head->found->said_at > now.wall + kSharedAheadMax) return Errc::mesh_from_future;
    exchange.said = head->found;
    exchange.collector.emplace(*head);
  } else if (auto added = exchange.collector->add(plain); !added) {
    return added;
  }
  if (!exchange.collector->is_complete()) return {};
  auto record = exchange.collector->finish();
  if (!record) return record.error();
  Shared found = *exchange.said;
  found.record = *std::move(record);
  // Its streams end with it, and this exchange too.
  end_recall(exchange.recall, std::move(found), now);
  return {};
}

}  // namespace ghmesh::mesh
