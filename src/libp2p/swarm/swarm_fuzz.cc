// SPDX-License-Identifier: Apache-2.0 OR MIT
// A swarm and everything that sockets can do to it, in any order: connections that come, talk, end, are dialed, fail or
// stay silent, while the owner opens and drops streams. Its books must balance at every step.
#include <cstdint>

#include "base/check.h"
#include "libp2p/swarm/swarm.h"

using namespace ghmesh;
using namespace ghmesh::swarm;

namespace {

keys::PrivateKey identity_of(unsigned char byte) {
  return keys::PrivateKey::of_seed(
      crypto::Secret(Bytes(crypto::kEd25519SeedBytes, std::byte{byte})));
}

const keys::PrivateKey kSelf = identity_of(1);
const keys::PrivateKey kOther = identity_of(2);
const auto kProtocols = std::make_shared<const std::vector<std::string>>(1, "/echo/1");

Multiaddr address_of(std::size_t number) {
  return Multiaddr::parse_text("/ip4/10.0." + std::to_string(number % 5) + ".1/tcp/" +
                               std::to_string(1 + number))
      .value();
}

Options small() {
  Options options;
  options.limits.connections_max = 6;
  options.limits.pending_inbound_max = 4;
  options.limits.group_connections_max = 3;
  options.limits.dials_max = 3;
  options.limits.dial_attempts_max = 2;
  options.limits.backoffs_max = 4;
  return options;
}

// An honest far end for each connection of the swarm, so that handshakes can complete.
struct World {
  Swarm swarm{small(), kSelf, kProtocols, 7};
  std::map<ConnectionId, std::unique_ptr<Connection>> ends;
  std::vector<StreamRef> streams;
  std::set<ConnectionId> dialing;
  Instant now{1h};

  void meet(ConnectionId id, connection::Role role) {
    ends[id] = std::make_unique<Connection>(role, kOther, kProtocols, connection::Options{}, now);
  }
  void drain() {
    while (auto event = swarm.next_event()) {
      if (event->kind == Event::Kind::opened) streams.push_back(event->stream);
      if (event->kind == Event::Kind::connected) GHMESH_CHECK(event->peer == kOther.peer_id());
    }
    while (auto action = swarm.next_action()) {
      if (action->kind == Action::Kind::dial) dialing.insert(action->connection);
      if (action->kind == Action::Kind::close) {
        ends.erase(action->connection);
        dialing.erase(action->connection);
      }
    }
  }
  template <class Table>
  ConnectionId pick(const Table& table, std::size_t number) const {
    if (table.empty()) return 0;
    auto found = table.begin();
    std::advance(found, number % table.size());
    if constexpr (requires { found->first; }) return found->first;
    else return *found;
  }
  void carry(ConnectionId id, std::size_t bytes_max) {
    const auto found = ends.find(id);
    if (found == ends.end()) return;
    const Bytes out = copy_bytes(swarm.pending_output(id, now));
    const std::size_t sent = std::min(out.size(), bytes_max);
    swarm.output_sent(id, sent, now);
    if (!found->second->receive(ByteView(out).first(sent), now)) return swarm.closed(id, now);
    while (found->second->next_event()) {
    }
    const Bytes in = copy_bytes(found->second->pending_output(now));
    const std::size_t received = std::min(in.size(), bytes_max);
    found->second->output_sent(received, now);
    if (swarm.wants_input(id)) swarm.receive(id, ByteView(in).first(received), now);
  }
};

void take_step(World& world, unsigned action, std::size_t amount, ByteView rest) {
  Swarm& swarm = world.swarm;
  const ConnectionId some = world.pick(world.ends, amount);
  switch (action % 10) {
    case 0:
      if (auto id = swarm.accepted(address_of(amount), world.now))
        world.meet(*id, connection::Role::dialer);
      return;
    case 1:
      (void)swarm.dial(std::nullopt, {address_of(amount), address_of(amount + 1)}, world.now)
          .has_value();
      return;
    case 2: {
      const ConnectionId id = world.pick(world.dialing, amount);
      if (!world.dialing.erase(id)) return;
      if (amount % 3 == 0) return swarm.dial_failed(id, Errc::connection_lost, world.now);
      world.meet(id, connection::Role::listener);
      return swarm.dialed(id, world.now);
    }
    case 3:
    case 4: return world.carry(some, amount * 50 + 1);
    case 5: return swarm.receive(some, rest.first(std::min(rest.size(), amount)), world.now);
    case 6: return swarm.closed(some, world.now);
    case 7: world.now += Duration(amount * 100ms); return swarm.tick(world.now);
    case 8:
      if (auto stream = swarm.open_stream(some, {"/echo/1"}, world.now))
        world.streams.push_back(*stream);
      return;
    default:
      if (world.streams.empty()) return;
      const StreamRef stream = world.streams[amount % world.streams.size()];
      (void)swarm.write(stream, Bytes(amount * 20), world.now).has_value();
      swarm.consume(stream, swarm.readable(stream).size(), world.now);
      if (amount % 4 == 0) swarm.finish(stream, world.now);
      if (amount % 7 == 0) swarm.reset(stream, world.now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView input(reinterpret_cast<const std::byte*>(data), size);
  World world;
  while (input.size() >= 2) {
    const auto action = std::to_integer<unsigned>(input[0]);
    const auto amount = std::to_integer<std::size_t>(input[1]);
    input = input.subspan(2);
    take_step(world, action, amount, input);
    world.drain();
    GHMESH_CHECK(world.swarm.connections_count() <= 6 + 3 * 2);
    GHMESH_CHECK(world.swarm.connections_of(kOther.peer_id()).size() <= 2);
  }
  return 0;
}
