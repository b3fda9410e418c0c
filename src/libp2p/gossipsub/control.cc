// SPDX-License-Identifier: Apache-2.0 OR MIT
// Control that arrives: IHAVE, IWANT, GRAFT, PRUNE, IDONTWANT. Every list is walked where it lies in the RPC, up to a
// limit per heartbeat; nothing is remembered of topics that we are not in (CVE-2026-95859).
#include <algorithm>

#include "libp2p/gossipsub/state.h"

namespace ghmesh::gossipsub {

Topic* Router::State::joined_topic(const Element& element) {
  Topic* topic = find_topic(element.topic);
  if (topic && topic->is_subscribed) return topic;
  ++counters.not_allowed;
  return nullptr;
}

void Router::State::handle_ihave(Peer& peer, const Element& element) {
  if (!joined_topic(element) || score(peer) < options.scoring.gossip_threshold) return;
  Peer::Turn& turn = peer.turn;
  if (turn.last_ihave_rpc != rpcs_count) ++turn.ihave_rpcs;
  turn.last_ihave_rpc = rpcs_count;
  if (turn.ihave_rpcs > kIHaveRpcsMax) {
    ++counters.ihave_over_limit;
    return;
  }
  std::vector<MessageId> wanted;
  IdReader ids(element);
  while (const auto id = ids.next()) {
    if (turn.ihave_ids >= kIHaveIdsLookedAtMax || turn.iwant_ids_sent >= kIWantIdsSentMax) {
      ++counters.ihave_over_limit;
      break;
    }
    ++turn.ihave_ids;
    ++counters.ihave_received;
    if (id->empty() || id->size() > kIdBytesMax) continue;
    const IdHash hash = hash_id(*id);
    if (seen.contains(hash) || !promises.may_ask(hash, now)) continue;
    promises.asked(hash, now);
    ++turn.iwant_ids_sent;
    wanted.emplace_back(*id);
  }
  if (!wanted.empty()) want(peer, std::move(wanted));
}

void Router::State::handle_iwant(Peer& peer, const Element& element) {
  if (score(peer) < options.scoring.gossip_threshold) return;
  Peer::Turn& turn = peer.turn;
  if (turn.last_iwant_rpc != rpcs_count) ++turn.iwant_rpcs;
  turn.last_iwant_rpc = rpcs_count;
  if (turn.iwant_rpcs > kIWantRpcsMax) {
    ++counters.iwant_over_limit;
    return;
  }
  IdReader ids(element);
  while (const auto id = ids.next()) {
    if (turn.iwant_ids >= kIWantIdsLookedAtMax) {
      ++counters.iwant_over_limit;
      break;
    }
    ++turn.iwant_ids;
    ++counters.iwant_received;
    if (id->empty() || id->size() > kIdBytesMax) continue;
    const IdHash hash = hash_id(*id);
    CachedMessage* message = cache.find(hash);
    if (!message || message->is_pending || peer.known.contains(hash)) continue;
    if (!may_answer(peer, *message)) {
      ++counters.iwant_over_limit;
      continue;
    }
    turn.iwant_answer_bytes += message->rpc->size();
    ++counters.iwant_answered;
    send_copy(peer, *message, Priority::gossip);
  }
}

// Not again and again, and not more in a heartbeat than a peer can be in need of (CVE-2024-32984 is the general case:
// answers must not pile up for whoever does not read them; the host's queue drops Priority::gossip first).
bool Router::State::may_answer(const Peer& peer, CachedMessage& message) {
  if (peer.turn.iwant_answer_bytes + message.rpc->size() > kIWantAnswerBytesMax) return false;
  auto asker = std::ranges::find(message.askers, peer.key, &CachedMessage::Asker::peer);
  if (asker == message.askers.end()) {
    if (message.askers.size() >= kAskersMax) return false;
    asker = message.askers.insert(asker, {.peer = peer.key, .times = 0});
  }
  if (asker->times >= kRetransmissionsMax) return false;
  ++asker->times;
  return true;
}

void Router::State::handle_graft(Peer& peer, const Element& element) {
  Topic* topic = joined_topic(element);
  if (!topic) return;
  ++counters.grafts_received;
  if (topic->mesh.contains(peer.key)) return;
  const Reception reception = receive_graft(peer, *topic);
  if (reception != Reception::welcome) {
    ++counters.grafts_refused;
    prune(peer, *topic, options.prune_backoff,
          reception == Reception::refused ? Exchange::without : Exchange::with_suggestions);
    return;
  }
  // Who wants to be in the mesh is a subscriber, whether or not its word for it has come.
  const bool is_new = peer.topics.insert(index_of(*topic)).second;
  if (is_new) events.push_back(SubscriptionChanged{peer.info.id, topic->name, true});
  place(peer, *topic);
  if (is_new) send_unheard(peer, *topic);
  topic->mesh.insert(peer.key);
  scores.grafted(*peer.card, index_of(*topic), now);
}

Router::State::Reception Router::State::receive_graft(Peer& peer, const Topic& topic) {
  if (!peer.may_be_in_mesh()) return Reception::refused;
  const auto backoff = backoffs.until(index_of(topic), peer.info.id);
  if (backoff && now < *backoff) {
    ++counters.grafts_in_backoff;
    // Twice as bad while our PRUNE is still fresh: no race explains it.
    const bool is_flood = now < *backoff - options.prune_backoff + options.graft_flood_threshold;
    scores.misbehaved(*peer.card, is_flood ? 2 : 1);
    return Reception::refused;
  }
  if (score(peer) < 0) return Reception::refused;
  // A full mesh takes in only whom we dialed ourselves: an attacker cannot choose to be that.
  if (topic.mesh.size() >= options.degree_high && peer.info.direction == Direction::inbound)
    return Reception::refused_with_suggestions;
  return Reception::welcome;
}

void Router::State::handle_prune(Peer& peer, const Element& element) {
  Topic* topic = joined_topic(element);
  if (!topic) return;
  ++counters.prunes_received;
  if (topic->mesh.erase(peer.key) > 0) scores.pruned(*peer.card, index_of(*topic), now);
  const Duration backoff = clamp_backoff(element.seconds, options.prune_backoff);
  if (element.seconds > 0 && backoff == kBackoffMax) ++counters.backoffs_clamped;
  add_backoff(*topic, peer, backoff);
  suggestions(peer, *topic, element);
}

void Router::State::suggestions(Peer& peer, const Topic& topic, const Element& element) {
  const bool is_trusted = score(peer) >= options.scoring.accept_px_threshold;
  PeersSuggested suggested{.by = peer.info.id, .topic = topic.name};
  SuggestionReader reader(element);
  while (const auto view = reader.next()) {
    auto id = PeerId::parse(view->peer_id);
    if (!is_trusted || suggested.peers.size() >= kSuggestionsSentMax || !id ||
        view->signed_record.size() > kSignedRecordBytesMax) {
      ++counters.px_ignored;
      continue;
    }
    if (*id == identity.peer_id() || find(*id)) continue;
    suggested.peers.push_back({.id = *id, .signed_record = copy_bytes(view->signed_record)});
  }
  if (!suggested.peers.empty()) events.push_back(std::move(suggested));
}

void Router::State::handle_idontwant(Peer& peer, const Element& element) {
  IdReader ids(element);
  while (const auto id = ids.next()) {
    if (id->empty() || id->size() > kIdBytesMax) continue;
    ++counters.idontwant_received;
    learn_word(peer, hash_id(*id));
    if (peer.deaf_heartbeats == kWordHeartbeats) break;  // no room for more in this heartbeat
  }
}

}  // namespace ghmesh::gossipsub
