// SPDX-License-Identifier: Apache-2.0 OR MIT
// Peers come and go, and events find their stream's owner. The protocols that the host speaks itself stand in
// built_in.cc and gossip.cc.
#include "libp2p/host/host.h"

#include <algorithm>
#include <utility>

#include "libp2p/host/peer.h"

namespace ghmesh::host {

Host::Host(Options options, const keys::PrivateKey& identity, std::uint64_t seed, Instant now)
    : options_(std::move(options)),
      identity_(identity),
      protocols_(options_.protocols),
      created_at_(now),
      announcer_(identity, options_.version) {
  swarm_ = std::make_unique<swarm::Swarm>(options_.swarm, identity,
                                          std::make_shared<const std::vector<std::string>>(), seed);
  if (options_.gossip)
    router_ = std::make_unique<gossipsub::Router>(*options_.gossip, identity, seed, now);
  update_protocols();
}

Host::~Host() = default;

std::vector<std::string> Host::all_protocols() const {
  std::vector<std::string> all = {std::string(identify::kProtocol),
                                  std::string(identify::kPushProtocol),
                                  std::string(ping::kProtocol)};
  if (options_.offers_perf) all.emplace_back(perf::kProtocol);
  if (router_)
    for (std::string& protocol : gossip_protocols()) all.push_back(std::move(protocol));
  all.insert(all.end(), protocols_.begin(), protocols_.end());
  return all;
}

// Of new connections, and of those that are here.
void Host::update_protocols() {
  const auto share = [](std::vector<std::string> protocols) {
    return std::make_shared<const std::vector<std::string>>(std::move(protocols));
  };
  const auto all = share(all_protocols());
  const bool is_private = !options_.admission_protocol.empty();
  swarm_->set_protocols(is_private ? share({options_.admission_protocol}) : all);
  for (const ConnectionId connection : admitted_) swarm_->set_protocols(connection, all);
  announcer_.set_protocols({all->begin(), all->end()});
}

void Host::let_in(ConnectionId connection) {
  if (peer_of(connection).empty() || !admitted_.insert(connection).second) return;
  swarm_->set_protocols(connection,
                        std::make_shared<const std::vector<std::string>>(all_protocols()));
}

void Host::admit(ConnectionId connection, Instant now) {
  const PeerId peer = peer_of(connection);
  if (peer.empty()) return;
  let_in(connection);
  welcome(connection, peer, now);
}

bool Host::is_admitted(ConnectionId connection) const { return admitted_.contains(connection); }

void Host::welcome(ConnectionId connection, const PeerId& peer, Instant now) {
  ask_identify(connection, peer, now);
  if (router_ && !peers_[peer].gossip) open_gossip(peer, connection, now);
}

std::optional<Event> Host::next_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void Host::advance(Instant now) {
  drain_router(now);
  while (auto event = swarm_->next_event()) handle(*event, now);
  ended_.clear();
}

void Host::tick(Instant now) {
  swarm_->tick(now);
  if (router_) router_->tick(now);
  tick_built_ins(now);
  advance(now);
}

Instant Host::next_deadline() const {
  Instant deadline = swarm_->next_deadline();
  if (router_) deadline = std::min(deadline, router_->next_deadline());
  if (!deadlines_.empty()) deadline = std::min(deadline, deadlines_.begin()->first);
  return deadline;
}

void Host::stop(Instant now) {
  for (const PeerId& peer : swarm_->peers()) disconnect(peer, now);
}

void Host::handle(const swarm::Event& event, Instant now) {
  using Kind = swarm::Event::Kind;
  switch (event.kind) {
    case Kind::connected: return handle_connected(event, now);
    case Kind::disconnected: return handle_disconnected(event, now);
    case Kind::dial_failed:
      events_.push_back(DialFailed{.dial = event.dial, .peer = event.peer, .reason = event.reason});
      return;
    case Kind::opened: return handle_opened(event, now);
    case Kind::agreed:
    case Kind::refused:
    case Kind::readable:
    case Kind::writable:
    case Kind::finished:
    case Kind::reset:
    case Kind::going_away:
      if (built_ins_.contains(event.stream)) return handle_built_in(event, now);
      if (gossip_streams_.contains(event.stream)) return handle_gossip(event, now);
      if (ended_.contains(event.stream)) return;
      return handle_application(event);
  }
}

void Host::handle_connected(const swarm::Event& event, Instant now) {
  const ConnectionId connection = event.stream.connection;
  peers_[event.peer].connections.insert(connection);
  events_.push_back(Connected{.peer = event.peer, .connection = connection, .dial = event.dial});
  if (!options_.admission_protocol.empty()) return;
  admitted_.insert(connection);
  welcome(connection, event.peer, now);
}

void Host::handle_disconnected(const swarm::Event& event, Instant now) {
  const ConnectionId connection = event.stream.connection;
  admitted_.erase(connection);
  for (auto each = built_ins_.lower_bound({connection, 0});
       each != built_ins_.end() && each->first.connection == connection;
       each = built_ins_.lower_bound({connection, 0}))
    fail(each->first, Errc::connection_lost, now);
  Peer& peer = peers_.at(event.peer);
  peer.connections.erase(connection);
  if (peer.gossip && peer.gossip->connection == connection) {
    end_gossip(event.peer, now);
    const auto other = std::ranges::find_if(peer.connections,
                                            [this](ConnectionId one) { return is_admitted(one); });
    if (other != peer.connections.end()) open_gossip(event.peer, *other, now);
  } else if (peer.gossip && peer.gossip->in && peer.gossip->in->connection == connection) {
    gossip_streams_.erase(*peer.gossip->in);
    peer.gossip->in.reset();
  }
  const bool is_last = peer.connections.empty();
  if (is_last) peers_.erase(event.peer);
  events_.push_back(Disconnected{
      .peer = event.peer, .connection = connection, .reason = event.reason, .is_last = is_last});
}

// Gives up a stream of a built-in protocol or of gossip.
void Host::drop(StreamRef stream, Instant now) {
  ended_.insert(stream);
  swarm_->reset(stream, now);
}

PeerId Host::peer_of(ConnectionId connection) const {
  const swarm::Connection* found = swarm_->find(connection);
  return found ? found->peer() : PeerId();
}

void Host::handle_opened(const swarm::Event& event, Instant now) {
  const PeerId peer = peer_of(event.stream.connection);
  if (peer.empty()) {  // it ended meanwhile
    ended_.insert(event.stream);
    return;
  }
  if (event.protocol == identify::kProtocol || event.protocol == identify::kPushProtocol ||
      event.protocol == ping::kProtocol || event.protocol == perf::kProtocol)
    return accept_built_in(event, peer, now);
  if (gossipsub::version_of(event.protocol)) return accept_gossip(event, peer, now);
  handle_application(event);
}

void Host::handle_application(const swarm::Event& event) {
  events_.push_back(StreamEvent{.kind = event.kind,
                                .stream = event.stream,
                                .peer = peer_of(event.stream.connection),
                                .protocol = event.protocol});
}

Result<DialId> Host::dial(std::optional<PeerId> peer, std::vector<Multiaddr> addresses, Instant now,
                          swarm::DialReason reason) {
  return swarm_->dial(std::move(peer), std::move(addresses), now, reason);
}

Result<StreamRef> Host::open_stream(const PeerId& peer, std::string protocol, Instant now) {
  const auto connections = swarm_->connections_of(peer);
  if (connections.empty()) return Errc::connection_lost;
  return swarm_->open_stream(connections.front(), {std::move(protocol)}, now);
}

void Host::disconnect(const PeerId& peer, Instant now) {
  for (const ConnectionId connection : swarm_->connections_of(peer))
    swarm_->disconnect(connection, Errc::cancelled, now);
}

const identify::PeerInfo* Host::info_of(const PeerId& peer) const {
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second.info ? &*found->second.info : nullptr;
}

}  // namespace ghmesh::host
