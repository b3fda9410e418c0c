// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a router may be told at its construction: sizes of the mesh, times, limits, and how peers are scored.
//
// The defaults are for small, quiet swarms: 2 to some hundred nodes that announce a few messages a minute, many of them
// behind one address. Where a default is not that of the specification or of go, the reason stands beside it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "base/time.h"

namespace ghmesh::gossipsub {

// What names a message. All peers of a topic must agree, or each asks the others for what it has; the implementations'
// defaults differ.
enum class IdScheme {
  author_and_seqno,       // the specification and go: `from`, then `seqno`
  key_and_seqno,          // js: the author's serialized public key, then `seqno`
  author_and_seqno_text,  // rust: the peer id in base58, then `seqno` in decimal digits
  content,  // SHA-256 of the data: one message whoever says it; others must be configured for it
};

// The parts of a score that a topic has (gossipsub-v1.1.md, "Peer Scoring"). Decays are per second.
struct TopicScore {
  double weight = 1;

  // P1, time in the mesh: a little trust for those who stay.
  double mesh_time_weight = 0.01;
  Duration mesh_time_quantum = 1s;
  double mesh_time_max =
      300;  // so at most 3: below Scoring::opportunistic_graft_threshold, see there

  // P2, first deliveries: what a peer is for.
  double first_deliveries_weight = 1;
  double first_deliveries_decay =
      0.997;  // half in four minutes: a quiet topic brings one message in that time
  double first_deliveries_max = 20;

  // P3, fewer deliveries in the mesh than expected, squared; P3b, the deficit that a pruned peer leaves with. Off: a
  // quiet topic delivers less than any threshold, and everybody would be negative. Who turns it on chooses the
  // threshold below the slowest rate that is still healthy, and weights such that the square of the threshold outweighs
  // what P1 and P2 may bring (CVE-2022-47547).
  double mesh_deliveries_weight = 0;
  double mesh_deliveries_decay = 0.997;
  double mesh_deliveries_max = 100;
  double mesh_deliveries_threshold = 4;
  Duration mesh_deliveries_window =
      50ms;  // a duplicate within it counts: it was on its way when we had the first
  Duration mesh_deliveries_activation = 30s;  // in the mesh, before anything is expected
  double mesh_failures_weight = 0;
  double mesh_failures_decay = 0.997;

  // P4, invalid messages, squared. One is a bug, two cost the gossip and a publisher's trust, three the connection.
  double invalid_weight = -10;
  double invalid_decay = 0.997;
};

struct TopicOptions {
  // The router waits for report() before it forwards a message of this topic.
  bool needs_verdict = false;
  TopicScore score;
};

struct Scoring {
  double topics_max = 30;  // what all topics together may add: no peer becomes untouchable

  double application_weight = 1;  // P5, see Router::set_application_score()

  // P6, peers that share an address, squared beyond the threshold. Never by default: runners of one company, of one
  // CI provider or of one machine stand behind one address, and punishing more than ten of them empties the mesh (js's
  // default does). It is for open swarms, where addresses cost an attacker more than identities do. The allow-list
  // (loopback, one's own NAT) is for those who turn it on.
  double colocation_weight = -5;
  std::size_t colocation_threshold = std::numeric_limits<std::size_t>::max();

  // P7, behaviour: broken promises, grafts during a backoff; squared beyond the threshold. A few happen to honest peers
  // (an answer lost with a full queue, a graft that crosses a prune).
  double behaviour_weight = -10;
  double behaviour_threshold = 3;
  double behaviour_decay = 0.99;  // half in a minute

  Duration decay_interval = 1s;
  double decay_to_zero = 0.01;
  // What a peer that is not in good standing finds when it comes back.
  Duration retain = 10min;

  // Below these, a peer's gossip is ignored and it gets none; our own messages are not sent to it; nothing of it is
  // read at all.
  double gossip_threshold = -10;
  double publish_threshold = -50;
  double graylist_threshold = -80;
  // Suggestions of peers are taken from those at least this good: a stranger begins at 0.
  double accept_px_threshold = 1;
  // A mesh whose median is below takes in better peers. Above what P1 alone can bring, so that a mesh of peers who stay
  // and never deliver anything does not last.
  double opportunistic_graft_threshold = 5;
};

struct Limits {
  std::size_t peers_max = 512;
  std::size_t topics_max = 64;              // at one time
  std::size_t rpc_bytes_max = 1024 * 1024;  // that arrives: what go sends at most
  std::size_t message_bytes_max =
      63 * 1024;  // of data that we send or take: rust reads RPCs of 64 KiB
  std::size_t cached_bytes_max = 64 * 1024 * 1024;
  std::size_t cached_messages_max = 64 * 1024;  // six seconds at 10,000 a second
  std::size_t seen_max =
      128 * 1024;  // 10 MB; far longer than a message can be in the caches of others
  std::size_t pending_messages_max =
      1024;  // that wait for a verdict; further ones are dropped, and may come again
  std::size_t backoffs_max = 4096;
  std::size_t retained_scores_max = 1024;
  std::size_t held_max = 4096;  // forwards that wait for a word; further ones are sent at once
};

struct Options {
  // Those that it begins with, see Router::add_topic(). Nothing else exists for this router: messages and control of
  // other topics are ignored, of subscriptions to them a few hashes are kept for each peer, and all are counted
  // (CVE-2026-46679).
  std::map<std::string, TopicOptions, std::less<>> topics;
  IdScheme id_scheme = IdScheme::author_and_seqno;
  // The number of the first message that we publish. It must grow over restarts (kubo refuses others): the wall clock
  // in nanoseconds. 0 takes it from the seed.
  std::uint64_t first_seqno = 0;

  // The mesh (gossipsub-v1.0.md, "Parameters"; gossipsub-v1.1.md, "Overlay Parameters").
  std::size_t degree = 6;           // D
  std::size_t degree_low = 5;       // D_low, as go and rust
  std::size_t degree_high = 12;     // D_high
  std::size_t degree_score = 4;     // D_score: kept by score, the others by chance
  std::size_t degree_outbound = 2;  // D_out: below D_low and at most D / 2
  std::size_t degree_lazy = 6;      // D_lazy
  double gossip_factor = 0.25;

  Duration heartbeat = 1s;
  std::uint32_t cache_heartbeats = 5;   // how long a message can be asked for
  std::uint32_t gossip_heartbeats = 3;  // how long it is told of
  Duration seen_ttl = 2min;
  Duration fanout_ttl = 60s;
  Duration prune_backoff = 60s;
  Duration unsubscribe_backoff = 10s;
  Duration graft_flood_threshold = 10s;
  Duration iwant_followup = 3s;
  std::uint32_t opportunistic_heartbeats = 60;
  std::size_t opportunistic_peers = 2;

  bool flood_publish = true;
  // A message is flooded while all copies together are below this; beyond it goes to the mesh only.
  std::size_t flood_bytes_max = 1024 * 1024;
  bool peer_exchange = true;  // PRUNE names other peers whose signed records the host gave us

  // From this size on, peers of 1.2 are told that we have a message. go begins at 1,024 bytes; from half of that on the
  // word (80 bytes with all framing) is cheap beside the copies that it saves.
  std::size_t idontwant_bytes_min = 512;
  // Where a peer has usually had a message before our copy came, the copy waits for its word (docs/wire/gossipsub.md,
  // "Held copies"). false: forward everything at once, as others do.
  bool hold_redundant = true;

  Scoring scoring;
  Limits limits;
};

}  // namespace ghmesh::gossipsub
