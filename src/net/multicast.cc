// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/multicast.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace ghmesh::net {
namespace {

// The largest datagram of multicast DNS (RFC 6762, 17). A larger one is cut by the kernel, which says so.
constexpr std::size_t kBufferBytes = 9000;
constexpr int kHopsMax = 255;  // RFC 6762, 11
// A flood of datagrams that are not for us is left at times, for what else the thread has to do.
constexpr int kIgnoredAtOnceMax = 64;

Error last_error() { return {errno, boost::system::system_category()}; }

in_addr group4() { return {htonl(0xe00000fb)}; }  // 224.0.0.251

in6_addr group6() {
  in6_addr group{};
  group.s6_addr[0] = 0xff;
  group.s6_addr[1] = 0x02;
  group.s6_addr[15] = 0xfb;
  return group;
}

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const {
    return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
  }
  template <class T>
  static Address of(const T& address) {
    Address out;
    std::memcpy(&out.storage, &address, sizeof address);
    out.length = sizeof address;
    return out;
  }
};

enum class Place { group, any };
Address address_of(const MulticastOptions& options, Place place) {
  if (options.family == IpFamily::ip4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options.port);
    if (place == Place::group) address.sin_addr = group4();
    return Address::of(address);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(options.port);
  if (place == Place::group) address.sin6_addr = group6();
  return Address::of(address);
}

std::string source_text(const sockaddr_storage& from) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  sockaddr_in ip4{};
  sockaddr_in6 ip6{};
  std::memcpy(&ip4, &from, sizeof ip4);
  std::memcpy(&ip6, &from, sizeof ip6);
  const void* ip =
      from.ss_family == AF_INET ? static_cast<const void*>(&ip4.sin_addr) : &ip6.sin6_addr;
  return ::inet_ntop(from.ss_family, ip, text.data(), text.size()) ? text.data() : "";
}

// The links that there are now, each with its first IPv4 address. Without a network, the loopback link.
std::map<unsigned, std::uint32_t> find_links(const MulticastOptions& options) {
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(found, ::freeifaddrs);
  std::map<unsigned, std::uint32_t> network, loopback;
  const int family = options.family == IpFamily::ip4 ? AF_INET : AF_INET6;
  for (const ifaddrs* entry = found; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || entry->ifa_addr->sa_family != family) continue;
    if ((entry->ifa_flags & IFF_UP) == 0) continue;
    const bool is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
    // The loopback link says that it has no multicast, and has. A point-to-point link (a VPN) is nobody's
    // neighbourhood.
    const unsigned unsuitable = entry->ifa_flags & IFF_POINTOPOINT;
    if (!is_loopback && ((entry->ifa_flags & IFF_MULTICAST) == 0 || unsuitable != 0)) continue;
    auto& links = is_loopback ? loopback : network;
    const unsigned index = ::if_nametoindex(entry->ifa_name);
    if (index == 0 || links.size() == kLinksMax) continue;
    sockaddr_in ip4{};
    if (family == AF_INET) std::memcpy(&ip4, entry->ifa_addr, sizeof ip4);
    links.emplace(index, ip4.sin_addr.s_addr);
  }
  return options.links == Links::loopback || network.empty() ? loopback : network;
}

// One control message: on which link a datagram is to go out, or was received.
union Control {
  std::array<char, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(in6_pktinfo))> bytes;
  cmsghdr alignment;
};

template <class Info>
void put_control(msghdr& message, Control& control, int level, int type, const Info& info) {
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

// The link on which a datagram for the group came in; 0 when it was for somebody else.
unsigned link_of(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      return info.ipi_addr.s_addr == group4().s_addr ? static_cast<unsigned>(info.ipi_ifindex) : 0;
    }
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      const in6_addr group = group6();
      return IN6_ARE_ADDR_EQUAL(&info.ipi6_addr, &group) ? info.ipi6_ifindex : 0;
    }
  }
  return 0;
}

struct SocketOption {
  int level;
  int name;
  int value;
};

Result<void> set_options(int socket, IpFamily family) {
  static constexpr SocketOption kBoth[] = {{SOL_SOCKET, SO_REUSEADDR, 1},
                                           {SOL_SOCKET, SO_REUSEPORT, 1}};
  // Of all groups that somebody on this machine has joined, only ours, and only on links where we did.
  static constexpr SocketOption kIp4[] = {{IPPROTO_IP, IP_PKTINFO, 1},
                                          {IPPROTO_IP, IP_MULTICAST_ALL, 0},
                                          {IPPROTO_IP, IP_MULTICAST_TTL, kHopsMax},
                                          {IPPROTO_IP, IP_MULTICAST_LOOP, 1}};
  static constexpr SocketOption kIp6[] = {{IPPROTO_IPV6, IPV6_V6ONLY, 1},
                                          {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
                                          {IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0},
                                          {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kHopsMax},
                                          {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1}};
  const auto set_all = [socket](std::span<const SocketOption> options) {
    return std::ranges::all_of(options, [socket](const SocketOption& option) {
      return ::setsockopt(socket, option.level, option.name, &option.value, sizeof option.value) ==
             0;
    });
  };
  const bool are_set = set_all(kBoth) && (family == IpFamily::ip4 ? set_all(kIp4) : set_all(kIp6));
  if (!are_set) return last_error();
  return {};
}

}  // namespace

Result<MulticastSocket> MulticastSocket::open(const MulticastOptions& options) {
  const int family = options.family == IpFamily::ip4 ? AF_INET : AF_INET6;
  Descriptor socket(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return last_error();
  auto set = set_options(socket.get(), options.family);
  if (!set) return set.error();
  // Not to the group's address: IPv6 would need a socket for each link, and what was not sent to the group is known.
  const Address any = address_of(options, Place::any);
  if (::bind(socket.get(), any.get(), any.length) != 0) return last_error();
  MulticastSocket multicast;
  multicast.options_ = options;
  multicast.socket_ = std::move(socket);
  multicast.buffer_.resize(kBufferBytes);
  multicast.update_links();
  return multicast;
}

void MulticastSocket::update_links() {
  const auto found = find_links(options_);
  const int leave = options_.family == IpFamily::ip4 ? IP_DROP_MEMBERSHIP : IPV6_DROP_MEMBERSHIP;
  const int join = options_.family == IpFamily::ip4 ? IP_ADD_MEMBERSHIP : IPV6_ADD_MEMBERSHIP;
  for (const auto& [link, ip] : links_) {
    if (!found.contains(link)) change_membership(link, leave);
  }
  for (const auto& [link, ip] : found) {
    if (!links_.contains(link)) change_membership(link, join);
  }
  links_ = found;
}

// An error says that the link has just gone, or that we are a member already.
void MulticastSocket::change_membership(unsigned link, int option) {
  if (options_.family == IpFamily::ip4) {
    ip_mreqn request{};
    request.imr_multiaddr = group4();
    request.imr_ifindex = static_cast<int>(link);
    ::setsockopt(socket_.get(), IPPROTO_IP, option, &request, sizeof request);
    return;
  }
  ipv6_mreq request{};
  request.ipv6mr_multiaddr = group6();
  request.ipv6mr_interface = link;
  ::setsockopt(socket_.get(), IPPROTO_IPV6, option, &request, sizeof request);
}

void MulticastSocket::send(ByteView datagram) {
  Address group = address_of(options_, Place::group);
  Bytes bytes = copy_bytes(datagram);  // sendmsg takes no const
  iovec part{bytes.data(), bytes.size()};
  for (const auto& [link, ip] : links_) {
    msghdr message{};
    message.msg_name = &group.storage;
    message.msg_namelen = group.length;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Control control{};
    if (options_.family == IpFamily::ip4) {
      in_pktinfo info{};
      info.ipi_ifindex = static_cast<int>(link);
      info.ipi_spec_dst.s_addr = ip;
      put_control(message, control, IPPROTO_IP, IP_PKTINFO, info);
    } else {
      in6_pktinfo info{};
      info.ipi6_ifindex = link;
      put_control(message, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) ++counters_.datagrams_lost;
  }
}

std::optional<MulticastSocket::Datagram> MulticastSocket::receive() {
  for (int ignored_count = 0; ignored_count < kIgnoredAtOnceMax; ++ignored_count) {
    sockaddr_storage from{};
    iovec part{buffer_.data(), buffer_.size()};
    Control control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const auto bytes_count = ::recvmsg(socket_.get(), &message, 0);
    if (bytes_count < 0) return std::nullopt;
    if ((message.msg_flags & MSG_TRUNC) != 0 || !links_.contains(link_of(message))) {
      ++counters_.datagrams_ignored;
      continue;
    }
    return Datagram{.bytes = ByteView(buffer_).first(static_cast<std::size_t>(bytes_count)),
                    .source = source_text(from)};
  }
  return std::nullopt;
}

}  // namespace ghmesh::net
