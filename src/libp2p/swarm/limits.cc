// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/swarm/limits.h"

#include <algorithm>

namespace ghmesh::swarm {
namespace {

using multiformats::Protocol;

constexpr std::size_t kGroupBytes4 = 3;  // /24
constexpr std::size_t kGroupBytes6 = 8;  // /64

}  // namespace

std::string address_group(const Multiaddr& address) {
  const Multiaddr::Part* ip4 = address.find(Protocol::ip4);
  const Multiaddr::Part* ip = ip4 ? ip4 : address.find(Protocol::ip6);
  if (!ip) return address.text();
  Bytes prefix(ip->value.size());
  std::copy_n(ip->value.begin(), ip4 ? kGroupBytes4 : kGroupBytes6, prefix.begin());
  Multiaddr group;
  group.push(ip->protocol, prefix);
  // "/ip4/192.0.2.0" without its head.
  return group.text().substr(5) + (ip4 ? "/24" : "/64");
}

bool is_loopback(const Multiaddr& address) {
  if (const Multiaddr::Part* ip4 = address.find(Protocol::ip4))
    return ip4->value.front() == std::byte{127};
  const Multiaddr::Part* ip6 = address.find(Protocol::ip6);
  return ip6 && ip6->value.back() == std::byte{1} &&
         std::all_of(ip6->value.begin(), ip6->value.end() - 1,
                     [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace ghmesh::swarm
