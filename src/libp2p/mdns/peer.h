// SPDX-License-Identifier: Apache-2.0 OR MIT
// What is known of one peer, and what one datagram says of it. Private to the room.
#pragma once

#include <algorithm>

#include "libp2p/mdns/discovery.h"

namespace ghmesh::mdns {

struct Place {
  Multiaddr address;  // with /p2p
  Instant expires_at;
};

struct Discovery::Peer {
  std::string source;         // who told of it first
  std::vector<Place> places;  // in the order in which they were told

  Place* find(const Multiaddr& address) {
    const auto found = std::ranges::find(places, address, &Place::address);
    return found == places.end() ? nullptr : &*found;
  }
};

struct Announcement {
  struct Claim {
    Multiaddr address;  // with /p2p
    Seconds ttl;
  };
  PeerId peer;  // empty: nothing usable
  std::vector<Claim> claims;
};

}  // namespace ghmesh::mdns
