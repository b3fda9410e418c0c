// SPDX-License-Identifier: Apache-2.0 OR MIT
// What we say of ourselves, and what peers say of themselves.
#include <algorithm>
#include <utility>

#include "libp2p/host/host.h"
#include "libp2p/host/peer.h"

namespace ghmesh::host {

void Host::ask_identify(ConnectionId connection, const PeerId& peer, Instant now) {
  const swarm::Connection* found = swarm_->find(connection);
  if (!found) return;
  // Its failure is no failure of the connection: the peer is who it is, and only says less.
  static_cast<void>(open_built_in(connection,
                                  {.peer = peer,
                                   .protocol = std::string(identify::kProtocol),
                                   .is_inbound = false,
                                   .machine = identify::Receiver(found->peer_key(), now)},
                                  now)
                        .has_value());
}

std::optional<identify::Sender> Host::announcement(ConnectionId connection, Instant now) {
  const Multiaddr* remote = swarm_->remote_of(connection);
  if (!remote) return std::nullopt;
  const WallTime wall =
      options_.started_at + std::chrono::duration_cast<Seconds>(now - created_at_);
  return identify::Sender(announcer_.announce(*remote, wall), now);
}

void Host::push_identify(Instant now) {
  for (const ConnectionId connection : std::set<ConnectionId>(admitted_)) {
    auto sender = announcement(connection, now);
    if (!sender) continue;
    // To peers that do not speak it, it is no loss: they will ask when they want to know.
    static_cast<void>(open_built_in(connection,
                                    {.peer = peer_of(connection),
                                     .protocol = std::string(identify::kPushProtocol),
                                     .is_inbound = false,
                                     .machine = *std::move(sender)},
                                    now)
                          .has_value());
  }
}

void Host::set_listen_addresses(std::vector<Multiaddr> addresses, Instant now) {
  if (addresses == listen_addresses_) return;
  listen_addresses_ = std::move(addresses);
  announcer_.set_addresses(listen_addresses_);
  push_identify(now);
}

void Host::add_protocol(std::string protocol, Instant now) {
  if (std::ranges::find(protocols_, protocol) != protocols_.end()) return;
  protocols_.push_back(std::move(protocol));
  update_protocols();
  push_identify(now);
}

void Host::learn(const BuiltIn& built_in, ConnectionId connection, Instant) {
  const bool is_push = built_in.is_inbound;
  Peer& peer = peers_[built_in.peer];
  if (!peer.info) peer.info.emplace();
  identify::learn(*peer.info, std::get<identify::Receiver>(built_in.machine).told(),
                  is_push ? identify::Exchange::push : identify::Exchange::identify);
  if (router_ && peer.info->record)
    router_->set_signed_record(built_in.peer, copy_bytes(peer.info->record->envelope()));
  events_.push_back(Identified{
      .peer = built_in.peer, .connection = connection, .info = *peer.info, .is_push = is_push});
}

}  // namespace ghmesh::host
