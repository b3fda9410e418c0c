// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a node's mesh has to tell at a moment: for metrics, and for `ghmesh peers` and `ghmesh stats --swarm`.
#pragma once

#include <string>
#include <vector>

#include "mesh/lease/lease_table.h"
#include "mesh/ledger/figures.h"
#include "mesh/member/counters.h"
#include "mesh/wire/announcement.h"

namespace ghmesh::node {

// Of the whole swarm, as its members last told.
struct SwarmNode {
  std::string id;
  bool is_self = false;
  mesh::NodeFigures figures;
  Seconds silent_for{0};
};
struct MeshStatus {
  std::string self;
  std::vector<std::string> addresses;
  std::vector<mesh::MemberView> members;
  std::vector<mesh::AuthorFigures> authors;
  std::vector<SwarmNode> nodes;
  std::vector<mesh::Budget> budgets;
  mesh::MemberCounters counters;
  mesh::LedgerCounters ledger;
  mesh::LeaseTable::Counters leases;
  std::size_t ledger_bytes = 0, ledger_count = 0;
  std::uint64_t wire_bytes_received = 0, wire_bytes_sent = 0;
  std::uint64_t gossip_delivered = 0, gossip_not_allowed = 0;  // see gossipsub::Counters
};

}  // namespace ghmesh::node
