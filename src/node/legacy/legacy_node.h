// SPDX-License-Identifier: Apache-2.0 OR MIT
// LegacyNode: speaks /github-cache/1.0.0 with nodes of the Python predecessor, on a libp2p host of its own.
//
// They know no admission and prove no identity, so they get a host that has nothing but this protocol: no topic, no
// ledger, no address of the swarm's. What they say is sealed with the common secret, or it is dropped and counted.
// A thread of its own; all of it is thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "crypto/secret.h"
#include "library/legacy_entry.h"
#include "library/local_cache.h"

namespace ghmesh::node {

// Streams that one peer may have open, and how long one may take: the predecessor sends one entry a stream.
inline constexpr std::size_t kLegacyStreamsMax = 64;
inline constexpr Duration kLegacyStreamTimeMax = 10s;
inline constexpr std::size_t kLegacyPeersMax = 64;

struct LegacyOptions {
  crypto::Secret secret;            // as the predecessor has it: its token, or what is shared
  std::vector<std::string> listen;  // multiaddrs
  std::vector<std::string> peers;   // multiaddrs, dialed once a while, with or without /p2p
};

struct LegacyCounters {
  std::uint64_t sent = 0, answered = 0, received = 0, refused = 0, too_large = 0,
                streams_refused = 0;
};

class LegacyNode {
 public:
  // What came, on the node's thread. Returns whether it was new.
  using OnEntry = std::function<bool(const library::LegacyEntry&)>;
  // Throws std::runtime_error: an address cannot be listened on.
  LegacyNode(LegacyOptions options, OnEntry on_entry);
  ~LegacyNode();  // stops
  LegacyNode(const LegacyNode&) = delete;
  LegacyNode& operator=(const LegacyNode&) = delete;

  std::vector<std::string> addresses() const;     // with /p2p at their end
  void send(const Key& key, const Value& value);  // to every peer that is connected
  LegacyCounters counters() const;
  std::size_t peers_count() const;
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::node
