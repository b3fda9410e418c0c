// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/mdns/address.h"

#include <algorithm>

namespace ghmesh::mdns {
namespace {

using multiformats::Protocol;

constexpr std::string_view kAttribute = "dnsaddr=";

bool is_dialable_ip4(ByteView ip, Loopback loopback) {
  const auto first = std::to_integer<unsigned>(ip[0]);
  if (first == 127) return loopback == Loopback::accept;
  return first != 0 && first < 224;  // "this network"; multicast, reserved, broadcast
}

bool is_dialable_ip6(ByteView ip, Loopback loopback) {
  const auto first = load_big_endian<std::uint16_t>(ip);
  if ((first & 0xff00) == 0xff00) return false;  // multicast
  if ((first & 0xffc0) == 0xfe80) return false;  // of one link
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  // ::, ::1, and addresses of IPv4 in disguise, which would pass by the rules above.
  if (!std::ranges::all_of(ip.first(10), is_zero)) return true;
  const bool is_loopback =
      std::ranges::all_of(ip.subspan(10, 5), is_zero) && ip[15] == std::byte{1};
  return is_loopback && loopback == Loopback::accept;
}

}  // namespace

bool is_dialable(const Multiaddr& address, Loopback loopback) {
  const auto target = multiformats::tcp_target(address);
  if (!target || target->port == 0) return false;
  const ByteView host = address.parts().front().value;
  if (target->host_protocol == Protocol::ip4) return is_dialable_ip4(host, loopback);
  if (target->host_protocol == Protocol::ip6) return is_dialable_ip6(host, loopback);
  return false;
}

Multiaddr with_peer(const Multiaddr& address, const PeerId& peer) {
  Multiaddr whole = address.without_peer();
  whole.push(Protocol::p2p, peer.bytes());
  return whole;
}

std::optional<PeerId> peer_of(const Multiaddr& address) {
  if (address.empty() || address.parts().back().protocol != Protocol::p2p) return std::nullopt;
  auto id = PeerId::parse(address.parts().back().value);
  if (!id) return std::nullopt;
  return *std::move(id);
}

std::optional<Multiaddr> parse_attribute(std::string_view text) {
  if (!text.starts_with(kAttribute)) return std::nullopt;
  auto address = Multiaddr::parse_text(text.substr(kAttribute.size()));
  if (!address) return std::nullopt;
  return *std::move(address);
}

std::string write_attribute(const Multiaddr& address) {
  return std::string(kAttribute) + address.text();
}

}  // namespace ghmesh::mdns
