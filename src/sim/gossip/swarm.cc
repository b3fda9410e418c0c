// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/gossip/swarm.h"

#include <algorithm>
#include <set>
#include <utility>

#include "crypto/secret.h"
#include "crypto/sign.h"

namespace ghmesh::sim::gossip {
namespace {

using gossipsub::Direction;
using gossipsub::MessageId;
using gossipsub::Output;
using gossipsub::Priority;
using gossipsub::Router;
using multiformats::PeerId;

// A varint of the length, the header of a yamux frame, and a Noise message's length and tag.
constexpr std::size_t kFramingBytes = 2 + 12 + 18;
constexpr std::size_t kQueueBytesMax =
    4 * 1024 * 1024;  // of a link; what is beyond is dropped, but never control
constexpr std::size_t kPrioritiesCount = 4;
constexpr Duration kRedialAfter = 1s;
constexpr std::uint32_t kLostIslands = 1 << 20;  // from here on, one for each node without power

keys::PrivateKey key_of(Random& random) {
  Bytes seed;
  while (seed.size() < crypto::kEd25519SeedBytes) append_big_endian<std::uint64_t>(seed, random());
  return keys::PrivateKey::of_seed(crypto::Secret(seed));
}

Duration percentile(const std::vector<Duration>& sorted, double share) {
  if (sorted.empty()) return 0ns;
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

struct Swarm::Link {
  SocketId socket;
  Direction direction;
  std::array<std::deque<Output>, kPrioritiesCount> queues;
  std::size_t queued_bytes = 0;
};

struct Swarm::Member {
  explicit Member(keys::PrivateKey key_in) : key(std::move(key_in)) {}

  keys::PrivateKey key;
  std::unique_ptr<Router> router;  // null while down
  std::uint32_t lives_count = 0;
  std::map<NodeId, Link> links;
  std::optional<Behaviour> behaviour;  // of a hostile one
  bool is_dialing = false;

  std::size_t outbound_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        links, [](const auto& link) { return link.second.direction == Direction::outbound; }));
  }
};

struct Swarm::Tracked {
  Instant published_at;
  std::map<NodeId, std::uint32_t> audience;  // and which life they were in
  std::map<NodeId, Duration> latencies;
};

Swarm::Swarm(SwarmOptions options)
    : options_(std::move(options)),
      network_({.seed = options_.seed,
                .link = options_.link,
                .socket_bytes_max = options_.link_bytes_max}),
      random_(network_.split_random()) {
  for (std::size_t i = 0; i < options_.nodes_count; ++i) {
    const NodeId node = network_.add_node();
    members_.push_back(std::make_unique<Member>(key_of(random_)));
    nodes_[id(node)] = node;
  }
  for (NodeId node = 0; node < size(); ++node) start(node);
  dial_at_random();
}

Swarm::~Swarm() = default;

// Every two nodes at most once; in a small swarm there are not so many others.
void Swarm::dial_at_random() {
  std::set<Way> dialed;
  for (NodeId node = 0; node < size(); ++node) {
    std::vector<NodeId> others;
    for (NodeId other = 0; other < size(); ++other)
      if (other != node && !dialed.contains({.from = other, .to = node})) others.push_back(other);
    for (std::size_t i = 0; i < std::min(options_.dials_count, others.size()); ++i) {
      std::swap(others[i], others[i + random_.below(others.size() - i)]);
      const Way way{.from = node, .to = others[i]};
      dialed.insert(way);
      dial(way);
    }
  }
}

void Swarm::run_until(Instant end) {
  while (auto event = network_.next_event(end)) handle(*event);
}

// --- members ---

Router& Swarm::router(NodeId node) { return *members_[node]->router; }
const PeerId& Swarm::id(NodeId node) const { return members_[node]->key.peer_id(); }
bool Swarm::is_up(NodeId node) const { return members_[node]->router != nullptr; }
bool Swarm::is_honest(NodeId node) const { return !members_[node]->behaviour; }

NodeId Swarm::some_honest() {
  for (;;) {
    const auto node = static_cast<NodeId>(random_.below(size()));
    if (is_up(node) && is_honest(node)) return node;
  }
}

void Swarm::make_hostile(NodeId node, Behaviour behaviour) {
  members_[node]->behaviour = std::move(behaviour);
}

void Swarm::start(NodeId node) {
  Member& member = *members_[node];
  gossipsub::Options options = options_.router;
  options.topics = {{kTopic, options_.topic}};
  options.first_seqno = static_cast<std::uint64_t>(now().time_since_epoch().count()) + 1;
  member.router = std::make_unique<Router>(options, member.key, random_(), now());
  ++member.lives_count;
  network_.listen(node);
  GHMESH_CHECK(member.router->subscribe(kTopic, now()).has_value());
  drain(node);
  explore(node);
}

void Swarm::crash(NodeId node) {
  Member& member = *members_[node];
  if (!member.router) return;
  if (is_honest(node)) {
    gone_.first += member.router->counters().delivered;
    gone_.again += member.router->counters().duplicates;
  }
  member.router.reset();
  member.links.clear();
  network_.crash(node);
}

void Swarm::lose_power(NodeId node) {
  network_.move_to_island(node, kLostIslands + node);
  crash(node);
}

void Swarm::restart(NodeId node) {
  network_.move_to_island(node, 0);
  start(node);
  keep_dialing(node);
}

void Swarm::dial(Way way) { network_.connect(way, Carries::messages); }

std::vector<NodeId> Swarm::linked(NodeId node) const {
  std::vector<NodeId> peers;
  for (const auto& [peer, link] : members_[node]->links) peers.push_back(peer);
  return peers;
}

void Swarm::dial_somebody(NodeId node) {
  const auto to = static_cast<NodeId>(random_.below(size()));
  if (to != node && !members_[node]->links.contains(to)) dial({.from = node, .to = to});
}

// One after the other, until the member has dialed as many as at first. Whoever dials it does not count: else a member
// that attackers surround would never look for anybody else.
void Swarm::keep_dialing(NodeId node) {
  Member& member = *members_[node];
  if (!member.router || member.is_dialing || member.outbound_count() >= options_.dials_count ||
      member.links.size() + 1 >= size())
    return;
  member.is_dialing = true;
  network_.at(now() + kRedialAfter, [this, node] {
    members_[node]->is_dialing = false;
    if (!is_up(node)) return;
    dial_somebody(node);
    keep_dialing(node);
  });
}

void Swarm::explore(NodeId node) {
  const std::uint32_t life = members_[node]->lives_count;
  network_.at(now() + options_.explore_interval, [this, node, life] {
    const Member& member = *members_[node];
    if (!member.router || member.lives_count != life) return;
    if (member.links.size() < 2 * options_.dials_count) dial_somebody(node);
    explore(node);
  });
}

// --- what the network says ---

void Swarm::handle(const NetworkEvent& event) {
  const NodeId node = event.node;
  Member& member = *members_[node];
  if (!member.router) return;
  switch (event.kind) {
    case NetworkEvent::Kind::timer: member.router->tick(now()); break;
    case NetworkEvent::Kind::connected:
      add_link(node, event.peer, event.socket, Direction::outbound);
      break;
    case NetworkEvent::Kind::accepted:
      add_link(node, event.peer, event.socket, Direction::inbound);
      break;
    case NetworkEvent::Kind::message: {
      const auto found = member.links.find(event.peer);
      if (found == member.links.end() || found->second.socket != event.socket) return;
      if (member.behaviour && member.behaviour->lets_in &&
          !member.behaviour->lets_in(event.peer, event.bytes))
        return;
      if (!member.router->receive(id(event.peer), event.bytes, now())) {
        network_.reset(event.socket);
        drop_link(node, event.peer);
      }
      break;
    }
    case NetworkEvent::Kind::writable: {
      const auto found = member.links.find(event.peer);
      if (found != member.links.end()) flush(node, found->second);
      break;
    }
    case NetworkEvent::Kind::closed: {
      const auto found = member.links.find(event.peer);
      if (found != member.links.end() && found->second.socket == event.socket)
        drop_link(node, event.peer);
      keep_dialing(node);
      break;
    }
    default: break;
  }
  if (member.router) drain(node);
}

// Two that dial each other at once keep the connection that both would choose.
void Swarm::add_link(NodeId node, NodeId peer, SocketId socket, Direction direction) {
  Member& member = *members_[node];
  const auto found = member.links.find(peer);
  if (found != member.links.end()) {
    const SocketId other = found->second.socket;
    network_.reset(std::max(socket, other));
    if (socket > other) return;
    drop_link(node, peer);
  }
  member.links.emplace(peer, Link{.socket = socket, .direction = direction, .queues = {}});
  const auto connected = member.router->peer_connected(
      {.id = id(peer), .ip_group = "10.0.0." + std::to_string(peer), .direction = direction},
      now());
  if (connected) return;
  network_.reset(socket);
  member.links.erase(peer);
}

void Swarm::drop_link(NodeId node, NodeId peer) {
  Member& member = *members_[node];
  member.links.erase(peer);
  member.router->peer_disconnected(id(peer), now());
  keep_dialing(node);
}

// --- what the router says ---

void Swarm::drain(NodeId node) {
  Member& member = *members_[node];
  while (auto output = member.router->next_output()) {
    const auto found = member.links.find(nodes_.at(output->to));
    if (found == member.links.end()) continue;
    if (member.behaviour && member.behaviour->lets_out && !member.behaviour->lets_out(*output))
      continue;
    Link& link = found->second;
    const bool is_full = link.queued_bytes + output->rpc->size() > kQueueBytesMax;
    if (is_full && output->priority != Priority::control) continue;
    link.queued_bytes += output->rpc->size();
    link.queues[static_cast<std::size_t>(output->priority)].push_back(std::move(*output));
    flush(node, link);
  }
  while (auto event = member.router->next_event())
    if (const auto* delivered = std::get_if<gossipsub::Delivered>(&*event)) {
      note_delivery(node, delivered->id);
      if (delivered->needs_verdict)
        member.router->report(delivered->id, gossipsub::Verdict::accept, now());
    }
  network_.set_timer(node, member.router->next_deadline());
}

void Swarm::flush(NodeId node, Link& link) {
  for (auto& queue : link.queues) {
    for (; !queue.empty(); queue.pop_front()) {
      const Output& next = queue.front();
      if (members_[node]->router->is_wanted(next)) {
        if (!network_.send(link.socket, *next.rpc)) return;
        if (is_honest(node)) wire_bytes_ += next.rpc->size() + kFramingBytes;
      }
      link.queued_bytes -= next.rpc->size();
    }
  }
}

void Swarm::send_raw(Way way, Bytes rpc) {
  const auto found = members_[way.from]->links.find(way.to);
  if (found != members_[way.from]->links.end()) network_.send(found->second.socket, std::move(rpc));
}

// --- messages ---

MessageId Swarm::publish(NodeId node, std::size_t data_bytes) {
  Bytes data;
  while (data.size() < data_bytes) append_big_endian<std::uint64_t>(data, random_());
  data.resize(data_bytes);
  const auto message = members_[node]->router->publish(kTopic, data, now());
  GHMESH_CHECK(message.has_value());
  Tracked& tracked = tracked_[*message];
  tracked.published_at = now();
  for (NodeId other = 0; other < size(); ++other)
    if (other != node && is_up(other) && is_honest(other) && !members_[other]->links.empty())
      tracked.audience[other] = members_[other]->lives_count;
  drain(node);
  return *message;
}

void Swarm::note_delivery(NodeId node, const MessageId& message) {
  const auto found = tracked_.find(message);
  if (found == tracked_.end()) return;
  found->second.latencies.try_emplace(node, now() - found->second.published_at);
}

void Swarm::begin_measuring() {
  tracked_.clear();
  baseline_ = receipts();
  wire_bytes_ = 0;
}

Swarm::Receipts Swarm::receipts() const {
  Receipts sum = gone_;
  for (NodeId node = 0; node < size(); ++node) {
    if (!is_up(node) || !is_honest(node)) continue;
    sum.first += members_[node]->router->counters().delivered;
    sum.again += members_[node]->router->counters().duplicates;
  }
  return sum;
}

SwarmReport Swarm::report() const {
  SwarmReport report;
  report.messages_count = tracked_.size();
  std::vector<Duration> latencies;
  for (const auto& [message, tracked] : tracked_) {
    for (const auto& [node, life] : tracked.audience) {
      if (!is_up(node) || members_[node]->lives_count != life) continue;
      ++report.expected_count;
      const auto found = tracked.latencies.find(node);
      if (found == tracked.latencies.end()) continue;
      ++report.delivered_count;
      latencies.push_back(found->second);
    }
  }
  std::sort(latencies.begin(), latencies.end());
  report.latency_p50 = percentile(latencies, 0.5);
  report.latency_p99 = percentile(latencies, 0.99);
  report.latency_max = percentile(latencies, 1);
  const Receipts all = receipts();
  const auto first_count = static_cast<double>(all.first - baseline_.first);
  if (first_count > 0) {
    report.duplicates_per_delivery = static_cast<double>(all.again - baseline_.again) / first_count;
    report.wire_bytes_per_delivery = static_cast<double>(wire_bytes_) / first_count;
  }
  return report;
}

}  // namespace ghmesh::sim::gossip
