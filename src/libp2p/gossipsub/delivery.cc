// SPDX-License-Identifier: Apache-2.0 OR MIT
// Messages: from their arrival, or from publish(), to the copies that leave.
//
// A message that arrives   costs              and is then
//   other topic            reading            gone
//   seen before            a table's look     gone; it says that the sender has it
//   not verified           60 µs              gone, not seen: a forgery cannot keep the real one out; P4
//   verified               60 µs              seen, told (IDONTWANT), delivered, and forwarded now or after the verdict
#include <algorithm>

#include "base/check.h"
#include "libp2p/gossipsub/state.h"

namespace ghmesh::gossipsub {
namespace {

// What is not a message at all costs as much as a broken promise: it has no topic that could count it.
constexpr double kNoMessageBehaviour = 1;

}  // namespace

void Router::State::message(Peer& from, ByteView bytes) {
  const auto view = parse_message(bytes);
  if (!view) {
    ++counters.invalid;
    scores.misbehaved(*from.card, kNoMessageBehaviour);
    return;
  }
  const Topic* topic = find_topic(as_text(view->topic));
  if (!topic || !topic->is_subscribed) {
    ++counters.not_allowed;
    return;
  }
  if (!is_strict(*view)) return invalid(from, *topic);
  const ByteView data = view->data_or_empty();
  if (data.size() > options.limits.message_bytes_max) {
    ++counters.too_large;
    return;
  }
  auto author = PeerId::parse(view->from);
  if (!author) return invalid(from, *topic);
  MessageId id = make_message_id(options.id_scheme, *view, *author);
  if (id.bytes().empty()) return invalid(from, *topic);
  const IdHash hash = hash_id(id);
  if (seen.contains(hash)) return duplicate(from, hash);
  if (*author == identity.peer_id()) {  // from before a restart
    ++counters.ignored;
    return;
  }
  const bool needs_verdict = topic->options.needs_verdict;
  if (needs_verdict && cache.pending() >= options.limits.pending_messages_max) {
    ++counters.pending_dropped;
    return;
  }
  ++counters.verified;
  if (!verify_message(*view, *author, scratch)) return invalid(from, *topic);
  accept(from, *topic, *view,
         {.id = std::move(id),
          .topic = index_of(*topic),
          .author = std::move(*author),
          .source = from.key,
          .received_at = now,
          .data_bytes = data.size(),
          .is_pending = needs_verdict});
}

void Router::State::invalid(Peer& from, const Topic& topic) {
  ++counters.invalid;
  scores.delivered_invalid(*from.card, index_of(topic));
}

void Router::State::accept(Peer& from, const Topic& topic, const MessageView& view,
                           CachedMessage message) {
  const IdHash hash = hash_id(message.id);
  const auto rpc = std::make_shared<const Bytes>(write_message_rpc(view));
  const auto rewritten = parse_message(RpcReader(*rpc).next()->body);
  message.rpc = rpc;
  promises.arrived(hash);
  ++counters.delivered;
  say_idontwant(topic, message);
  events.push_back(Delivered{.id = message.id,
                             .topic = topic.name,
                             .author = message.author,
                             .received_from = from.info.id,
                             .seqno = load_big_endian<std::uint64_t>(view.seqno),
                             .rpc = rpc,
                             .data = rewritten->data_or_empty(),
                             .needs_verdict = message.is_pending});
  const bool is_pending = message.is_pending;
  insert(hash, std::move(message));
  if (is_pending) return;
  scores.delivered_first(*from.card, index_of(topic));
  forward(hash, *cache.find(hash));
}

void Router::State::insert(const IdHash& hash, CachedMessage message) {
  if (!seen.insert(hash, now)) ++counters.seen_dropped;
  counters.cache_dropped += cache.insert(hash, std::move(message));
}

void Router::State::duplicate(Peer& from, const IdHash& hash) {
  ++counters.duplicates;
  promises.arrived(hash);
  learn_word(from, hash);
  CachedMessage* message = cache.find(hash);
  if (!message || message->source == from.key) return;
  const Topic& topic = topics[message->topic];
  const bool counts = topic.options.score.mesh_deliveries_weight != 0 &&
                      now - message->received_at <= topic.options.score.mesh_deliveries_window;
  if (!counts && !message->is_pending) return;
  // Each peer once, however often it sends.
  if (message->bringers.size() >= kBringersMax ||
      std::ranges::find(message->bringers, from.key) != message->bringers.end())
    return;
  message->bringers.push_back(from.key);
  if (counts) scores.delivered_again(*from.card, message->topic);
}

// After the signature was verified, and before anything else: whoever forges a message must not make us refuse the real
// one (go says it before it verifies), and what the application thinks of the message takes its time.
void Router::State::say_idontwant(const Topic& topic, const CachedMessage& message) {
  if (message.data_bytes < options.idontwant_bytes_min) return;
  std::shared_ptr<const Bytes> rpc;
  const auto say = [&](PeerKey key) {
    const Peer& peer = peers.at(key);
    if (!peer.knows_idontwant() || key == message.source || peer.info.id == message.author) return;
    if (!rpc) rpc = std::make_shared<const Bytes>(write_rpc({.idontwant = {message.id}}));
    ++counters.idontwant_sent;
    send(peer, rpc, Priority::control);
  };
  for (const PeerKey key : topic.mesh) say(key);
  for (const PeerKey key : topic.unmeshed) say(key);
}

// Only what is announced teaches: of smaller messages no word comes.
bool Router::State::may_learn(const CachedMessage& message) const {
  return options.hold_redundant && message.source != kOurselves &&
         message.data_bytes >= options.idontwant_bytes_min;
}

// The peer has the message: it said so, or sent it.
void Router::State::learn_word(Peer& peer, const IdHash& hash) {
  if (peer.known.contains(hash)) return;
  if (!peer.known.insert(hash)) {
    ++counters.idontwant_over_limit;
    peer.deaf_heartbeats = kWordHeartbeats;
    return;
  }
  const CachedMessage* message = cache.find(hash);
  if (!message || !may_learn(*message) || message->source == peer.key) return;
  links.observe(message->source, peer.key, /*was_redundant=*/true);
  peer.lag.observe(now - message->received_at);
}

void Router::State::forward(const IdHash& hash, CachedMessage& message) {
  const Topic& topic = topics[message.topic];
  for (const PeerKey key : topic.mesh) forward_to(peers.at(key), hash, message);
  for (const PeerKey key : topic.unmeshed)
    if (may_publish_to(peers.at(key))) forward_to(peers.at(key), hash, message);
}

void Router::State::forward_to(Peer& peer, const IdHash& hash, CachedMessage& message) {
  if (peer.key == message.source || peer.info.id == message.author) return;
  if (peer.known.contains(hash)) {
    ++counters.unwanted;
    if (may_learn(message)) {
      links.observe(message.source, peer.key, /*was_redundant=*/true);
      peer.lag.observe(Duration(0));
    }
    return;
  }
  if (may_learn(message) && links.is_redundant(message.source, peer.key, message.data_bytes) &&
      held.size() < options.limits.held_max) {
    ++counters.held;
    held.add(now + peer.lag.hold(), {.message = hash, .peer = peer.key});
    return;
  }
  send_copy(peer, message, Priority::forward);
}

void Router::State::send_copy(const Peer& peer, CachedMessage& message, Priority priority) {
  ++counters.forwarded;
  if (message.sent_to.size() < kAskersMax) message.sent_to.push_back(peer.key);
  send(peer, message.rpc, priority, message.id);
}

void Router::State::send_held() {
  while (const auto copy = held.take_due(now)) {
    Peer* peer = find(copy->peer);
    CachedMessage* message = cache.find(copy->message);
    if (!peer || !message) continue;
    if (peer->known.contains(copy->message)) {
      ++counters.held_cancelled;
      continue;
    }
    ++counters.held_sent;
    send_copy(*peer, *message, Priority::forward);
  }
}

Result<MessageId> Router::State::publish(Topic& topic, ByteView data) {
  if (data.size() > options.limits.message_bytes_max) return Errc::too_large;
  const Bytes written =
      write_signed_message({.topic = topic.name, .data = data, .seqno = next_seqno}, identity);
  const auto view = parse_message(written);
  GHMESH_CHECK(view.has_value());
  MessageId id = make_message_id(options.id_scheme, *view, identity.peer_id());
  const IdHash hash = hash_id(id);
  if (seen.contains(hash)) return Errc::gossipsub_duplicate;
  ++next_seqno;
  ++counters.published;
  promises.arrived(hash);
  insert(hash, {.id = id,
                .topic = index_of(topic),
                .author = identity.peer_id(),
                .received_at = now,
                .rpc = std::make_shared<const Bytes>(write_message_rpc(*view)),
                .data_bytes = data.size()});
  CachedMessage& message = *cache.find(hash);
  const std::set<PeerKey> targets = publish_targets(topic, message.rpc->size());
  for (const PeerKey key : targets) send_copy(peers.at(key), message, Priority::own_message);
  if (targets.empty()) unheard.push_back(hash);
  if (unheard.size() > kUnheardMax) unheard.pop_front();
  return id;
}

// A subscriber has come. What was published before the first of them would never leave: the mesh passes on what
// arrives, and gossip is for those outside of it.
void Router::State::send_unheard(const Peer& peer, const Topic& topic) {
  if (!may_publish_to(peer)) return;
  std::erase_if(unheard, [&](const IdHash& hash) {
    CachedMessage* message = cache.find(hash);
    if (!message) return true;
    if (message->topic != index_of(topic)) return false;
    send_copy(peer, *message, Priority::own_message);
    return message->sent_to.size() >= options.degree;
  });
}

std::set<PeerKey> Router::State::publish_targets(Topic& topic, std::size_t message_bytes) {
  std::set<PeerKey> targets;
  std::vector<PeerKey> others;
  for (const PeerKey key : topic.subscribers)
    if (may_publish_to(peers.at(key))) others.push_back(key);
  if (options.flood_publish && others.size() * message_bytes <= options.flood_bytes_max)
    return {others.begin(), others.end()};

  for (const PeerKey key : topic.unmeshed)
    if (may_publish_to(peers.at(key))) targets.insert(key);
  if (!topic.is_subscribed) {
    fill_fanout(topic);
    topic.fanout_until = now + options.fanout_ttl;
    targets.insert(topic.fanout.begin(), topic.fanout.end());
    return targets;
  }
  targets.insert(topic.mesh.begin(), topic.mesh.end());
  // A mesh that is still small is no reason to tell fewer.
  std::size_t missing = options.degree - std::min(options.degree, topic.mesh.size());
  shuffle(others, random);
  for (const PeerKey key : others) {
    if (missing == 0) break;
    if (targets.insert(key).second) --missing;
  }
  return targets;
}

void Router::State::fill_fanout(Topic& topic) {
  std::vector<PeerKey> others;
  for (const PeerKey key : topic.subscribers) {
    const Peer& peer = peers.at(key);
    if (peer.may_be_in_mesh() && may_publish_to(peer) && !topic.fanout.contains(key))
      others.push_back(key);
  }
  shuffle(others, random);
  for (const PeerKey key : others) {
    if (topic.fanout.size() >= options.degree) break;
    topic.fanout.insert(key);
  }
}

void Router::State::report(const MessageId& id, Verdict verdict) {
  const IdHash hash = hash_id(id);
  CachedMessage* message = cache.find(hash);
  if (!message || !message->is_pending) return;
  cache.verdict_came(*message);
  std::vector<PeerKey> bringers = message->bringers;
  if (verdict == Verdict::accept) {
    if (Peer* source = find(message->source)) scores.delivered_first(*source->card, message->topic);
    forward(hash, *message);
    return;
  }
  ++(verdict == Verdict::reject ? counters.rejected : counters.ignored);
  bringers.push_back(message->source);
  if (verdict == Verdict::reject)
    for (const PeerKey key : bringers)
      if (Peer* bringer = find(key)) scores.delivered_invalid(*bringer->card, message->topic);
  cache.erase(hash);
}

}  // namespace ghmesh::gossipsub
