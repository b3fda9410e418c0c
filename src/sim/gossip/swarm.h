// SPDX-License-Identifier: Apache-2.0 OR MIT
// Swarm: gossipsub routers on a simulated network, in the roles that hosts would play for them, and what became of each
// message.
//
// Every member is a router with a key, a queue for each of its links, and a host's habits: it asks is_wanted() before
// it writes, sends control before messages, resets who breaks the format, and dials somebody else when it has lost too
// many. What makes a member hostile is a Behaviour on top: outputs that it keeps for itself, and RPCs that no router
// would write. Honest members never learn who is who; the report counts honest ones only.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "libp2p/gossipsub/router.h"
#include "libp2p/keys/private_key.h"
#include "sim/network/network.h"

namespace ghmesh::sim::gossip {

inline constexpr const char* kTopic = "news";

struct SwarmOptions {
  std::uint64_t seed = 0;
  std::size_t nodes_count = 100;
  std::size_t dials_count = 5;  // of each node, to others at random: the mean degree is twice that
  LinkConfig link{.delay = 25ms, .jitter = 5ms, .loss = 0.01};
  // A member that has found its place still dials somebody new so often (what discovery does for a host): so a swarm
  // that fell apart grows together again.
  Duration explore_interval = 30s;
  // Written to a link and not yet arrived; the rest waits in the host, where control overtakes messages.
  std::size_t link_bytes_max = 64 * 1024;
  gossipsub::Options router;  // its topics are replaced by kTopic, its first_seqno by the time
  gossipsub::TopicOptions topic;
};

// Why a member is not honest.
struct Behaviour {
  // False: the member keeps this output for itself.
  std::function<bool(const gossipsub::Output&)> lets_out;
  // An RPC has come; false: the router does not see it.
  std::function<bool(NodeId from, ByteView rpc)> lets_in;
};

struct SwarmReport {
  std::size_t messages_count = 0;
  // To members that were up and had a link when it was published, and are still up. Who has just come back and knows
  // nobody cannot hear of anything.
  std::size_t expected_count = 0;
  std::size_t delivered_count = 0;
  Duration latency_p50{}, latency_p99{}, latency_max{};
  double duplicates_per_delivery = 0;
  double wire_bytes_per_delivery = 0;  // with the framing of gossipsub, yamux and Noise

  double delivered_share() const {
    return expected_count == 0
               ? 1
               : static_cast<double>(delivered_count) / static_cast<double>(expected_count);
  }
};

class Swarm {
 public:
  // All nodes are up, subscribed, and dialing each other.
  explicit Swarm(SwarmOptions options);
  ~Swarm();
  Swarm(const Swarm&) = delete;
  Swarm& operator=(const Swarm&) = delete;

  Network& network() { return network_; }
  Random& random() { return random_; }
  std::size_t size() const { return members_.size(); }
  Instant now() const { return network_.now(); }
  void run_until(Instant end);
  void run_for(Duration duration) { run_until(now() + duration); }

  // --- members ---
  gossipsub::Router& router(NodeId node);
  const multiformats::PeerId& id(NodeId node) const;
  bool is_up(NodeId node) const;
  bool is_honest(NodeId node) const;
  NodeId some_honest();  // and up
  void make_hostile(NodeId node, Behaviour behaviour = {});
  void dial(Way way);
  std::vector<NodeId> linked(NodeId node) const;
  // The process ends, and its kernel resets the connections.
  void crash(NodeId node);
  // The machine is gone: to its peers it is only silent.
  void lose_power(NodeId node);
  // Either comes back with the same key, dialing anew.
  void restart(NodeId node);
  // Bytes that no router wrote.
  void send_raw(Way way, Bytes rpc);

  // --- messages ---
  gossipsub::MessageId publish(NodeId node, std::size_t data_bytes);
  // Forgets all messages, and counts from here.
  void begin_measuring();
  SwarmReport report() const;

 private:
  struct Link;
  struct Member;
  struct Tracked;
  struct Receipts {
    std::uint64_t first = 0;
    std::uint64_t again = 0;
  };

  void handle(const NetworkEvent& event);
  void add_link(NodeId node, NodeId peer, SocketId socket, gossipsub::Direction direction);
  void drop_link(NodeId node, NodeId peer);
  void dial_at_random();
  void dial_somebody(NodeId node);
  void keep_dialing(NodeId node);
  void explore(NodeId node);
  void start(NodeId node);
  void drain(NodeId node);
  void flush(NodeId node, Link& link);
  void note_delivery(NodeId node, const gossipsub::MessageId& message);
  Receipts receipts() const;  // of honest members so far

  const SwarmOptions options_;
  Network network_;
  Random random_;
  std::vector<std::unique_ptr<Member>> members_;
  std::map<multiformats::PeerId, NodeId> nodes_;
  std::map<gossipsub::MessageId, Tracked> tracked_;
  Receipts gone_;      // of routers that have crashed
  Receipts baseline_;  // at begin_measuring()
  std::uint64_t wire_bytes_ = 0;
};

}  // namespace ghmesh::sim::gossip
