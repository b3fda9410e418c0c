// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a MeshSwarm is made of. Private to the room: mesh_swarm.cc has the nodes and the time, clients.cc the requests.
#pragma once

#include "sim/mesh/mesh_swarm.h"

namespace ghmesh::sim {

inline constexpr Seconds kTtl{60};
inline const WallTime kBegin = wall_time(1'790'000'000);
inline WallTime wall_at(Instant now) {
  return kBegin + std::chrono::duration_cast<Seconds>(now.time_since_epoch());
}
// As in proxy/consult.cc.
inline constexpr Duration kAuditDelayMin = 2s, kAuditDelayMax = 4s;

struct MeshSwarm::Node {
  NodeId number = 0;
  bool is_outsider = false;
  std::unique_ptr<mesh::Ledger> ledger;
  std::unique_ptr<mesh::Member> member;
  std::map<mesh::LeaseId, std::uint64_t> leases;  // whose request waits for it
  struct Own {
    int version;
    WallTime date;
  };
  std::map<int, Own> cache;
  std::set<std::pair<int, WallTime>> audited;  // a claim is audited once
  std::uint64_t lives_count = 0;
  std::map<mesh::KeyId, mesh::Shared> shared;
  std::map<mesh::RecallId, bool> recalled;
};

struct MeshSwarm::Waiting {
  NodeId node;
  int thing;
  Instant asked_at;
  enum class State { new_, leasing, asking } state = State::new_;
  std::optional<mesh::LeaseId> lease;
  struct Offered {
    mesh::Claim claim;
    WallTime claimed_at;
    std::string body;
  };
  std::optional<Offered> offered;  // to be proven
  std::optional<Offered> served;   // of an audit: what somebody was answered with
  int version_seen = 0;            // GitHub's, when it was asked
  bool is_audit = false;           // nobody waits for its answer
};

// The word that a client was answered with, to be looked at again a moment later.
struct MeshSwarm::Audit {
  NodeId node;
  std::uint64_t life;
  int thing;
  Waiting::Offered served;
};

}  // namespace ghmesh::sim
