// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/p2p/interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <memory>

namespace ghmesh::net {
namespace {

// Empty for what is of another family, or of no use to others.
std::string text_of(const sockaddr* address, Family family) {
  char text[INET6_ADDRSTRLEN] = {};
  if (family == Family::ipv4 && address->sa_family == AF_INET) {
    const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address);
    if (inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof text)) return text;
  }
  if (family == Family::ipv6 && address->sa_family == AF_INET6) {
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address);
    if (IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr)) return {};
    if (inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof text)) return text;
  }
  return {};
}

}  // namespace

std::vector<std::string> interface_addresses(Family family) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::vector<std::string> found;
  for (const ifaddrs* each = first; each; each = each->ifa_next) {
    if (!each->ifa_addr || (each->ifa_flags & IFF_UP) == 0) continue;
    if (std::string text = text_of(each->ifa_addr, family); !text.empty())
      found.push_back(std::move(text));
  }
  return found;
}

}  // namespace ghmesh::net
