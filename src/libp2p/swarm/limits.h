// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a swarm allows: how many connections, from where, with whom. Plain values, which the operator may change.
//
// A group of addresses is what one household or data centre gets: an IPv4 /24 or an IPv6 /64. Many runners behind one
// address are ordinary here, so the limits per group are wide; what they stop is a single machine that takes all.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "base/time.h"
#include "multiformats/multiaddr.h"
#include "multiformats/peer_id.h"

namespace ghmesh::swarm {

using multiformats::Multiaddr;
using multiformats::PeerId;

struct Limits {
  std::size_t connections_max =
      256;  // of both directions: a mesh of 12 per topic, and room for guests
  std::size_t peer_connections_max = 2;     // both sides may have dialed at once
  std::size_t group_connections_max = 128;  // inbound, from one group
  std::size_t pending_inbound_max = 64;     // whose handshake is not complete
  // A handshake is two round trips: before, it makes room only for a group that has fewer of them.
  Duration pending_protected = 1s;
  double group_accepts_per_second = 5;  // as js; loopback is exempt
  double group_accepts_burst = 64;      // a fleet that boots at once
  std::size_t dials_max = 64;  // under way; each tries at most dial_attempts_max addresses at once
  std::size_t suggested_dials_max = 32;  // of them, those that others made us begin
  std::size_t dial_attempts_max = 4;
  std::size_t dial_addresses_max =
      16;                         // of one dial; what a resolver or a peer gave beyond is not tried
  Duration dial_stagger = 250ms;  // before the next address is tried as well (RFC 8305, 5)
  Duration dial_deadline =
      10s;                    // of one attempt, until TCP is connected; the handshake has its own
  Duration backoff_min = 1s;  // after the first failure of an address; doubles with each
  Duration backoff_max = 5min;
  std::size_t backoffs_max = 1024;  // addresses that are remembered for it
  // Received bytes that wait for their streams' owners, of all connections. Beyond, those that hold more than their
  // share are not read from: what arrives is bounded by this, and not by the sum of the windows.
  std::size_t unread_bytes_max = 64 * 1024 * 1024;
};

// Whom we talk to at all: the connection gater. Peers are known only after the handshake.
struct Gate {
  std::set<PeerId> allowed_peers;  // empty: everybody
  std::set<PeerId> denied_peers;
  std::set<std::string> denied_groups;

  bool permits(const PeerId& peer) const {
    return !denied_peers.contains(peer) && (allowed_peers.empty() || allowed_peers.contains(peer));
  }
  bool permits_group(const std::string& group) const { return !denied_groups.contains(group); }
};

// "192.0.2.0/24", "2001:db8:1:2::/64"; what has no IP address is a group of its own.
std::string address_group(const Multiaddr& address);
bool is_loopback(const Multiaddr& address);

}  // namespace ghmesh::swarm
