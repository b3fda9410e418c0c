// SPDX-License-Identifier: Apache-2.0 OR MIT
// Control that leaves. What one call makes us say to a peer is gathered in its draft and leaves in as few RPCs as
// others take: subscriptions, GRAFT and PRUNE in one, which no queue may drop; IHAVE and IWANT apart, in pieces.
#include <algorithm>

#include "libp2p/gossipsub/state.h"

namespace ghmesh::gossipsub {

Rpc& Router::State::draft(Peer& peer) {
  drafted.insert(peer.key);
  return peer.draft;
}

void Router::State::send(const Peer& peer, std::shared_ptr<const Bytes> rpc, Priority priority,
                         std::optional<MessageId> message) {
  outputs.push_back({.to = peer.info.id,
                     .rpc = std::move(rpc),
                     .priority = priority,
                     .message = std::move(message)});
}

void Router::State::announce(Peer& peer, const Topic& topic, bool is_subscribed) {
  draft(peer).subscriptions.push_back({topic.name, is_subscribed});
}

void Router::State::graft(Peer& peer, Topic& topic) {
  ++counters.grafts_sent;
  topic.mesh.insert(peer.key);
  scores.grafted(*peer.card, index_of(topic), now);
  draft(peer).graft.push_back(topic.name);
}

void Router::State::prune(Peer& peer, Topic& topic, Duration backoff, Exchange exchange) {
  ++counters.prunes_sent;
  if (topic.mesh.erase(peer.key) > 0) scores.pruned(*peer.card, index_of(topic), now);
  add_backoff(topic, peer, backoff);
  Rpc::Prune entry{.topic = topic.name};
  if (peer.knows_backoff()) {
    entry.seconds = static_cast<std::uint64_t>(backoff / 1s);
    if (exchange == Exchange::with_suggestions && options.peer_exchange)
      suggest(entry, topic, peer);
  }
  draft(peer).prune.push_back(std::move(entry));
}

// Good peers whose own record we have; without one, an id is of no use to anybody here.
void Router::State::suggest(Rpc::Prune& entry, const Topic& topic, const Peer& to) {
  std::vector<PeerKey> others;
  for (const PeerKey key : topic.subscribers) {
    const Peer& peer = peers.at(key);
    if (key != to.key && !peer.signed_record.empty() && score(peer) >= 0) others.push_back(key);
  }
  shuffle(others, random);
  std::size_t bytes = 0;
  for (const PeerKey key : others) {
    const Peer& peer = peers.at(key);
    bytes += peer.signed_record.size();
    if (entry.suggestions.size() >= kSuggestionsSentMax || bytes > kSuggestionBytesMax) break;
    entry.suggestions.push_back(
        {.peer_id = copy_bytes(peer.info.id.bytes()), .signed_record = peer.signed_record});
  }
}

void Router::State::add_backoff(const Topic& topic, const Peer& peer, Duration backoff) {
  if (!backoffs.add(index_of(topic), peer.info.id, now + backoff)) ++counters.backoffs_dropped;
}

// For grafts of ours: with some slack, since the peer's clock began later (gossipsub-v1.1.md, "Prune Backoff").
bool Router::State::is_in_backoff(const Topic& topic, const Peer& peer) const {
  const auto until = backoffs.until(index_of(topic), peer.info.id);
  return until && now < *until + kBackoffSlackHeartbeats * options.heartbeat;
}

void Router::State::want(Peer& peer, std::vector<MessageId> ids) {
  auto& iwant = draft(peer).iwant;
  iwant.insert(iwant.end(), std::make_move_iterator(ids.begin()),
               std::make_move_iterator(ids.end()));
}

void Router::State::tell(Peer& peer, const Topic& topic, std::vector<MessageId> ids) {
  draft(peer).ihave.push_back({topic.name, std::move(ids)});
}

void Router::State::flush() {
  for (const PeerKey key : drafted) {
    Peer& peer = peers.at(key);
    flush_control(peer);
    flush_ihave(peer);
    flush_iwant(peer);
    peer.draft = {};
  }
  drafted.clear();
}

void Router::State::flush_control(Peer& peer) {
  Rpc& draft = peer.draft;
  // A peer that left the mesh within the same call must not be told that it is in it.
  std::erase_if(draft.graft, [&](const std::string& name) {
    return !find_topic(name)->mesh.contains(peer.key);
  });
  Rpc rpc{.subscriptions = std::move(draft.subscriptions)};
  if (peer.speaks_control()) {
    rpc.graft = std::move(draft.graft);
    rpc.prune = std::move(draft.prune);
  }
  Bytes bytes = write_rpc(rpc);
  if (!bytes.empty())
    send(peer, std::make_shared<const Bytes>(std::move(bytes)), Priority::control);
}

void Router::State::flush_ihave(Peer& peer) {
  Rpc rpc;
  std::size_t ids_in_rpc = 0;
  std::size_t ids_left = kIHaveIdsSentMax;
  const auto send_rpc = [&] {
    if (ids_in_rpc > 0) send(peer, std::make_shared<const Bytes>(write_rpc(rpc)), Priority::gossip);
    rpc.ihave.clear();
    ids_in_rpc = 0;
  };
  for (Rpc::IHave& ihave : peer.draft.ihave) {
    shuffle(ihave.ids, random);  // so that what is cut off is another part for each peer
    auto begin = ihave.ids.begin();
    while (begin != ihave.ids.end() && ids_left > 0) {
      const std::size_t count = std::min({static_cast<std::size_t>(ihave.ids.end() - begin),
                                          kIdsPerRpcMax - ids_in_rpc, ids_left});
      const auto end = begin + static_cast<std::ptrdiff_t>(count);
      rpc.ihave.push_back({ihave.topic, {begin, end}});
      begin = end;
      ids_in_rpc += count;
      ids_left -= count;
      counters.ihave_sent += count;
      if (ids_in_rpc == kIdsPerRpcMax) send_rpc();
    }
  }
  send_rpc();
}

void Router::State::flush_iwant(Peer& peer) {
  std::vector<MessageId>& ids = peer.draft.iwant;
  shuffle(ids, random);
  for (std::size_t begin = 0; begin < ids.size(); begin += kIdsPerRpcMax) {
    if (peer.turn.iwant_rpcs_sent >= kIWantRpcsMax) break;
    ++peer.turn.iwant_rpcs_sent;
    const std::size_t count = std::min(ids.size() - begin, kIdsPerRpcMax);
    Rpc rpc;
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    rpc.iwant.assign(first, first + static_cast<std::ptrdiff_t>(count));
    counters.iwant_sent += count;
    // The order is random: the first is as good as any.
    promises.promised(hash_id(rpc.iwant.front()), peer.key, now + options.iwant_followup);
    send(peer, std::make_shared<const Bytes>(write_rpc(rpc)), Priority::gossip);
  }
}

}  // namespace ghmesh::gossipsub
