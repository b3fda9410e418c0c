// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the ledger holds of one thing that members said, and how much of it is believed.
#pragma once

#include <cstdint>

#include "mesh/wire/announcement.h"
#include "mesh/wire/exchange.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

// Whether a member's word is enough for its own principal, or only a proof of ours.
enum class Trust : std::uint8_t { swarm, verify };

// --- limits of belief ---
// How far a statement's date may be ahead of our estimate of GitHub's clock: GitHub's servers differ by seconds.
inline constexpr Seconds kDateAheadMax{30};
// A member may claim that something is public. A claim is no proof, so it extends the private minute this far only.
inline constexpr Seconds kPublicTtlMax{600};
// No author holds more than this part of the ledger's bytes: eight liars at least are needed to push out the others.
inline constexpr std::size_t kAuthorShare = 8;
// Principals that one key is held for: jobs of one repository, each with its own token. The oldest goes.
inline constexpr std::size_t kTagsPerKeyMax = 8;
// What a member says of a rate limit counts so long, unless it is our own.
inline constexpr Seconds kBudgetTtl{60};

struct Statement {
  // Headers are empty and the status is 0 where only the digest is known, from a 304. `ttl` is cut to what is believed.
  // The body is null when it must be asked for, by its digest; and for what this node said itself.
  Fetched said;
  multiformats::PeerId author;  // who has the body, and answers for status and headers
  // The newest date at which it is said to be current, and who says so: not the author after a 304 of somebody else.
  WallTime current_at{};
  multiformats::PeerId vouched_by;
  WallTime fresh_until{};
  bool is_own = false;  // this node fetched it: look into its own cache
  bool is_relayed =
      false;  // told by a neighbour, not signed by who fetched it: `author` is the neighbour

  KeyAndTag subject() const { return {.key = said.key, .tag = said.tag}; }
  bool has_content() const { return said.status != 0; }
};

// What somebody answers for when it was used.
struct Claim {
  KeyAndTag subject;
  crypto::Digest body_digest{};
  multiformats::PeerId vouched_by;
  bool is_relayed = false;
};

// How GitHub answered this node's own conditional request for a claimed body.
enum class Proof : std::uint8_t {
  confirmed,  // 304
  refuted,  // another body that is, by its Last-Modified, as old as the claim: it never was the claimed one
  changed,  // another body, and it cannot be told whether the claimed one was current at its date
};

}  // namespace ghmesh::mesh
