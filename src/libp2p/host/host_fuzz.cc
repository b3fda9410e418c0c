// SPDX-License-Identifier: Apache-2.0 OR MIT
// A host among others: one that is honest, and raw ends that shake hands and then say whatever they like on the streams
// of the built-in protocols. Wires break bytes anywhere, sockets end, time jumps, and the owner gives commands. Events
// must make sense, every command must be answered, and nothing of a peer may stay when all are gone.
#include <cstdint>

#include "base/check.h"
#include "libp2p/host/host.h"
#include "multiformats/delimited.h"

using namespace ghmesh;
using namespace ghmesh::host;
using connection::Connection;

namespace {

constexpr std::string_view kEcho = "/echo/1", kAdmission = "/admit/1";
constexpr std::array<std::string_view, 8> kProtocols = {
    "/meshsub/1.1.0",  "/meshsub/1.2.0", identify::kProtocol, identify::kPushProtocol,
    "/floodsub/1.0.0", ping::kProtocol,  perf::kProtocol,     kEcho};
constexpr std::array<std::string_view, 2> kTopics = {"a", "b"};
constexpr std::uint16_t kOtherPort = 1, kRawPort = 2;  // nobody listens at the others

keys::PrivateKey identity_of(unsigned char byte) {
  return keys::PrivateKey::of_seed(
      crypto::Secret(Bytes(crypto::kEd25519SeedBytes, std::byte{byte})));
}
const std::array kIdentities = {identity_of(1), identity_of(2), identity_of(3), identity_of(4)};

Multiaddr address_of(std::size_t port) {
  return multiformats::tcp_multiaddr("10.0.0.1", static_cast<std::uint16_t>(port)).value();
}

Options options(bool is_private) {
  Options made;
  made.swarm.limits.connections_max = 6;
  made.swarm.limits.dials_max = 3;
  made.swarm.connection.yamux.inbound_streams_max = 24;
  made.protocols.emplace_back(kEcho);
  made.gossip.emplace();
  for (const std::string_view topic : kTopics) made.gossip->topics[std::string(topic)];
  made.gossip->scoring.accept_px_threshold = -1e9;  // strangers may suggest peers
  made.offers_perf = true;
  if (is_private) made.admission_protocol = kAdmission;
  return made;
}

// A host, and what its events have told so far.
struct Node {
  Node(bool is_private, const keys::PrivateKey& identity, Instant now)
      : host(options(is_private), identity, 7, now) {}

  Host host;
  std::map<ConnectionId, PeerId> connected;
  std::set<DialId> dials;
  std::multiset<PeerId> pings, perfs;
  std::set<StreamRef> streams;        // of the application
  std::set<StreamRef> known_streams;  // and those that it gave up

  void note_stream(StreamRef stream) {
    GHMESH_CHECK(known_streams.insert(stream).second);  // a name is used once
    streams.insert(stream);
  }
  void erase_one(std::multiset<PeerId>& waiting, const PeerId& peer) {
    const auto found = waiting.find(peer);
    GHMESH_CHECK(found != waiting.end());
    waiting.erase(found);
  }
  void note(const Connected& event) {
    GHMESH_CHECK(connected.emplace(event.connection, event.peer).second);
    if (event.dial != 0) GHMESH_CHECK(dials.erase(event.dial) == 1);
  }
  void note(const Disconnected& event) {
    GHMESH_CHECK(connected.at(event.connection) == event.peer);
    connected.erase(event.connection);
    for (const auto& [connection, peer] : connected)
      GHMESH_CHECK(!event.is_last || peer != event.peer);
    std::erase_if(streams,
                  [&](const StreamRef& one) { return one.connection == event.connection; });
  }
  void note(const DialFailed& event) { GHMESH_CHECK(dials.erase(event.dial) == 1); }
  void note(const Identified& event) { GHMESH_CHECK(connected.at(event.connection) == event.peer); }
  void note(const Ponged& event) { erase_one(pings, event.peer); }
  void note(const PingFailed& event) { erase_one(pings, event.peer); }
  void note(const PerfDone& event) { erase_one(perfs, event.peer); }
  void note(const StreamEvent& event) {
    GHMESH_CHECK(connected.contains(event.stream.connection));
    if (event.kind == swarm::Event::Kind::going_away) return;  // the whole connection
    if (event.kind == swarm::Event::Kind::opened) note_stream(event.stream);
    else GHMESH_CHECK(known_streams.contains(event.stream));  // nothing of built-in streams
  }
  void note(const gossipsub::Event& event) {
    if (const auto* delivered = std::get_if<gossipsub::Delivered>(&event))
      GHMESH_CHECK(delivered->data.size() <= delivered->rpc->size());
  }
};

// From `self` to the other host, or to a raw end.
struct Link {
  ConnectionId there = 0;
  std::unique_ptr<Connection> raw = nullptr;
  std::vector<connection::StreamId> streams = {};  // of the raw end
};

struct World {
  explicit World(unsigned flags)
      : self(flags % 2 == 1, kIdentities[0], now), other(flags % 4 == 3, kIdentities[1], now) {}

  Instant now{1h};
  Node self, other;
  std::map<ConnectionId, Link> links;  // by the connection of `self`

  void add_raw(ConnectionId here, connection::Role role, std::size_t who) {
    const auto offered = std::make_shared<const std::vector<std::string>>(
        std::vector<std::string>(kProtocols.begin(), kProtocols.end()));
    links[here].raw = std::make_unique<Connection>(role, kIdentities[2 + who % 2], offered,
                                                   connection::Options{}, now);
  }
  void dial_of_self(const swarm::Action& action) {
    const std::uint16_t port = multiformats::tcp_target(action.address)->port;
    if (port == kRawPort) {
      add_raw(action.connection, connection::Role::listener, action.connection);
      return self.host.swarm().dialed(action.connection, now);
    }
    auto there = port == kOtherPort ? other.host.swarm().accepted(address_of(9), now)
                                    : Result<ConnectionId>(Errc::connection_refused);
    if (!there) return self.host.swarm().dial_failed(action.connection, Errc::connection_lost, now);
    links[action.connection].there = *there;
    self.host.swarm().dialed(action.connection, now);
  }
  void dial_of_other(const swarm::Action& action) {
    auto here = self.host.swarm().accepted(address_of(9), now);
    if (!here) return other.host.swarm().dial_failed(action.connection, Errc::connection_lost, now);
    links[*here].there = action.connection;
    other.host.swarm().dialed(action.connection, now);
  }
  void close(Node& node, ConnectionId connection) {
    const auto is_it = [&](const auto& link) {
      return (&node == &self ? link.first : link.second.there) == connection;
    };
    const auto found = std::ranges::find_if(links, is_it);
    if (found == links.end()) return;
    const auto [here, there] = std::pair(found->first, found->second.there);
    links.erase(found);
    if (&node == &other) self.host.swarm().closed(here, now);
    else if (there != 0) other.host.swarm().closed(there, now);
  }
  // Events, and all that sockets do but carrying bytes.
  bool drain(Node& node) {
    node.host.advance(now);
    bool moved = false;
    while (auto event = node.host.next_event()) {
      moved = true;
      std::visit([&](const auto& one) { node.note(one); }, *event);
      const auto* opened = std::get_if<StreamEvent>(&*event);
      if (opened && opened->protocol == kAdmission) node.host.admit(opened->stream.connection, now);
    }
    while (auto action = node.host.swarm().next_action()) {
      if (action->kind == swarm::Action::Kind::ready) continue;
      moved = true;
      if (action->kind == swarm::Action::Kind::close) close(node, action->connection);
      else if (&node == &self) dial_of_self(*action);
      else dial_of_other(*action);
    }
    return moved;
  }
  void settle() {
    while (drain(self) || drain(other)) {
    }
  }

  void carry_to_raw(ConnectionId here, Link& link, std::size_t bytes_max) {
    swarm::Swarm& swarm = self.host.swarm();
    const Bytes out = copy_bytes(swarm.pending_output(here, now));
    const std::size_t sent = std::min(out.size(), bytes_max);
    swarm.output_sent(here, sent, now);
    if (!link.raw->receive(ByteView(out).first(sent), now)) return swarm.closed(here, now);
    while (auto event = link.raw->next_event())
      if (event->kind == connection::Event::Kind::opened) link.streams.push_back(event->stream);
    const Bytes in = copy_bytes(link.raw->pending_output(now));
    const std::size_t received = std::min(in.size(), bytes_max);
    if (!swarm.wants_input(here)) return;
    link.raw->output_sent(received, now);
    swarm.receive(here, ByteView(in).first(received), now);
  }
  void carry_one_way(Node& from, ConnectionId source, Node& to, ConnectionId target,
                     std::size_t bytes_max) {
    if (!to.host.swarm().wants_input(target)) return;
    const Bytes out = copy_bytes(from.host.swarm().pending_output(source, now));
    const std::size_t sent = std::min(out.size(), bytes_max);
    from.host.swarm().output_sent(source, sent, now);
    to.host.swarm().receive(target, ByteView(out).first(sent), now);
  }
  void carry(ConnectionId here, std::size_t bytes_max) {
    const auto found = links.find(here);
    if (found == links.end()) return;
    if (found->second.raw) return carry_to_raw(here, found->second, bytes_max);
    const ConnectionId there = found->second.there;
    carry_one_way(self, here, other, there, bytes_max);
    carry_one_way(other, there, self, here, bytes_max);
  }
  void carry_all(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      std::vector<ConnectionId> all;
      for (const auto& [here, link] : links) all.push_back(here);
      for (const ConnectionId here : all) {
        carry(here, 64 * 1024);
        settle();
      }
    }
  }
  void pass(Duration duration) {
    now += duration;
    for (Node* node : {&self, &other}) {
      int ticks = 0;
      do node->host.tick(now);
      while (node->host.next_deadline() <= now && ++ticks < 8);
      GHMESH_CHECK(ticks < 8);  // a deadline that was met must be gone
    }
  }
};

void command(World& world, Node& node, std::size_t amount) {
  Host& host = node.host;
  const Instant now = world.now;
  const std::string_view topic = kTopics[amount % kTopics.size()];
  const PeerId peer = kIdentities[amount / 16 % kIdentities.size()].peer_id();
  switch (amount % 16) {
    case 0:
    case 1: return (void)host.subscribe(topic, now).has_value();
    case 2: return host.unsubscribe(topic, now);
    case 3:
    case 4:
    case 5: return (void)host.publish(topic, Bytes(amount * 300, std::byte{1}), now).has_value();
    case 6:
    case 7:
      if (host.ping(peer, now)) node.pings.insert(peer);
      return;
    case 8:
      if (host.perf(peer, amount * 100, amount * 200, now)) node.perfs.insert(peer);
      return;
    case 9: return host.disconnect(peer, now);
    case 10: return host.set_listen_addresses({address_of(amount)}, now);
    case 11: return host.add_protocol("/p/" + std::to_string(amount % 3), now);
    case 12:
      for (const auto& [connection, one] : node.connected) host.admit(connection, now);
      return;
    case 13:
      if (auto stream = host.open_stream(peer, std::string(kEcho), now)) node.note_stream(*stream);
      return;
    default:
      if (node.streams.empty()) return;
      const StreamRef stream = *node.streams.begin();
      (void)host.swarm().write(stream, Bytes(amount), now).has_value();
      host.swarm().consume(stream, host.swarm().readable(stream).size(), now);
      if (amount % 3 == 0) host.swarm().finish(stream, now);
      if (amount % 5 == 0 && node.streams.erase(stream) > 0) host.swarm().reset(stream, now);
  }
}

// Takes what it says from `input`.
void speak(World& world, Link& link, unsigned how, std::size_t amount, ByteView& input) {
  if (!link.raw || !link.raw->is_established()) return;
  Connection& raw = *link.raw;
  if (how == 0) {
    const std::string protocol(kProtocols[amount % kProtocols.size()]);
    if (auto stream = raw.open_stream({protocol}, world.now)) link.streams.push_back(*stream);
    return;
  }
  if (link.streams.empty()) return;
  const auto stream = link.streams[link.streams.size() - 1 - amount % 4 % link.streams.size()];
  if (how == 1) {
    raw.consume(stream, raw.readable(stream).size(), world.now);
    if (amount % 8 < 4) raw.finish(stream);
    else raw.reset(stream);
    return;
  }
  const ByteView said = input.first(std::min(input.size(), amount / 4));
  input = input.subspan(said.size());
  Bytes bytes;
  if (how == 2) multiformats::append_delimited(bytes, said);
  else append(bytes, said);
  (void)raw.write(stream, bytes, world.now).has_value();
}

void take_step(World& world, unsigned action, std::size_t amount, ByteView& input) {
  auto found = world.links.begin();
  if (found != world.links.end())
    std::advance(found, static_cast<std::ptrdiff_t>(action / 16 % world.links.size()));
  switch (action % 16) {
    case 0:
    case 1: {
      Node& node = action % 2 == 0 ? world.self : world.other;
      const auto peer = amount % 8 == 7 ? std::optional(kIdentities[3].peer_id()) : std::nullopt;
      auto dial =
          node.host.dial(peer, {address_of(amount % 4), address_of(amount / 4 % 4)}, world.now);
      if (dial) node.dials.insert(*dial);
      return;
    }
    case 2:
      if (auto here = world.self.host.swarm().accepted(address_of(9), world.now))
        world.add_raw(*here, connection::Role::dialer, amount);
      return;
    case 3: return world.carry_all(static_cast<int>(amount % 8));
    case 4:
      if (found != world.links.end()) world.carry(found->first, amount * amount);
      return;
    case 5: return world.pass(amount * 100ms);
    case 6: return world.pass(Seconds(amount));
    case 7:
    case 8: return command(world, world.self, amount);
    case 9: return command(world, world.other, amount);
    case 10:
      if (found != world.links.end()) {
        const ConnectionId here = found->first;
        world.close(world.self, here);
        world.self.host.swarm().closed(here, world.now);
      }
      return;
    default:
      if (found != world.links.end()) speak(world, found->second, action % 16 - 11, amount, input);
  }
}

void check_bounds(const Node& node) {
  GHMESH_CHECK(node.host.swarm().connections_count() <= 6 + 3 * 4);
  for (const auto& [connection, peer] : node.connected)
    GHMESH_CHECK(node.host.gossip_backlog_bytes(peer) <= 2 * kGossipQueueBytesMax);
}

void check_end(World& world, Node& node) {
  node.host.stop(world.now);
  world.settle();
  for (int i = 0; i < 12; ++i) {
    world.pass(11s);
    world.settle();
  }
  GHMESH_CHECK(node.host.swarm().connections_count() == 0 && node.connected.empty());
  GHMESH_CHECK(node.dials.empty() && node.pings.empty() && node.perfs.empty());
  const gossipsub::Holdings left = node.host.gossip()->holdings();
  GHMESH_CHECK(left.peers == 0 && left.subscriptions == 0 && left.mesh_links == 0 &&
               left.promises == 0 && left.held == 0 && left.known_ids == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (input.empty()) return 0;
  World world(std::to_integer<unsigned>(input[0]));
  input = input.subspan(1);
  while (input.size() >= 2) {
    const auto action = std::to_integer<unsigned>(input[0]);
    const auto amount = std::to_integer<std::size_t>(input[1]);
    input = input.subspan(2);
    take_step(world, action, amount, input);
    world.settle();
    check_bounds(world.self);
    check_bounds(world.other);
  }
  check_end(world, world.self);
  check_end(world, world.other);
  return 0;
}
