// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a router counts, and what it holds: for metrics and for tests that memory is bounded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ghmesh::gossipsub {

struct Counters {
  // messages
  std::uint64_t published = 0;
  std::uint64_t delivered = 0;   // first receipts that were valid
  std::uint64_t duplicates = 0;  // further receipts
  std::uint64_t forwarded = 0;   // copies given to the host, own ones too
  std::uint64_t verified = 0;    // signatures that were checked
  std::uint64_t invalid = 0;     // fields or signature
  std::uint64_t rejected = 0;    // by verdict
  std::uint64_t ignored = 0;     // by verdict, or ours that came back
  std::uint64_t not_allowed =
      0;                        // messages, subscriptions and control of topics that we do not have
  std::uint64_t too_large = 0;  // data beyond Limits::message_bytes_max
  std::uint64_t pending_dropped = 0;
  std::uint64_t cache_dropped = 0;
  std::uint64_t seen_dropped = 0;

  // copies that were not sent
  std::uint64_t idontwant_sent = 0;
  std::uint64_t idontwant_received = 0;
  std::uint64_t idontwant_over_limit = 0;
  std::uint64_t unwanted = 0;        // the peer had said so before we forwarded
  std::uint64_t held = 0;            // waited for the peer's word
  std::uint64_t held_cancelled = 0;  // and the word came
  std::uint64_t held_sent = 0;       // and it did not come

  // gossip
  std::uint64_t ihave_sent = 0;  // ids
  std::uint64_t ihave_received = 0;
  std::uint64_t ihave_over_limit = 0;
  std::uint64_t iwant_sent = 0;
  std::uint64_t iwant_received = 0;
  std::uint64_t iwant_over_limit = 0;
  std::uint64_t iwant_answered = 0;
  std::uint64_t promises_broken = 0;

  // mesh
  std::uint64_t grafts_sent = 0;
  std::uint64_t grafts_received = 0;
  std::uint64_t grafts_refused = 0;
  std::uint64_t grafts_in_backoff = 0;
  std::uint64_t prunes_sent = 0;
  std::uint64_t prunes_received = 0;
  std::uint64_t backoffs_clamped = 0;
  std::uint64_t backoffs_dropped = 0;
  std::uint64_t px_ignored = 0;  // suggestions of peers below the threshold, or too many

  // peers
  std::uint64_t peers_refused = 0;
  std::uint64_t rpcs_graylisted = 0;
  std::uint64_t rpcs_malformed = 0;
  std::uint64_t rpcs_over_limit = 0;
  std::uint64_t graylistings = 0;
};

struct Holdings {
  std::size_t peers = 0;
  std::size_t subscriptions = 0;  // of peers
  std::size_t other_topics = 0;   // that peers subscribe to and we do not have, in all
  std::size_t mesh_links = 0;
  std::size_t cached_messages = 0;
  std::size_t cached_bytes = 0;
  std::size_t pending_messages = 0;
  std::size_t seen = 0;
  std::size_t backoffs = 0;
  std::size_t promises = 0;
  std::size_t known_ids = 0;  // that peers said they have
  std::size_t held = 0;
  std::size_t retained_scores = 0;
};

}  // namespace ghmesh::gossipsub
