// SPDX-License-Identifier: Apache-2.0 OR MIT
// HostNetwork: whole libp2p hosts on a simulated network: real Noise, yamux, identify and gossipsub over wires that
// have weather, in one process and on one clock. It is to hosts what net/p2p is on a real machine.
//
// Node n listens on 10.0.x.y:4001, where x.y is n; each has its own identity. Give commands to host(n), then call
// settle(n); run() lets time pass. Events of a host wait in events(n).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "libp2p/host/host.h"
#include "sim/network/network.h"

namespace ghmesh::sim {

class HostNetwork {
 public:
  HostNetwork(NetworkOptions options, std::size_t nodes_count,
              const std::function<host::Options(NodeId)>& options_of);
  ~HostNetwork();

  std::size_t nodes_count() const { return nodes_.size(); }
  host::Host& host(NodeId node);
  const multiformats::PeerId& id(NodeId node);
  multiformats::Multiaddr address(NodeId node) const;
  std::deque<host::Event>& events(NodeId node);
  Network& network() { return network_; }
  Instant now() const { return network_.now(); }

  void dial(NodeId from, NodeId to);
  void settle(NodeId node);  // carries out what the host wants
  void run(Duration duration);
  // Until the condition holds, which is asked after every event; false: it did not within `patience`.
  bool run_until(const std::function<bool()>& condition, Duration patience);
  // A crash: its connections break, and it forgets everything but its identity. It listens again at once.
  void restart(NodeId node);
  // The same, and it is somebody else.
  void replace(NodeId node);

  template <class T>
  std::size_t count(NodeId node) {
    std::size_t found = 0;
    for (const host::Event& event : events(node)) found += std::holds_alternative<T>(event);
    return found;
  }

 private:
  struct Node;

  void start(Node& node);
  void handle(const NetworkEvent& event);
  void perform(Node& node, const swarm::Action& action);
  void write(Node& node, swarm::ConnectionId connection);
  void read(Node& node, swarm::ConnectionId connection);

  Network network_;
  std::function<host::Options(NodeId)> options_of_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace ghmesh::sim
