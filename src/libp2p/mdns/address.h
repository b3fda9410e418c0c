// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which addresses are worth announcing and worth believing. Private to the room.
#pragma once

#include <optional>
#include <string_view>

#include "libp2p/mdns/discovery.h"

namespace ghmesh::mdns {

// An IP address that one host has and a TCP port, with or without /p2p at the end: no name, no relay, no other
// transport. An IPv6 address of the link alone is none, because the address does not say which link.
bool is_dialable(const Multiaddr& address, Loopback loopback);

// The same address with this peer's id at its end.
Multiaddr with_peer(const Multiaddr& address, const PeerId& peer);
std::optional<PeerId> peer_of(const Multiaddr& address);

// What stands behind "dnsaddr=" in a string of a TXT record; nullopt for other attributes and for what is no address.
std::optional<Multiaddr> parse_attribute(std::string_view text);
std::string write_attribute(const Multiaddr& address);

}  // namespace ghmesh::mdns
