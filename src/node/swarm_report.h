// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the admin side says of the swarm, as values, and their JSON. `ghmesh peers` and `ghmesh stats --swarm` render
// it.
//
// Names and agents come from peers: whoever shows them to a person cleans them first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace ghmesh::node {

struct PeerReport {
  std::string id;
  std::vector<std::string> addresses;
  bool is_inbound = false;
  std::string agent;
  std::optional<Duration> rtt;
  bool is_admitted = false;  // has proven that it is of the swarm
  Duration connected{};
  std::uint64_t heard_count = 0;                 // announcements of it that were taken
  std::uint64_t served_count = 0;                // answers to callers of ours that were its
  std::uint64_t proven_count = 0;                // of these, what GitHub proved
  std::uint64_t refuted_count = 0;               // and what it did not
  std::map<std::string, std::uint64_t> refused;  // by reason
  double suspicion = 0;
  std::optional<WallTime> expelled_until;
};

struct SelfReport {
  std::string id;
  std::vector<std::string> addresses;
  std::string swarm;  // its fingerprint
  std::string trust;
};

struct PeersReport {
  SelfReport self;
  std::vector<PeerReport> peers;
};

// One node of the swarm as it last told of itself.
struct NodeReport {
  std::string id;
  bool is_self = false;
  std::uint64_t requests_count = 0;
  std::uint64_t calls_saved = 0;
  std::uint64_t calls_charged = 0;
  std::uint64_t peer_hits_count = 0;
};

struct SwarmBudget {
  std::string tag;  // of the principal: says which are the same, not whose
  std::string resource;
  std::uint64_t limit = 0;
  std::uint64_t remaining = 0;
  std::int64_t reset_at = 0;
};

struct SwarmStats {
  std::vector<NodeReport> nodes;
  std::vector<SwarmBudget> budgets;
};

// {"self":{...},"peers":[{...}]}
std::string write_peers(const PeersReport& report);
// {"nodes":[{...}],"total":{...},"budgets":[{...}]}; the total is the sum of the nodes.
std::string write_swarm_stats(const SwarmStats& stats);
std::string write_ping(Duration rtt);  // {"rtt_ms":0.8}

}  // namespace ghmesh::node
