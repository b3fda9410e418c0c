// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a host knows of a connected peer, and of the streams that it serves itself. Private to the room.
#pragma once

#include "libp2p/host/gossip_queue.h"
#include "libp2p/host/host.h"
#include "multiformats/delimited.h"

namespace ghmesh::host {

// A stream of identify, ping or perf, with the machine that lives on it (libp2p/stream/machine.h).
struct Host::BuiltIn {
  PeerId peer;
  std::string protocol;
  bool is_inbound;
  Machine machine;
  bool is_finished_here = false;
  bool is_finished_there = false;
  bool is_answered = false;  // of a ping: its round trip was told
  bool is_complete =
      false;  // the machine is done, the peer has not finished its side of the stream
  Instant deadline = Instant::max();  // as it stands in deadlines_
};

// Each side of a gossip opens a stream of its own, writes there, and reads on the other's (pubsub/README.md).
struct Host::GossipPeer {
  explicit GossipPeer(std::size_t rpc_bytes_max) : reader(std::in_place, rpc_bytes_max) {}

  ConnectionId connection = 0;
  std::optional<StreamRef> out;
  std::optional<StreamRef> in;
  std::string protocol;   // of `out`; empty until it is agreed on
  bool is_known = false;  // to the router
  std::optional<multiformats::DelimitedReader> reader;
  GossipQueue queue;
  Bytes current;  // framed, on its way into the stream
  std::size_t current_begin = 0;
};

struct Host::Peer {
  std::set<ConnectionId> connections;  // that were told to be here, and not yet to be gone
  std::optional<identify::PeerInfo> info;
  std::unique_ptr<GossipPeer> gossip;
  Instant follow_at = Instant::min();  // when its next suggestions are heard
};

}  // namespace ghmesh::host
