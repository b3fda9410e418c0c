// SPDX-License-Identifier: Apache-2.0 OR MIT
// What is counted: of everything that was heard, and of each author.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/time.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

// Statements that were refused, by reason: the errors of Ledger::hear().
struct Refusals {
  std::uint64_t replayed = 0;
  std::uint64_t from_future = 0;
  std::uint64_t outdated = 0;
  std::uint64_t false_body = 0;
  std::uint64_t contradiction = 0;
  std::uint64_t expelled = 0;
  std::uint64_t too_many = 0;
  std::uint64_t too_large = 0;
  std::uint64_t unsupported = 0;

  void count(const Error& reason);
  std::uint64_t all() const;
};

struct Figures {
  std::uint64_t heard = 0;
  std::uint64_t served = 0;         // answers that were given on this author's word
  std::uint64_t proven = 0;         // claims that GitHub confirmed to us
  std::uint64_t refuted = 0;        // and those it did not
  std::uint64_t changed = 0;        // and those that it left open
  std::uint64_t false_doubts = 0;   // stale or gone, and it was neither
  std::uint64_t false_budgets = 0;  // less was said to be left than there was
  Refusals refused;
};

struct AuthorFigures {
  multiformats::PeerId author;
  Figures figures;
  double suspicion = 0;  // at kSuspicionMax it is expelled
  double doubt = 0;      // at kDoubtMax its word waits for a proof
  WallTime expelled_until = WallTime::min();
  std::size_t bytes_held = 0;
};

struct LedgerCounters {
  std::uint64_t heard = 0;
  Refusals refused;
  std::uint64_t disputed = 0;       // two members, one second, two bodies: neither is believed
  std::uint64_t evicted = 0;        // statements, because of the quota
  std::uint64_t evicted_share = 0;  // because of the author's share
  std::uint64_t evicted_tags = 0;   // because of kTagsPerKeyMax
  std::uint64_t authors_forgotten = 0;
  std::uint64_t authors_expelled = 0;
  std::uint64_t audits = 0;
  std::uint64_t events_dropped = 0;
};

}  // namespace ghmesh::mesh
