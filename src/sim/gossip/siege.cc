// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/gossip/siege.h"

#include <algorithm>

#include "sim/gossip/scenarios.h"

namespace ghmesh::sim::gossip {

Siege::Siege(const SiegeOptions& options, const Attack& attack)
    : attack_(attack),
      swarm_({.seed = options.seed, .nodes_count = options.honest_count + options.hostile_count}) {
  for (NodeId node = 0; node < swarm_.size(); ++node)
    (node < options.honest_count ? honest_ : hostile_).push_back(node);
  for (const NodeId node : hostile_) {
    swarm_.make_hostile(node, attack.behaviour(*this));
    if (attack.is_eclipse) continue;
    for (std::size_t i = 0; i < options.victims_per_attacker; ++i)
      swarm_.dial({.from = node, .to = static_cast<NodeId>(swarm_.random().below(honest_.size()))});
  }
  swarm_.run_for(5s);
  if (attack.rpc) strike();
}

void Siege::strike() {
  for (const NodeId node : hostile_)
    for (const NodeId peer : swarm_.linked(node)) {
      if (!swarm_.is_honest(peer)) continue;
      const Way way{.from = node, .to = peer};
      Bytes rpc = attack_.rpc(*this, way);
      if (!rpc.empty()) swarm_.send_raw(way, std::move(rpc));
    }
  swarm_.network().at(swarm_.now() + attack_.pause, [this] { strike(); });
}

void Siege::publish(int messages_count) {
  for (int i = 0; i < messages_count; ++i) {
    ids_.push_back(copy_bytes(swarm_.publish(swarm_.some_honest(), kSmallBytes).bytes()));
    swarm_.run_for(250ms);
  }
  swarm_.run_for(3s);
}

void Siege::eclipse() {
  swarm_.crash(kVictim);
  swarm_.run_for(5s);
  swarm_.restart(kVictim);
  for (const NodeId node : hostile_) swarm_.dial({.from = node, .to = kVictim});
  swarm_.run_for(1s);
}

bool Siege::is_victim(NodeId node) const { return !attack_.is_eclipse || node == kVictim; }

Bytes Siege::random_id() {
  Bytes id;
  for (int i = 0; i < 3; ++i) append_big_endian<std::uint64_t>(id, swarm_.random()());
  return id;
}

std::vector<Bytes> Siege::random_ids(std::size_t ids_count) {
  std::vector<Bytes> ids;
  for (std::size_t i = 0; i < ids_count; ++i) ids.push_back(random_id());
  return ids;
}

std::uint64_t Siege::count(std::uint64_t gossipsub::Counters::*counter) {
  std::uint64_t sum = 0;
  for (const NodeId node : honest_) sum += swarm_.router(node).counters().*counter;
  return sum;
}

std::size_t Siege::most_held(std::size_t gossipsub::Holdings::*holding) {
  std::size_t most = 0;
  for (const NodeId node : honest_) most = std::max(most, swarm_.router(node).holdings().*holding);
  return most;
}

std::vector<double> Siege::scores_of_attackers() {
  std::vector<double> scores;
  for (const NodeId node : hostile_)
    for (const NodeId peer : honest_) {
      const double score = swarm_.router(peer).score(swarm_.id(node));
      if (score != 0) scores.push_back(score);
    }
  return scores;
}

double Siege::mesh_share_of_attackers(std::optional<NodeId> only_of) {
  std::size_t places_count = 0;
  std::size_t taken_count = 0;
  for (const NodeId node : honest_) {
    if (only_of && node != *only_of) continue;
    for (const auto& peer : swarm_.router(node).mesh_peers(kTopic)) {
      ++places_count;
      for (const NodeId attacker : hostile_)
        if (peer == swarm_.id(attacker)) ++taken_count;
    }
  }
  return places_count == 0 ? 0
                           : static_cast<double>(taken_count) / static_cast<double>(places_count);
}

}  // namespace ghmesh::sim::gossip
