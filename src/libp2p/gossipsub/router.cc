// SPDX-License-Identifier: Apache-2.0 OR MIT
// The door, and peers behind it.
#include "libp2p/gossipsub/router.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"
#include "libp2p/gossipsub/state.h"

namespace ghmesh::gossipsub {
namespace {

constexpr std::array<std::string_view, 4> kProtocolIds = {"/meshsub/1.2.0", "/meshsub/1.1.0",
                                                          "/meshsub/1.0.0", "/floodsub/1.0.0"};

// What breaks the format costs as much as a broken promise, should the peer come back.
constexpr double kMalformedBehaviour = 1;

void check_options(const Options& options) {
  GHMESH_CHECK(options.limits.topics_max <= std::numeric_limits<TopicIndex>::max());
  GHMESH_CHECK(options.degree_low <= options.degree && options.degree <= options.degree_high);
  GHMESH_CHECK(options.degree_outbound < options.degree_low &&
               options.degree_outbound <= options.degree / 2);
  GHMESH_CHECK(options.gossip_heartbeats <= options.cache_heartbeats);
  GHMESH_CHECK(options.heartbeat > Duration(0) && options.scoring.decay_interval > Duration(0));
  const Scoring& scoring = options.scoring;
  GHMESH_CHECK(scoring.graylist_threshold <= scoring.publish_threshold &&
               scoring.publish_threshold <= scoring.gossip_threshold &&
               scoring.gossip_threshold <= 0);
}

}  // namespace

std::span<const std::string_view> protocol_ids() { return kProtocolIds; }

std::optional<Version> version_of(std::string_view protocol_id) {
  const auto found = std::ranges::find(kProtocolIds, protocol_id);
  if (found == kProtocolIds.end()) return std::nullopt;
  return static_cast<Version>(kProtocolIds.end() - found - 1);
}

// --- the door ---

Router::Router(Options options, const keys::PrivateKey& identity, std::uint64_t seed, Instant now) {
  check_options(options);
  state_ = std::make_unique<State>(std::move(options), identity, seed, now);
}

Router::~Router() = default;

Result<void> Router::peer_connected(const PeerInfo& peer, Instant now) {
  state_->now = now;
  auto connected = state_->connect(peer);
  state_->flush();
  return connected;
}

void Router::peer_disconnected(const PeerId& peer, Instant now) {
  state_->now = now;
  state_->disconnect(peer);
  state_->flush();
}

Result<void> Router::receive(const PeerId& from, ByteView rpc, Instant now) {
  state_->now = now;
  Peer* peer = state_->find(from);
  if (!peer) return {};
  auto received = state_->receive(*peer, rpc);
  state_->flush();
  return received;
}

void Router::set_application_score(const PeerId& peer, double score) {
  if (Peer* found = state_->find(peer)) state_->scores.set_application(*found->card, score);
}

void Router::set_signed_record(const PeerId& peer, Bytes record) {
  Peer* found = state_->find(peer);
  if (!found) return;
  if (record.size() > kSignedRecordBytesMax) record.clear();
  found->signed_record = std::move(record);
}

void Router::allow_colocation(std::string ip_group) {
  state_->scores.allow_colocation(std::move(ip_group));
}

Result<void> Router::add_topic(std::string name, const TopicOptions& options, Instant now) {
  state_->now = now;
  auto added = state_->add(std::move(name), options);
  state_->flush();
  return added;
}

void Router::remove_topic(std::string_view name, Instant now) {
  unsubscribe(name, now);
  if (Topic* found = state_->find_topic(name)) state_->remove(*found);
}

Result<void> Router::subscribe(std::string_view topic, Instant now) {
  state_->now = now;
  Topic* found = state_->find_topic(topic);
  if (!found) return Errc::unsupported;
  state_->join(*found);
  state_->flush();
  return {};
}

void Router::unsubscribe(std::string_view topic, Instant now) {
  state_->now = now;
  Topic* found = state_->find_topic(topic);
  if (!found) return;
  state_->leave(*found);
  state_->flush();
}

std::uint64_t Router::next_seqno() const { return state_->next_seqno; }

Result<MessageId> Router::publish(std::string_view topic, ByteView data, Instant now) {
  state_->now = now;
  Topic* found = state_->find_topic(topic);
  if (!found) return Errc::unsupported;
  return state_->publish(*found, data);
}

void Router::report(const MessageId& message, Verdict verdict, Instant now) {
  state_->now = now;
  state_->report(message, verdict);
}

void Router::tick(Instant now) {
  state_->now = now;
  state_->send_held();
  if (now >= state_->next_heartbeat) state_->heartbeat();
  state_->flush();
}

Instant Router::next_deadline() const {
  return std::min(state_->next_heartbeat, state_->held.next_deadline());
}

std::optional<Output> Router::next_output() {
  if (state_->outputs.empty()) return std::nullopt;
  Output output = std::move(state_->outputs.front());
  state_->outputs.pop_front();
  return output;
}

std::optional<Event> Router::next_event() {
  if (state_->events.empty()) return std::nullopt;
  Event event = std::move(state_->events.front());
  state_->events.pop_front();
  return event;
}

bool Router::is_wanted(const Output& output) const {
  const Peer* peer = state_->find(output.to);
  return peer && (!output.message || !peer->known.contains(hash_id(*output.message)));
}

namespace {

template <class Peers>
std::vector<PeerId> ids_of(const std::set<PeerKey>& wanted, const Peers& peers) {
  std::vector<PeerId> ids;
  for (const PeerKey key : wanted) ids.push_back(peers.at(key).info.id);
  return ids;
}

}  // namespace

std::vector<PeerId> Router::mesh_peers(std::string_view topic) const {
  const Topic* found = state_->find_topic(topic);
  return found ? ids_of(found->mesh, state_->peers) : std::vector<PeerId>();
}

std::vector<PeerId> Router::fanout_peers(std::string_view topic) const {
  const Topic* found = state_->find_topic(topic);
  return found ? ids_of(found->fanout, state_->peers) : std::vector<PeerId>();
}

std::vector<PeerId> Router::subscribers(std::string_view topic) const {
  const Topic* found = state_->find_topic(topic);
  return found ? ids_of(found->subscribers, state_->peers) : std::vector<PeerId>();
}

double Router::score(const PeerId& peer) const {
  const ScoreCard* card = state_->scores.find(peer);
  return card ? state_->scores.score(*card, state_->now) : 0;
}

const Counters& Router::counters() const { return state_->counters; }

Holdings Router::holdings() const {
  const State& state = *state_;
  Holdings holdings{.peers = state.peers.size(),
                    .cached_messages = state.cache.size(),
                    .cached_bytes = state.cache.bytes(),
                    .pending_messages = state.cache.pending(),
                    .seen = state.seen.size(),
                    .backoffs = state.backoffs.size(),
                    .promises = state.promises.size(),
                    .held = state.held.size(),
                    .retained_scores = state.scores.retained_count()};
  for (const Topic& topic : state.topics) {
    holdings.subscriptions += topic.subscribers.size();
    holdings.mesh_links += topic.mesh.size();
  }
  for (const auto& [key, peer] : state.peers) {
    holdings.known_ids += peer.known.size();
    holdings.other_topics += peer.other_topics.size();
  }
  return holdings;
}

// --- peers ---

Router::State::State(Options options_, const keys::PrivateKey& identity_, std::uint64_t seed,
                     Instant now_)
    : options(std::move(options_)),
      identity(identity_),
      random(seed),
      now(now_),
      next_seqno(options.first_seqno != 0 ? options.first_seqno : random()),
      next_heartbeat(now_),
      scores(options, now_),
      backoffs(options.limits.backoffs_max),
      promises(options.heartbeat),
      seen(options.seen_ttl, options.limits.seen_max),
      cache(options) {
  for (const auto& [name, topic] : options.topics) GHMESH_CHECK(add(name, topic).has_value());
  // Nodes that start together should not beat together.
  next_heartbeat +=
      Duration(static_cast<Duration::rep>(random.unit() * double(options.heartbeat.count())));
}

Peer* Router::State::find(const PeerId& id) {
  const auto key = keys.find(id);
  return key == keys.end() ? nullptr : find(key->second);
}

const Peer* Router::State::find(const PeerId& id) const {
  const auto key = keys.find(id);
  return key == keys.end() ? nullptr : &peers.at(key->second);
}

Peer* Router::State::find(PeerKey key) {
  const auto found = peers.find(key);
  return found == peers.end() ? nullptr : &found->second;
}

bool Router::State::may_publish_to(const Peer& peer) const {
  return peer.info.is_direct || score(peer) >= options.scoring.publish_threshold;
}

Result<void> Router::State::connect(const PeerInfo& info) {
  if (Peer* peer = find(info.id)) {
    update(*peer, info);
    return {};
  }
  if (peers.size() >= options.limits.peers_max) {
    ++counters.peers_refused;
    return Errc::limit_reached;
  }
  const PeerKey key = next_key++;
  keys[info.id] = key;
  Peer& peer = peers[key];
  peer.key = key;
  peer.info = info;
  peer.card = &scores.connected(info.id, info.ip_group);
  for (const Topic& topic : topics)
    if (topic.is_subscribed) announce(peer, topic, true);
  return {};
}

void Router::State::update(Peer& peer, const PeerInfo& info) {
  peer.info = info;
  scores.connected(info.id, info.ip_group);
  for (const TopicIndex index : peer.topics) place(peer, topics[index]);
}

void Router::State::disconnect(const PeerId& id) {
  Peer* peer = find(id);
  if (!peer) return;
  const PeerKey key = peer->key;
  for (const TopicIndex index : peer->topics) {
    Topic& topic = topics[index];
    topic.subscribers.erase(key);
    topic.unmeshed.erase(key);
    topic.mesh.erase(key);
    topic.fanout.erase(key);
    events.push_back(SubscriptionChanged{.peer = id, .topic = topic.name});
  }
  scores.disconnected(id, now);
  promises.forget(key);
  links.forget(key);
  drafted.erase(key);
  keys.erase(id);
  peers.erase(key);
}

Result<void> Router::State::receive(Peer& peer, ByteView rpc) {
  if (rpc.size() > options.limits.rpc_bytes_max) return give_up(peer, Errc::gossipsub_limit);
  if (!is_readable(peer)) {
    ++counters.rpcs_graylisted;
    return {};
  }
  auto scanned = scan_rpc(rpc);
  if (!scanned)
    return give_up(peer, scanned.error() == Errc::gossipsub_limit ? Errc::gossipsub_limit
                                                                  : Errc::gossipsub_malformed);
  ++rpcs_count;
  RpcReader reader(rpc);
  while (auto element = reader.next()) {
    handle(peer, *element);
    // A flood of forgeries ends with the third and not with its last.
    if (element->kind == Element::Kind::message && !is_readable(peer)) break;
  }
  return {};
}

bool Router::State::is_readable(Peer& peer) {
  if (peer.info.is_direct) return true;
  const double current = score(peer);
  const bool is_graylisted = current < options.scoring.graylist_threshold;
  if (is_graylisted && !peer.is_graylisted) {
    ++counters.graylistings;
    events.push_back(Graylisted{.peer = peer.info.id, .score = current});
  }
  peer.is_graylisted = is_graylisted;
  return !is_graylisted;
}

Result<void> Router::State::give_up(Peer& peer, Errc reason) {
  ++(reason == Errc::gossipsub_limit ? counters.rpcs_over_limit : counters.rpcs_malformed);
  scores.misbehaved(*peer.card, kMalformedBehaviour);
  disconnect(PeerId(peer.info.id));
  return reason;
}

void Router::State::handle(Peer& peer, const Element& element) {
  switch (element.kind) {
    case Element::Kind::subscribe:
    case Element::Kind::unsubscribe:
      return subscription(peer, element.topic, element.kind == Element::Kind::subscribe);
    case Element::Kind::message: message(peer, element.body); return;
    default: break;
  }
  if (!peer.speaks_control()) return;
  switch (element.kind) {
    case Element::Kind::ihave: handle_ihave(peer, element); break;
    case Element::Kind::iwant: handle_iwant(peer, element); break;
    case Element::Kind::graft: handle_graft(peer, element); break;
    case Element::Kind::prune: handle_prune(peer, element); break;
    case Element::Kind::idontwant: handle_idontwant(peer, element); break;
    default: break;
  }
}

}  // namespace ghmesh::gossipsub
