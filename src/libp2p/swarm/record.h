// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a swarm knows of one connection and of one dial. Private to the room.
#pragma once

#include "libp2p/swarm/swarm.h"

namespace ghmesh::swarm {

// The life of a record          who moves it
//   dialing    → handshake       dialed()         the socket is connected; an inbound one begins here
//   handshake  → connected       greet()          the peer is known and allowed
//   any        → gone            end()            a failure, a refusal, or somebody has had enough
struct Swarm::Record {
  ConnectionId id = 0;
  Multiaddr remote;
  std::string group;  // of inbound ones, which are counted by it
  bool is_inbound = false;
  Instant began_at{};  // of inbound ones
  DialId dial = 0;     // until connected
  std::optional<PeerId> expected_peer = std::nullopt;
  std::unique_ptr<Connection> connection = nullptr;  // null while dialing
  bool is_connected = false;
  bool is_announced = false;          // a `ready` waits among the actions
  std::size_t unread_bytes = 0;       // as it was counted into the sum
  Instant deadline = Instant::max();  // as it stands in deadlines_
};

struct Swarm::Dial {
  DialReason reason;
  std::optional<PeerId> peer;
  std::deque<Multiaddr> waiting;
  std::set<ConnectionId> attempts;
  Instant next_attempt;  // when one more may begin beside those that are under way
  Error last_error;
};

}  // namespace ghmesh::swarm
