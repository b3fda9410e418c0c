// SPDX-License-Identifier: Apache-2.0 OR MIT
// The heartbeat: broken promises, decay, the meshes, gossip.
#include <algorithm>

#include "libp2p/gossipsub/state.h"

namespace ghmesh::gossipsub {

void Router::State::heartbeat() {
  next_heartbeat = now + heartbeat_pause();
  ++heartbeats_count;
  for (const PeerKey key : promises.take_broken(now)) {
    ++counters.promises_broken;
    if (Peer* peer = find(key)) scores.misbehaved(*peer->card, 1);
  }
  scores.decay(now);
  seen.expire(now);
  backoffs.expire(now - kBackoffSlackHeartbeats * options.heartbeat);
  learn_silence();
  for (auto& [key, peer] : peers) {
    peer.turn = {};
    peer.known.heartbeat();
    if (peer.deaf_heartbeats > 0) --peer.deaf_heartbeats;
  }
  const bool is_opportunistic = heartbeats_count % options.opportunistic_heartbeats == 0;
  for (Topic& topic : topics) {
    if (!topic.exists()) continue;
    if (topic.is_subscribed) maintain_mesh(topic, is_opportunistic);
    else maintain_fanout(topic);
    gossip(topic);
  }
  cache.shift();
}

// One tenth earlier or later: nodes that once beat together drift apart.
Duration Router::State::heartbeat_pause() {
  const double factor = 0.9 + 0.2 * random.unit();
  return Duration(
      static_cast<Duration::rep>(factor * static_cast<double>(options.heartbeat.count())));
}

// A copy of ours that was answered by no word was the peer's first.
void Router::State::learn_silence() {
  cache.visit_settled([this](const IdHash& hash, const CachedMessage& message) {
    if (!may_learn(message)) return;
    for (const PeerKey key : message.sent_to) {
      const Peer* peer = find(key);
      if (peer && peer->deaf_heartbeats == 0 && !peer->known.contains(hash))
        links.observe(message.source, key, /*was_redundant=*/false);
    }
  });
}

std::vector<MeshPeer> Router::State::graft_candidates(const Topic& topic) const {
  std::vector<MeshPeer> candidates;
  for (const PeerKey key : topic.subscribers) {
    const Peer& peer = peers.at(key);
    if (topic.mesh.contains(key) || !peer.may_be_in_mesh() || is_in_backoff(topic, peer)) continue;
    const double current = score(peer);
    if (current >= 0)
      candidates.push_back(
          {key, current, /*is_outbound=*/peer.info.direction == Direction::outbound});
  }
  return candidates;
}

void Router::State::maintain_mesh(Topic& topic, bool is_opportunistic) {
  std::vector<MeshPeer> members;
  for (const PeerKey key : topic.mesh) {
    const Peer& peer = peers.at(key);
    members.push_back({key, score(peer), peer.info.direction == Direction::outbound});
  }
  const MeshChange change =
      decide_mesh(members, graft_candidates(topic), options, is_opportunistic, random);
  for (const PeerKey key : change.prune_as_bad)
    prune(peers.at(key), topic, options.prune_backoff, Exchange::without);
  for (const PeerKey key : change.prune)
    prune(peers.at(key), topic, options.prune_backoff, Exchange::with_suggestions);
  for (const PeerKey key : change.graft) graft(peers.at(key), topic);
}

void Router::State::maintain_fanout(Topic& topic) {
  if (topic.fanout.empty()) return;
  if (now >= topic.fanout_until) {
    topic.fanout.clear();
    return;
  }
  std::erase_if(topic.fanout, [this](PeerKey key) { return !may_publish_to(peers.at(key)); });
  fill_fanout(topic);
}

void Router::State::gossip(const Topic& topic) {
  if (!topic.is_subscribed && topic.fanout.empty()) return;
  const std::vector<MessageId> ids = cache.gossip_ids(index_of(topic));
  if (ids.empty()) return;
  std::vector<PeerKey> listeners;
  for (const PeerKey key : topic.subscribers) {
    const Peer& peer = peers.at(key);
    if (peer.may_be_in_mesh() && !topic.mesh.contains(key) && !topic.fanout.contains(key) &&
        score(peer) >= options.scoring.gossip_threshold)
      listeners.push_back(key);
  }
  shuffle(listeners, random);
  const auto share =
      static_cast<std::size_t>(options.gossip_factor * static_cast<double>(listeners.size()));
  listeners.resize(std::min(listeners.size(), std::max(options.degree_lazy, share)));
  for (const PeerKey key : listeners) {
    Peer& peer = peers.at(key);
    std::vector<MessageId> news;
    std::ranges::copy_if(ids, std::back_inserter(news), [&peer](const MessageId& id) {
      return !peer.known.contains(hash_id(id));
    });
    if (!news.empty()) tell(peer, topic, std::move(news));
  }
}

}  // namespace ghmesh::gossipsub
