// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/identify/observed.h"

#include <algorithm>

#include "multiformats/address_scope.h"

namespace ghmesh::identify {
namespace {

using multiformats::Multiaddr;
using multiformats::Protocol;
using multiformats::Scope;

// A network that one attacker does not get several of for nothing: a /24 of IPv4; of IPv6 the /32 of a provider,
// because any customer of one has thousands of /64.
constexpr std::size_t kNetworkBytes4 = 3;
constexpr std::size_t kNetworkBytes6 = 4;

Bytes network_of(const Multiaddr& observer) {
  const Multiaddr::Part& ip = observer.parts().front();
  const bool is_ip4 = ip.protocol == Protocol::ip4;
  return copy_bytes(ByteView(ip.value).first(is_ip4 ? kNetworkBytes4 : kNetworkBytes6));
}

bool is_on_the_internet(const Multiaddr& address) {
  return multiformats::scope_of(address) == Scope::global;
}

}  // namespace

void ObservedAddresses::observe(const Multiaddr& seen, const Multiaddr& observer, Instant now) {
  const Multiaddr place = seen.without_peer();
  const auto target = multiformats::tcp_target(place);
  if (!target || target->port == 0) return;
  if (!is_on_the_internet(place) || !is_on_the_internet(observer)) return;
  votes_[network_of(observer)] = {.address = place.bytes(), .at = now};
  if (votes_.size() <= options_.votes_max) return;
  votes_.erase(
      std::ranges::min_element(votes_, {}, [](const auto& vote) { return vote.second.at; }));
}

std::vector<Multiaddr> ObservedAddresses::confirmed(Instant now) const {
  std::map<Bytes, std::size_t> counts;
  for (const auto& [network, vote] : votes_)
    if (now - vote.at < options_.kept_for) ++counts[vote.address];
  std::vector<Multiaddr> addresses;
  for (const auto& [address, count] : counts)
    if (count >= options_.votes_min) addresses.push_back(*Multiaddr::parse(address));
  return addresses;
}

}  // namespace ghmesh::identify
