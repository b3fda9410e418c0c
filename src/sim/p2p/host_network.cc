// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/p2p/host_network.h"

#include <algorithm>
#include <map>

namespace ghmesh::sim {
namespace {

using multiformats::Multiaddr;
using multiformats::Protocol;
using swarm::Action;
using swarm::ConnectionId;

constexpr std::uint16_t kPort = 4001;

Multiaddr address_of(NodeId node) {
  const std::string ip = "10.0." + std::to_string(node / 256) + "." + std::to_string(node % 256);
  return multiformats::tcp_multiaddr(ip, kPort).value();
}

NodeId node_at(const Multiaddr& address) {
  const ByteView ip = address.find(Protocol::ip4)->value;
  return std::to_integer<NodeId>(ip[2]) * 256 + std::to_integer<NodeId>(ip[3]);
}

keys::PrivateKey identity_of(NodeId node, std::uint32_t life) {
  Bytes seed(crypto::kEd25519SeedBytes, std::byte{7});
  store_big_endian(MutableByteView(seed).first(sizeof node), node);
  if (life > 0) store_big_endian(MutableByteView(seed).last(sizeof life), life);
  return keys::PrivateKey::of_seed(crypto::Secret(seed));
}

}  // namespace

struct HostNetwork::Node {
  explicit Node(NodeId number_in)
      : number(number_in), identity(std::make_unique<keys::PrivateKey>(identity_of(number, 0))) {}

  const NodeId number;
  std::uint32_t life = 0;
  std::unique_ptr<const keys::PrivateKey> identity;
  std::unique_ptr<host::Host> host;
  std::deque<host::Event> events;
  std::map<ConnectionId, SocketId> sockets;
  std::map<SocketId, ConnectionId> connections;
};

HostNetwork::HostNetwork(NetworkOptions options, std::size_t nodes_count,
                         const std::function<host::Options(NodeId)>& options_of)
    : network_(options), options_of_(options_of) {
  for (std::size_t i = 0; i < nodes_count; ++i) {
    nodes_.push_back(std::make_unique<Node>(network_.add_node()));
    start(*nodes_.back());
  }
}

HostNetwork::~HostNetwork() = default;

void HostNetwork::start(Node& node) {
  Random random = network_.split_random();
  node.host =
      std::make_unique<host::Host>(options_of_(node.number), *node.identity, random(), now());
  node.host->set_listen_addresses({address_of(node.number)}, now());
  network_.listen(node.number);
  settle(node.number);
}

host::Host& HostNetwork::host(NodeId node) { return *nodes_[node]->host; }
const multiformats::PeerId& HostNetwork::id(NodeId node) { return nodes_[node]->host->self(); }
Multiaddr HostNetwork::address(NodeId node) const { return address_of(node); }
std::deque<host::Event>& HostNetwork::events(NodeId node) { return nodes_[node]->events; }

void HostNetwork::dial(NodeId from, NodeId to) {
  static_cast<void>(
      host(from).dial(id(to), {address(to)}, now()));  // a refusal shows as: not connected
  settle(from);
}

void HostNetwork::restart(NodeId number) {
  Node& node = *nodes_[number];
  network_.crash(number);
  node.sockets.clear();
  node.connections.clear();
  start(node);
}

void HostNetwork::replace(NodeId number) {
  Node& node = *nodes_[number];
  node.host.reset();  // before its identity
  node.identity = std::make_unique<keys::PrivateKey>(identity_of(number, ++node.life));
  restart(number);
}

void HostNetwork::run(Duration duration) {
  const Instant end = now() + duration;
  while (auto event = network_.next_event(end)) handle(*event);
}

bool HostNetwork::run_until(const std::function<bool()>& condition, Duration patience) {
  const Instant end = now() + patience;
  while (!condition()) {
    auto event = network_.next_event(end);
    if (!event) return condition();
    handle(*event);
  }
  return true;
}

void HostNetwork::handle(const NetworkEvent& event) {
  using Kind = NetworkEvent::Kind;
  Node& node = *nodes_[event.node];
  swarm::Swarm& swarm = node.host->swarm();
  const auto found = node.connections.find(event.socket);
  const ConnectionId connection = found == node.connections.end() ? 0 : found->second;
  switch (event.kind) {
    case Kind::timer: node.host->tick(now()); break;
    case Kind::accepted: {
      auto accepted = swarm.accepted(address_of(event.peer), now());
      if (!accepted) {
        network_.reset(event.socket);
        break;
      }
      node.sockets[*accepted] = event.socket;
      node.connections[event.socket] = *accepted;
      break;
    }
    case Kind::connected: swarm.dialed(connection, now()); break;
    case Kind::readable: read(node, connection); break;
    case Kind::writable: write(node, connection); break;
    case Kind::finished:
    case Kind::closed: {
      const bool is_dialing =
          connection != 0 && !swarm.find(connection) && event.kind == Kind::closed;
      if (is_dialing) swarm.dial_failed(connection, event.reason, now());
      else swarm.closed(connection, now());
      break;
    }
    case Kind::message:
    case Kind::datagram: break;
  }
  settle(event.node);
}

void HostNetwork::settle(NodeId number) {
  Node& node = *nodes_[number];
  for (bool moved = true; moved;) {
    moved = false;
    node.host->advance(now());
    while (auto event = node.host->next_event()) {
      node.events.push_back(std::move(*event));
      moved = true;
    }
    while (auto action = node.host->swarm().next_action()) {
      perform(node, *action);
      moved = true;
    }
  }
  network_.set_timer(number, node.host->next_deadline());
}

void HostNetwork::perform(Node& node, const Action& action) {
  const auto found = node.sockets.find(action.connection);
  switch (action.kind) {
    case Action::Kind::dial: {
      const SocketId socket =
          network_.connect({.from = node.number, .to = node_at(action.address)});
      node.sockets[action.connection] = socket;
      node.connections[socket] = action.connection;
      return;
    }
    case Action::Kind::ready: read(node, action.connection); return write(node, action.connection);
    case Action::Kind::close:
      if (found == node.sockets.end()) return;
      network_.write(found->second, action.last_words);
      network_.finish(found->second);
      node.connections.erase(found->second);
      node.sockets.erase(found);
      return;
  }
}

void HostNetwork::write(Node& node, ConnectionId connection) {
  const auto found = node.sockets.find(connection);
  if (found == node.sockets.end()) return;
  for (;;) {
    const ByteView output = node.host->swarm().pending_output(connection, now());
    if (output.empty()) return;
    const std::size_t written = network_.write(found->second, output);
    if (written == 0) return;  // `writable` follows
    node.host->swarm().output_sent(connection, written, now());
  }
}

void HostNetwork::read(Node& node, ConnectionId connection) {
  const auto found = node.sockets.find(connection);
  if (found == node.sockets.end()) return;
  const SocketId socket = found->second;
  while (node.host->swarm().wants_input(connection)) {
    const Bytes bytes = copy_bytes(network_.readable(socket));
    if (bytes.empty()) return;
    network_.consume(socket, bytes.size());
    node.host->swarm().receive(connection, bytes, now());
  }
}

}  // namespace ghmesh::sim
