// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/address_scope.h"

#include <algorithm>
#include <optional>

namespace ghmesh::multiformats {
namespace {

struct Range4 {
  std::uint32_t first;
  int prefix_bits;
  Scope scope;
};
// Special-purpose addresses (RFC 6890 and its registry); what is not here is global.
constexpr Range4 kRanges4[] = {
    {0x00000000, 8, Scope::none},      // this host on this network
    {0x0a000000, 8, Scope::local},     // 10/8, RFC 1918
    {0x64400000, 10, Scope::local},    // 100.64/10, shared address space, RFC 6598
    {0x7f000000, 8, Scope::loopback},  // 127/8
    {0xa9fe0000, 16,
     Scope::local},  // 169.254/16, link-local: also where clouds keep their metadata
    {0xac100000, 12, Scope::local},  // 172.16/12, RFC 1918
    {0xc0a80000, 16, Scope::local},  // 192.168/16, RFC 1918
    {0xe0000000, 3, Scope::none},    // 224/4 multicast, 240/4 reserved
};

Scope scope_of_ip4(ByteView ip) {
  const auto number = load_big_endian<std::uint32_t>(ip);
  for (const Range4& range : kRanges4)
    if ((number ^ range.first) >> (32 - range.prefix_bits) == 0) return range.scope;
  return Scope::global;
}

bool starts_with(ByteView ip, std::initializer_list<unsigned char> prefix) {
  return std::equal(prefix.begin(), prefix.end(), ip.begin(),
                    [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

// The IPv4 address that an IPv6 address leads to: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
std::optional<ByteView> embedded_ip4(ByteView ip) {
  if (starts_with(ip, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return ip.subspan(12, 4);
  if (starts_with(ip, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return ip.subspan(12, 4);
  if (starts_with(ip, {0x20, 0x02})) return ip.subspan(2, 4);
  return std::nullopt;
}

Scope scope_of_ip6(ByteView ip) {
  if (const auto ip4 = embedded_ip4(ip)) return scope_of_ip4(*ip4);
  if (starts_with(ip, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})) return Scope::loopback;
  const auto first = load_big_endian<std::uint16_t>(ip);
  if ((first & 0xffc0) == 0xfe80) return Scope::local;   // fe80::/10, link-local
  if ((first & 0xfe00) == 0xfc00) return Scope::local;   // fc00::/7, unique local, RFC 4193
  if ((first & 0xe000) == 0x2000) return Scope::global;  // 2000::/3, all there is so far
  return Scope::none;
}

// The number in front, behind a zone if there is one; null for names and everything else.
const Multiaddr::Part* find_ip(const Multiaddr& address) {
  const auto& parts = address.parts();
  const std::size_t first = !parts.empty() && parts[0].protocol == Protocol::ip6zone ? 1 : 0;
  if (parts.size() <= first) return nullptr;
  const bool is_ip =
      parts[first].protocol == Protocol::ip4 || parts[first].protocol == Protocol::ip6;
  return is_ip ? &parts[first] : nullptr;
}

}  // namespace

Scope scope_of(const Multiaddr& address) {
  const Multiaddr::Part* ip = find_ip(address);
  if (!ip) return Scope::none;
  return ip->protocol == Protocol::ip4 ? scope_of_ip4(ip->value) : scope_of_ip6(ip->value);
}

}  // namespace ghmesh::multiformats
