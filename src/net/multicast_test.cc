// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/multicast.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "net/test_port.h"

namespace ghmesh::net {
namespace {

// The next datagram within some seconds.
std::optional<std::string> next_text(MulticastSocket& socket, std::string* source = nullptr) {
  pollfd waiting{.fd = socket.descriptor(), .events = POLLIN, .revents = 0};
  for (int i = 0; i < 100; ++i) {
    if (auto datagram = socket.receive()) {
      if (source) *source = datagram->source;
      return std::string(as_text(datagram->bytes));
    }
    ::poll(&waiting, 1, 100);
  }
  return std::nullopt;
}

MulticastSocket open(IpFamily family, std::uint16_t port) {
  auto socket = MulticastSocket::open({.family = family, .links = Links::loopback, .port = port});
  GHMESH_CHECK(socket.has_value());
  return *std::move(socket);
}

int option(const MulticastSocket& socket, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(socket.descriptor(), level, name, &value, &length);
  return value;
}

TEST(MulticastSocket, EverybodyOnTheLinkHearsEverything) {
  const std::uint16_t port = test::free_udp_port();
  MulticastSocket a = open(IpFamily::ip4, port);
  MulticastSocket b = open(IpFamily::ip4, port);
  ASSERT_EQ(a.links_count(), 1u);
  a.send(as_bytes("hello"));
  std::string source;
  EXPECT_EQ(next_text(b, &source), "hello");
  EXPECT_EQ(source, "127.0.0.1");
  EXPECT_EQ(next_text(a), "hello") << "the sender, too";
  b.send(as_bytes("answer"));
  EXPECT_EQ(next_text(a), "answer");
  EXPECT_FALSE(a.receive());
}

// Linux has no route for IPv6's groups on the loopback link, so there it is the sending that fails; tests/interop has a
// link that carries both.
TEST(MulticastSocket, WhatTheKernelDoesNotTakeIsCounted) {
  MulticastSocket socket = open(IpFamily::ip6, test::free_udp_port());
  socket.send(as_bytes("hello"));
  std::uint64_t heard_count = socket.links_count();
  heard_count -= socket.counters().datagrams_lost;
  for (std::uint64_t i = 0; i < heard_count; ++i) EXPECT_EQ(next_text(socket), "hello");
  EXPECT_FALSE(socket.receive());
}

TEST(MulticastSocket, ItsDatagramsSayThatTheyComeFromTheLink) {
  const MulticastSocket ip4 = open(IpFamily::ip4, test::free_udp_port());
  EXPECT_EQ(option(ip4, IPPROTO_IP, IP_MULTICAST_TTL), 255);
  EXPECT_EQ(option(ip4, IPPROTO_IP, IP_MULTICAST_ALL), 0);
  const MulticastSocket ip6 = open(IpFamily::ip6, test::free_udp_port());
  EXPECT_EQ(option(ip6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 255);
}

// Anybody on the internet can send to our port; only the group's datagrams come from the link.
TEST(MulticastSocket, WhatIsSentToThisMachineAloneIsDropped) {
  const std::uint16_t port = test::free_udp_port();
  MulticastSocket socket = open(IpFamily::ip4, port);
  const Descriptor stranger(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 100; ++i)
    ::sendto(stranger.get(), "alone", 5, 0, reinterpret_cast<const sockaddr*>(&address),
             sizeof address);
  socket.send(as_bytes("to all"));
  EXPECT_EQ(next_text(socket), "to all");
  EXPECT_EQ(socket.counters().datagrams_ignored, 100u);
}

TEST(MulticastSocket, ADatagramThatIsTooLargeIsDropped) {
  MulticastSocket socket = open(IpFamily::ip4, test::free_udp_port());
  socket.send(Bytes(9001));
  socket.send(Bytes(9000, std::byte{'x'}));
  EXPECT_EQ(next_text(socket), std::string(9000, 'x'));
  EXPECT_EQ(socket.counters().datagrams_ignored, 1u);
}

TEST(MulticastSocket, LooksForItsLinksAgain) {
  MulticastSocket socket = open(IpFamily::ip4, test::free_udp_port());
  socket.update_links();
  EXPECT_EQ(socket.links_count(), 1u);
  socket.send(as_bytes("still here"));
  EXPECT_EQ(next_text(socket), "still here");
}

}  // namespace
}  // namespace ghmesh::net
