// SPDX-License-Identifier: Apache-2.0 OR MIT
// Topics: which ones there are, who subscribes to them, and whether we do.
//
// A topic has a place in `topics` for as long as it exists; a place that became free is used again. Everything else
// names topics by their place, so remove() leaves nothing behind that does.
#include <algorithm>

#include "libp2p/gossipsub/state.h"

namespace ghmesh::gossipsub {

Result<void> Router::State::add(std::string name, const TopicOptions& topic_options) {
  if (name.empty()) return Errc::unsupported;
  if (name.size() > kTopicBytesMax) return Errc::too_large;
  if (find_topic(name)) return {};
  if (topic_indexes.size() >= options.limits.topics_max) return Errc::limit_reached;
  const auto free =
      std::ranges::find_if(topics, [](const Topic& topic) { return !topic.exists(); });
  const auto index = static_cast<TopicIndex>(free - topics.begin());
  if (free == topics.end()) topics.emplace_back();
  Topic& topic = topics[index];
  topic = {.name = std::move(name), .options = topic_options};
  topic_indexes[topic.name] = index;
  scores.add_topic(index, topic_options.score);
  // Some were there before us, and will not say it again.
  const IdHash hash = hash_id(as_bytes(topic.name));
  for (auto& [key, peer] : peers)
    if (peer.other_topics.erase(hash) > 0) subscription(peer, topic, true);
  return {};
}

// The topic is left already, and what that made us say has been sent.
void Router::State::remove(Topic& topic) {
  const TopicIndex index = index_of(topic);
  const IdHash hash = hash_id(as_bytes(topic.name));
  for (const PeerKey key : topic.subscribers) {
    Peer& peer = peers.at(key);
    peer.topics.erase(index);
    // It may come back, and they will not say it again.
    if (peer.other_topics.size() < kOtherTopicsMax) peer.other_topics.insert(hash);
  }
  scores.remove_topic(index);
  backoffs.forget(index);
  cache.forget(index);
  topic_indexes.erase(topic.name);
  topic = {};
}

const Topic* Router::State::find_topic(std::string_view name) const {
  const auto found = topic_indexes.find(name);
  return found == topic_indexes.end() ? nullptr : &topics[found->second];
}

Topic* Router::State::find_topic(std::string_view name) {
  return const_cast<Topic*>(std::as_const(*this).find_topic(name));
}

TopicIndex Router::State::index_of(const Topic& topic) const {
  return static_cast<TopicIndex>(&topic - topics.data());
}

// Where a subscriber belongs by what it speaks.
void Router::State::place(Peer& peer, Topic& topic) {
  topic.subscribers.insert(peer.key);
  if (peer.may_be_in_mesh()) {
    topic.unmeshed.erase(peer.key);
    return;
  }
  topic.unmeshed.insert(peer.key);
  topic.fanout.erase(peer.key);
  if (topic.mesh.erase(peer.key) > 0) scores.pruned(*peer.card, index_of(topic), now);
}

void Router::State::subscription(Peer& peer, std::string_view name, bool is_subscribed) {
  Topic* topic = find_topic(name);
  if (topic) return subscription(peer, *topic, is_subscribed);
  ++counters.not_allowed;
  const IdHash hash = hash_id(as_bytes(name));
  if (!is_subscribed) peer.other_topics.erase(hash);
  else if (peer.other_topics.size() < kOtherTopicsMax) peer.other_topics.insert(hash);
}

void Router::State::subscription(Peer& peer, Topic& topic, bool is_subscribed) {
  const TopicIndex index = index_of(topic);
  const bool is_change =
      is_subscribed ? peer.topics.insert(index).second : peer.topics.erase(index) > 0;
  if (!is_change) return;
  events.push_back(SubscriptionChanged{peer.info.id, topic.name, is_subscribed});
  if (is_subscribed) {
    place(peer, topic);
    send_unheard(peer, topic);
    // At once, and not with the next heartbeat: what is published in between would miss it.
    if (topic.is_subscribed && topic.mesh.size() < options.degree_low && peer.may_be_in_mesh() &&
        !is_in_backoff(topic, peer) && score(peer) >= 0)
      graft(peer, topic);
    return;
  }
  topic.subscribers.erase(peer.key);
  topic.unmeshed.erase(peer.key);
  topic.fanout.erase(peer.key);
  if (topic.mesh.erase(peer.key) == 0) return;
  scores.pruned(*peer.card, index, now);
  // So that coming and going does not make us graft each time.
  add_backoff(topic, peer, options.unsubscribe_backoff);
}

void Router::State::join(Topic& topic) {
  if (topic.is_subscribed) return;
  topic.is_subscribed = true;
  for (auto& [key, peer] : peers) announce(peer, topic, true);
  std::vector<MeshPeer> candidates = graft_candidates(topic);
  shuffle(candidates, random);
  // Those to whom we published already come first.
  std::stable_partition(candidates.begin(), candidates.end(), [&topic](const MeshPeer& candidate) {
    return topic.fanout.contains(candidate.key);
  });
  candidates.resize(std::min(candidates.size(), options.degree));
  for (const MeshPeer& candidate : candidates) graft(peers.at(candidate.key), topic);
  topic.fanout.clear();
}

void Router::State::leave(Topic& topic) {
  if (!topic.is_subscribed) return;
  topic.is_subscribed = false;
  for (auto& [key, peer] : peers) announce(peer, topic, false);
  const std::set<PeerKey> mesh = topic.mesh;
  for (const PeerKey key : mesh)
    prune(peers.at(key), topic, options.unsubscribe_backoff, Exchange::with_suggestions);
  // What was asked for may be of this topic, and will not be looked at when it comes: nobody is to blame.
  promises.forget_all();
}

}  // namespace ghmesh::gossipsub
