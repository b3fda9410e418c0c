// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a member counts, and what it can tell of the others: for metrics, and for `ghmesh peers`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "mesh/wire/announcement.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

struct MemberCounters {
  std::uint64_t admitted = 0;
  std::uint64_t not_admitted = 0;    // proved nothing, in time or at all
  std::uint64_t told = 0;            // announcements that we published
  std::uint64_t untold = 0;          // that could not be sealed or published
  std::uint64_t heard = 0;           // that were sealed for us
  std::uint64_t unsealed = 0;        // that were not: gossip that does not open
  std::uint64_t malformed = 0;       // opened, and broke the grammar
  std::uint64_t leases_asked = 0;    // of other homes
  std::uint64_t leases_silent = 0;   // the home did not answer in time, or could not be asked
  std::uint64_t leases_expired = 0;  // we waited for kLeaseMax, for nothing
  std::uint64_t bodies_asked = 0;
  std::uint64_t bodies_fetched = 0;
  std::uint64_t bodies_failed = 0;    // nobody had it, in time and whole
  std::uint64_t bodies_false = 0;     // another body came than the one that was named
  std::uint64_t bodies_unwanted = 0;  // came when their statement was gone
  std::uint64_t bodies_served = 0;
  std::uint64_t warm_received = 0;  // statements
  std::uint64_t warm_served = 0;
  std::uint64_t shared_told = 0;  // values of programs, that we published
  std::uint64_t shared_untold =
      0;  // too many waited to be told: members ask for them when they miss them
  std::uint64_t shared_heard = 0;    // that were news
  std::uint64_t shared_refused = 0;  // older than what is known, or dated ahead
  std::uint64_t shared_missed = 0;   // their record could not be fetched
  std::uint64_t recalls_asked = 0;   // values that we missed
  std::uint64_t recalls_found = 0;
  std::uint64_t recalls_served = 0;
  std::uint64_t exchanges_broken = 0;   // by a peer that broke a protocol's rules
  std::uint64_t exchanges_refused = 0;  // beyond the limits of one peer
};

// One other member, as this one sees it.
struct MemberView {
  multiformats::PeerId id;
  std::vector<std::string> addresses;
  std::string agent;         // what its identify says
  bool is_outbound = false;  // we dialed
  Duration connected_for{};
  Duration round_trip{};  // 0: not measured yet
  NodeFigures figures;    // of its own telling
  WallTime presence_at{};
};

}  // namespace ghmesh::mesh
