// SPDX-License-Identifier: Apache-2.0 OR MIT
// Siege: a swarm of which a part attacks, and the attacks. Each alone, against routers with default options; the
// attackers know the topic, have keys of their own, and connect to whom they like. What must hold: whatever the honest
// members publish still reaches all of them, nobody's memory grows, and who can be told from an honest member loses its
// voice. attacks_test.cc asks for all of it in small swarms, `make sim-gossip` for the first in large ones.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/gossip/swarm.h"

namespace ghmesh::sim::gossip {

class Siege;

struct Attack {
  std::string_view name;
  Behaviour (*behaviour)(Siege&);  // of every attacker
  // What each says to each of its peers, every `pause`; empty: nothing.
  Bytes (*rpc)(Siege&, Way) = nullptr;
  Duration pause = 200ms;
  bool is_eclipse = false;     // all are after one member, see Siege::eclipse()
  bool turns_traitor = false;  // when Siege::is_traitor is set
};
std::span<const Attack> attacks();
const Attack& attack_named(std::string_view name);

struct SiegeOptions {
  std::uint64_t seed = 0;
  std::size_t honest_count = 24;
  std::size_t hostile_count = 8;
  std::size_t victims_per_attacker = 6;  // that it dials beside those that everybody dials
};

class Siege {
 public:
  // Five seconds later: everybody has found a place, and the attack is under way.
  Siege(const SiegeOptions& options, const Attack& attack);
  Siege(const Siege&) = delete;
  Siege& operator=(const Siege&) = delete;

  // Some honest member at a time.
  void publish(int messages_count = 10);
  // Member 0 comes back, and before it has dialed anybody all attackers have connected to it and asked for the places
  // in its mesh. The honest peers that it then dials itself are what can save it.
  void eclipse();
  static constexpr NodeId kVictim = 0;

  Swarm& swarm() { return swarm_; }
  const std::vector<NodeId>& honest() const { return honest_; }
  const std::vector<NodeId>& hostile() const { return hostile_; }
  const std::vector<Bytes>& ids() const { return ids_; }  // of what was published
  bool is_victim(NodeId node) const;
  Bytes random_id();
  std::vector<Bytes> random_ids(std::size_t ids_count);

  // --- how the honest ones are ---
  std::uint64_t count(std::uint64_t gossipsub::Counters::*counter);  // sum
  std::size_t most_held(std::size_t gossipsub::Holdings::*holding);  // by one of them
  std::vector<double> scores_of_attackers();  // of each whom one of them knows
  double mesh_share_of_attackers(std::optional<NodeId> only_of = std::nullopt);

  // --- what attackers share ---
  bool is_traitor = false;   // the time has come
  std::vector<Bytes> heard;  // RPCs with messages

 private:
  void strike();

  const Attack& attack_;
  Swarm swarm_;
  std::vector<NodeId> honest_, hostile_;
  std::vector<Bytes> ids_;
};

}  // namespace ghmesh::sim::gossip
