// SPDX-License-Identifier: Apache-2.0 OR MIT
// Gossip streams: one in each direction per peer, framed RPCs on them, and a bounded queue before ours.
#include <algorithm>
#include <utility>

#include "libp2p/host/host.h"
#include "libp2p/host/peer.h"
#include "libp2p/record/peer_record.h"
#include "libp2p/record/peer_store.h"
#include "multiformats/address_scope.h"

namespace ghmesh::host {
namespace {

using gossipsub::Output;
using gossipsub::Priority;
using multiformats::Protocol;

// RPCs that go into the stream together.
constexpr std::size_t kBatchBytes = 64 * 1024;
// One peer's suggestions are heard so often. A peer that leaves us names others once.
constexpr Duration kFollowPause = 10s;

// Colocation is counted by address, and not at all on loopback.
std::string colocation_group(const Multiaddr& remote) {
  if (swarm::is_loopback(remote)) return {};
  const auto target = multiformats::tcp_target(remote);
  if (target && target->host_protocol == Protocol::ip4) return target->host;
  return swarm::address_group(remote);
}

}  // namespace

std::vector<std::string> Host::gossip_protocols() const {
  std::vector<std::string> protocols;
  for (const std::string_view protocol : gossipsub::protocol_ids())
    if (*gossipsub::version_of(protocol) <= options_.gossip_newest)
      protocols.emplace_back(protocol);
  return protocols;
}

void Host::open_gossip(const PeerId& id, ConnectionId connection, Instant now) {
  auto opened = swarm_->open_stream(connection, gossip_protocols(), now);
  if (!opened) return;  // its next connection, or its own stream, tries again
  auto& gossip = peers_[id].gossip;
  if (!gossip) gossip = std::make_unique<GossipPeer>(options_.gossip->limits.rpc_bytes_max);
  gossip->connection = connection;
  gossip->out = *opened;
  gossip_streams_.emplace(*opened, id);
}

void Host::introduce(const PeerId& id, GossipPeer& gossip, std::string_view protocol, Instant now) {
  const swarm::Connection* connection = swarm_->find(gossip.connection);
  const Multiaddr* remote = swarm_->remote_of(gossip.connection);
  const auto version = gossipsub::version_of(protocol);
  if (!connection || !remote || !version) return;
  const bool is_outbound = connection->role() == connection::Role::dialer;
  auto introduced = router_->peer_connected(
      {.id = id,
       .version = *version,
       .ip_group = colocation_group(*remote),
       .direction = is_outbound ? gossipsub::Direction::outbound : gossipsub::Direction::inbound},
      now);
  gossip.is_known = introduced.has_value();
}

void Host::accept_gossip(const swarm::Event& event, const PeerId& id, Instant now) {
  if (!router_) return drop(event.stream, now);
  if (!peers_[id].gossip) open_gossip(id, event.stream.connection, now);
  auto& gossip = peers_[id].gossip;
  if (!gossip) return drop(event.stream, now);
  if (gossip->in) {  // the newer one counts, as in go: the older may be a relic
    gossip_streams_.erase(*gossip->in);
    drop(*gossip->in, now);
  }
  gossip->reader.emplace(
      options_.gossip->limits.rpc_bytes_max);  // the last one may have ended within a message
  gossip->in = event.stream;
  gossip_streams_.emplace(event.stream, id);
  // Its subscriptions may arrive before our own stream is agreed on, and the router listens only to those it knows.
  if (!gossip->is_known) introduce(id, *gossip, event.protocol, now);
}

void Host::handle_gossip(const swarm::Event& event, Instant now) {
  using Kind = swarm::Event::Kind;
  const PeerId id = gossip_streams_.at(event.stream);
  GossipPeer& gossip = *peers_.at(id).gossip;
  const bool is_out = gossip.out == event.stream;
  switch (event.kind) {
    case Kind::agreed:
      gossip.protocol = event.protocol;
      introduce(id, gossip, event.protocol, now);
      drain_router(now);
      return flush_gossip(id, now);
    case Kind::writable: return flush_gossip(id, now);
    case Kind::readable:
      if (!is_out) return read_gossip(id, now);
      ++counters_.gossip_streams_broken;  // it answers where only we speak
      break;
    case Kind::refused:
    case Kind::reset:
    case Kind::finished: break;
    default: return;
  }
  // A peer that ends its half has left the gossip; one that refuses ours never was in it.
  gossip_streams_.erase(event.stream);
  ended_.insert(event.stream);
  if (is_out) return end_gossip(id, now);
  swarm_->finish(event.stream, now);
  gossip.in.reset();
}

void Host::read_gossip(const PeerId& id, Instant now) {
  GossipPeer& gossip = *peers_.at(id).gossip;
  const StreamRef stream = *gossip.in;
  const ByteView readable = swarm_->readable(stream);
  ByteView rest = readable;
  Error error;
  while (!error) {
    auto message = gossip.reader->next(rest);
    if (!message) error = message.error();
    else if (!*message) break;
    else if ((*message)->empty())
      continue;  // says nothing, and could be said 200,000 times in one read
    else if (auto received = router_->receive(id, **message, now); !received)
      error = received.error();
  }
  if (error) {
    ++counters_.gossip_streams_broken;
    return swarm_->disconnect(stream.connection, error, now);
  }
  swarm_->consume(stream, readable.size() - rest.size(), now);
  drain_router(now);
}

// What the router wants to say goes into the queues, and from there as far as the streams take it.
void Host::drain_router(Instant now) {
  if (!router_) return;
  std::set<PeerId> touched;
  while (auto output = router_->next_output()) {
    const auto found = peers_.find(output->to);
    if (found == peers_.end() || !found->second.gossip) continue;
    if (enqueue(*found->second.gossip, std::move(*output), now)) touched.insert(found->first);
  }
  while (auto event = router_->next_event()) {
    if (const auto* suggested = std::get_if<gossipsub::PeersSuggested>(&*event))
      follow(*suggested, now);
    if (const auto* graylisted = std::get_if<gossipsub::Graylisted>(&*event))
      disconnect(graylisted->peer, now);
    events_.push_back(std::move(*event));
  }
  for (const PeerId& id : touched) flush_gossip(id, now);
}

// False: dropped, because the queue is full of what is worth at least as much.
bool Host::enqueue(GossipPeer& gossip, Output output, Instant now) {
  const bool is_control = output.priority == Priority::control;
  const auto pushed = gossip.queue.push(std::move(output));
  counters_.gossip_dropped += pushed.dropped_count;
  if (!pushed.is_kept && is_control)
    swarm_->disconnect(gossip.connection, Errc::yamux_stalled, now);
  return pushed.is_kept;
}

void Host::flush_gossip(const PeerId& id, Instant now) {
  const auto found = peers_.find(id);
  if (found == peers_.end() || !found->second.gossip) return;
  GossipPeer& gossip = *found->second.gossip;
  if (!gossip.out || gossip.protocol.empty()) return;
  for (;;) {
    if (gossip.current_begin == gossip.current.size()) {
      gossip.current.clear();
      gossip.current_begin = 0;
      fill_batch(gossip);
      if (gossip.current.empty()) return;
    }
    const ByteView rest = ByteView(gossip.current).subspan(gossip.current_begin);
    auto written = swarm_->write(*gossip.out, rest, now);
    if (!written) return;  // the stream is gone, and its event on the way
    gossip.current_begin += *written;
    if (*written < rest.size()) return;  // `writable` follows
  }
}

void Host::fill_batch(GossipPeer& gossip) {
  while (!gossip.queue.is_empty() && gossip.current.size() < kBatchBytes) {
    const Output output = gossip.queue.pop();
    if (router_->is_wanted(output)) multiformats::append_delimited(gossip.current, *output.rpc);
    else ++counters_.gossip_cancelled;
  }
}

void Host::end_gossip(const PeerId& id, Instant now) {
  auto& gossip = peers_.at(id).gossip;
  for (const auto& stream : {gossip->out, gossip->in}) {
    if (!stream) continue;
    gossip_streams_.erase(*stream);
    drop(*stream, now);
  }
  if (gossip->is_known) router_->peer_disconnected(id, now);
  gossip.reset();
}

// Peer exchange: dial those whose own signature says where they are, as far as whoever suggests them can know it: a
// peer on the internet must not make us knock on doors of our own network.
void Host::follow(const gossipsub::PeersSuggested& suggested, Instant now) {
  const auto by = peers_.find(suggested.by);
  const bool is_here = by != peers_.end() && by->second.gossip;
  const Multiaddr* remote = is_here ? swarm_->remote_of(by->second.gossip->connection) : nullptr;
  if (!remote || now < by->second.follow_at) {
    ++counters_.suggestions_ignored;
    return;
  }
  by->second.follow_at = now + kFollowPause;
  const auto teller = multiformats::scope_of(*remote);
  for (const auto& suggestion : suggested.peers) {
    if (!swarm_->connections_of(suggestion.id).empty()) continue;
    auto certified = record::CertifiedRecord::verify(suggestion.signed_record, suggestion.id);
    if (!certified) continue;
    std::vector<Multiaddr> addresses = certified->record().addresses;
    counters_.suggestions_ignored += std::erase_if(addresses, [&](const Multiaddr& address) {
      return !record::may_learn(multiformats::scope_of(address), teller, record::Whose::of_another);
    });
    // A refusal is the swarm's to count: its limit of dials, or a back-off.
    static_cast<void>(
        swarm_->dial(suggestion.id, std::move(addresses), now, swarm::DialReason::suggested)
            .has_value());
  }
}

Result<void> Host::add_topic(std::string name, const gossipsub::TopicOptions& options,
                             Instant now) {
  GHMESH_CHECK(router_ != nullptr);
  return router_->add_topic(std::move(name), options, now);
}

void Host::remove_topic(std::string_view name, Instant now) {
  GHMESH_CHECK(router_ != nullptr);
  router_->remove_topic(name, now);
}

Result<void> Host::subscribe(std::string_view topic, Instant now) {
  GHMESH_CHECK(router_ != nullptr);
  return router_->subscribe(topic, now);
}

void Host::unsubscribe(std::string_view topic, Instant now) {
  GHMESH_CHECK(router_ != nullptr);
  router_->unsubscribe(topic, now);
}

Result<gossipsub::MessageId> Host::publish(std::string_view topic, ByteView data, Instant now) {
  GHMESH_CHECK(router_ != nullptr);
  return router_->publish(topic, data, now);
}

std::size_t Host::gossip_backlog_bytes(const PeerId& peer) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || !found->second.gossip) return 0;
  const GossipPeer& gossip = *found->second.gossip;
  return gossip.queue.bytes_count() + gossip.current.size() - gossip.current_begin;
}

std::string Host::gossip_protocol(const PeerId& peer) const {
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second.gossip ? found->second.gossip->protocol
                                                       : std::string();
}

}  // namespace ghmesh::host
