// SPDX-License-Identifier: Apache-2.0 OR MIT
// How far an address reaches. Whoever learns addresses from a peer asks here whether that peer can know them: one on
// the internet has nothing to say about our own machine or network, and would make us knock on doors there.
//
// Only numbers are looked at: a name has no scope before it is resolved.
#pragma once

#include <cstdint>

#include "multiformats/multiaddr.h"

namespace ghmesh::multiformats {

enum class Scope : std::uint8_t {
  loopback,  // this machine
  local,     // this network: RFC 1918, RFC 6598, link-local, unique local
  global,    // documentation ranges, too: examples and simulations live there
  none,      // no number at all, or one that no machine has: unspecified, multicast, reserved
};

// Of the number in front of an address. An IPv4 address within an IPv6 one (mapped, NAT64, 6to4) counts as itself.
Scope scope_of(const Multiaddr& address);

}  // namespace ghmesh::multiformats
