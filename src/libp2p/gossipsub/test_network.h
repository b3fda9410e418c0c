// SPDX-License-Identifier: Apache-2.0 OR MIT
// Routers and the wires between them, under a clock of their own: for tests and fuzz targets of this room.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/random.h"
#include "libp2p/gossipsub/router.h"
#include "libp2p/gossipsub/rpc.h"

namespace ghmesh::gossipsub {

// Made once: tests ask for the same few again and again.
inline const keys::PrivateKey& test_key(std::uint64_t number) {
  static std::map<std::uint64_t, keys::PrivateKey> made;
  if (const auto found = made.find(number); found != made.end()) return found->second;
  Bytes seed(crypto::kEd25519SeedBytes);
  store_big_endian<std::uint64_t>(seed, number);
  return made.emplace(number, keys::PrivateKey::of_seed(crypto::Secret(seed))).first->second;
}

inline Options test_options(std::string topic = "news") {
  Options options;
  options.topics[std::move(topic)];
  options.first_seqno = 1;
  return options;
}

// How a wire carries RPCs: in order, each after a delay drawn from [delay_min, delay_max]; some are lost.
struct Weather {
  Duration delay_min = 1ms;
  Duration delay_max = 1ms;
  double loss = 0;
};

class TestNetwork {
 public:
  struct Node {
    const keys::PrivateKey& key;
    std::unique_ptr<Router> router;
    std::vector<Delivered> delivered;
    std::vector<Instant> delivered_at;
    std::vector<Event> other_events;
    const PeerId& id() const { return key.peer_id(); }
  };

  explicit TestNetwork(std::uint64_t seed = 1) : random_(seed) {}

  Node& add(const Options& options) {
    const std::uint64_t number = nodes_.size() + 1;
    nodes_.push_back(std::make_unique<Node>(Node{.key = test_key(number)}));
    Node& node = *nodes_.back();
    node.router = std::make_unique<Router>(options, node.key, number, now);
    numbers_[node.id()] = nodes_.size() - 1;
    rearm(nodes_.size() - 1);
    return node;
  }
  Node& operator[](std::size_t number) { return *nodes_[number]; }
  std::size_t size() const { return nodes_.size(); }

  // `a` dials.
  void connect(std::size_t a, std::size_t b, Version version = Version::meshsub_1_2) {
    connected_.insert({a, b});
    connected_.insert({b, a});
    connect_one(a, {.id = nodes_[b]->id(), .version = version, .direction = Direction::outbound});
    connect_one(b, {.id = nodes_[a]->id(), .version = version, .direction = Direction::inbound});
  }
  void connect_all() {
    for (std::size_t a = 0; a < size(); ++a)
      for (std::size_t b = 0; b < a; ++b) connect(a, b);
  }
  void disconnect(std::size_t a, std::size_t b) {
    connected_.erase({a, b});
    connected_.erase({b, a});
    nodes_[a]->router->peer_disconnected(nodes_[b]->id(), now);
    nodes_[b]->router->peer_disconnected(nodes_[a]->id(), now);
    drain(a);
    drain(b);
  }
  bool are_connected(std::size_t a, std::size_t b) const { return connected_.contains({a, b}); }

  void subscribe_all(std::string_view topic = "news") {
    for (std::size_t i = 0; i < size(); ++i) {
      (void)nodes_[i]->router->subscribe(topic, now).has_value();
      drain(i);
    }
  }
  MessageId publish(std::size_t i, ByteView data, std::string_view topic = "news") {
    auto id = nodes_[i]->router->publish(topic, data, now);
    GHMESH_CHECK(id.has_value());
    drain(i);
    return *id;
  }
  // What node `i` was told to do outside of this class leads to outputs and events: takes them.
  void drain(std::size_t i) {
    Node& node = *nodes_[i];
    while (auto output = node.router->next_output()) post(i, *output);
    while (auto event = node.router->next_event()) {
      if (auto* delivered = std::get_if<Delivered>(&*event)) {
        node.delivered.push_back(std::move(*delivered));
        node.delivered_at.push_back(now);
      } else {
        node.other_events.push_back(std::move(*event));
      }
    }
    rearm(i);
  }

  void run_for(Duration duration) {
    const Instant end = now + duration;
    for (;;) {
      const Instant packet = wire_.empty() ? Instant::max() : wire_.begin()->first;
      const Instant timer = timers_.empty() ? Instant::max() : timers_.begin()->first;
      if (std::min(packet, timer) > end) break;
      now = std::max(now, std::min(packet, timer));
      if (packet <= timer) carry();
      else tick();
    }
    now = end;
  }

  Counters total() const {
    Counters sum;
    for (const auto& node : nodes_) {
      const Counters& counters = node->router->counters();
      sum.delivered += counters.delivered;
      sum.duplicates += counters.duplicates;
      sum.forwarded += counters.forwarded;
      sum.idontwant_sent += counters.idontwant_sent;
      sum.unwanted += counters.unwanted;
      sum.held += counters.held;
      sum.held_cancelled += counters.held_cancelled;
      sum.held_sent += counters.held_sent;
      sum.invalid += counters.invalid;
    }
    return sum;
  }

  Instant now = Instant(1h);
  Weather weather;
  std::uint64_t bytes =
      0;  // that went over the wires, with a varint of length, yamux header and Noise framing
  std::uint64_t rpcs = 0;
  std::set<std::pair<std::size_t, std::size_t>>
      cut;  // from, to: nothing arrives, and nobody is told

 private:
  struct Packet {
    std::size_t from, to;
    std::shared_ptr<const Bytes> rpc;
  };
  static constexpr std::size_t kFramingBytes = 2 + 12 + 18;

  void connect_one(std::size_t i, const PeerInfo& peer) {
    GHMESH_CHECK(nodes_[i]->router->peer_connected(peer, now).has_value());
    drain(i);
  }
  void rearm(std::size_t i) {
    if (deadlines_.size() <= i) deadlines_.resize(i + 1);
    timers_.erase({deadlines_[i], i});
    deadlines_[i] = nodes_[i]->router->next_deadline();
    timers_.insert({deadlines_[i], i});
  }
  void tick() {
    const std::size_t i = timers_.begin()->second;
    nodes_[i]->router->tick(now);
    drain(i);
  }
  void post(std::size_t from, const Output& output) {
    const auto number = numbers_.find(output.to);
    if (number == numbers_.end()) return;  // to a peer whose part somebody else plays
    const std::size_t to = number->second;
    if (!nodes_[from]->router->is_wanted(output)) return;
    bytes += output.rpc->size() + kFramingBytes;
    ++rpcs;
    if (cut.contains({from, to})) return;
    if (weather.loss > 0 && random_.chance(weather.loss)) return;
    const auto spread = static_cast<std::uint64_t>((weather.delay_max - weather.delay_min).count());
    const Duration delay =
        weather.delay_min + Duration(static_cast<Duration::rep>(random_.below(spread + 1)));
    Instant& last = last_arrival_[{from, to}];
    last = std::max(last, now + delay);
    wire_.emplace(last, Packet{from, to, output.rpc});
  }
  void carry() {
    const Packet packet = wire_.extract(wire_.begin()).mapped();
    if (!are_connected(packet.from, packet.to)) return;
    if (!nodes_[packet.to]->router->receive(nodes_[packet.from]->id(), *packet.rpc, now))
      disconnect(packet.from, packet.to);
    drain(packet.to);
  }

  Random random_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<PeerId, std::size_t> numbers_;
  std::set<std::pair<std::size_t, std::size_t>> connected_;
  std::map<std::pair<std::size_t, std::size_t>, Instant> last_arrival_;
  std::multimap<Instant, Packet> wire_;
  std::vector<Instant> deadlines_;
  std::set<std::pair<Instant, std::size_t>> timers_;
};

}  // namespace ghmesh::gossipsub
