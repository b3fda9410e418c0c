// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/local_peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "net/test_port.h"
#include "net/test_run.h"

namespace ghmesh::net {
namespace {

using mdns::Event;
using mdns::Multiaddr;
using mdns::PeerId;

PeerId peer_id(char fill) {
  return PeerId::of_public_key(as_bytes("\x08\x01\x12\x20" + std::string(32, fill)));
}

struct Node {
  Node(asio::io_context& context, char fill, std::uint16_t port) : id(peer_id(fill)) {
    LocalPeersOptions options{.links = Links::loopback, .port = port};
    options.mdns.loopback = mdns::Loopback::accept;
    auto opened = LocalPeers::open(context.get_executor(), id, options);
    GHMESH_CHECK(opened.has_value());
    peers = *opened;
  }
  void start() {
    peers->start([this](const Event& event) { events.push_back(event); });
  }

  PeerId id;
  std::shared_ptr<LocalPeers> peers;
  std::vector<Event> events;
};

// Runs until this is so; a minute of waiting ends the test.
template <class Condition>
void run_until(asio::io_context& context, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  context.restart();
  while (!condition()) GHMESH_CHECK(context.run_one_until(deadline) > 0);
}

TEST(LocalPeers, TwoNodesFindEachOtherOnALinkAndPart) {
  asio::io_context context;
  const std::uint16_t port = test::free_udp_port();
  Node a(context, 'a', port);
  Node b(context, 'b', port);
  EXPECT_GE(a.peers->links_count(), 1u);
  a.start();
  b.start();
  a.peers->set_addresses({*Multiaddr::parse_text("/ip4/127.0.0.1/tcp/4001")});
  b.peers->set_addresses({*Multiaddr::parse_text("/ip4/127.0.0.1/tcp/4002")});
  run_until(context, [&] { return !a.events.empty() && !b.events.empty(); });
  EXPECT_EQ(a.events[0].kind, Event::Kind::found);
  EXPECT_EQ(a.events[0].peer, b.id);
  ASSERT_EQ(a.events[0].addresses.size(), 1u);
  EXPECT_EQ(a.events[0].addresses[0].text(), "/ip4/127.0.0.1/tcp/4002/p2p/" + b.id.text());
  EXPECT_EQ(b.events[0].peer, a.id);

  b.peers->stop();
  run_until(context, [&] { return a.events.size() == 2; });
  EXPECT_EQ(a.events[1].kind, Event::Kind::lost);
  EXPECT_EQ(a.events[1].peer, b.id);
  a.peers->stop();
  a.peers->stop();
  context.restart();
  context.run();  // nothing goes on
  EXPECT_EQ(a.peers.use_count(), 1);
  EXPECT_EQ(b.peers.use_count(), 1);
}

TEST(LocalPeers, CanBeStoppedByItsOwnEvent) {
  asio::io_context context;
  const std::uint16_t port = test::free_udp_port();
  Node a(context, 'a', port);
  Node b(context, 'b', port);
  int events_count = 0;
  a.peers->start([&](const Event&) {
    ++events_count;
    a.peers->stop();
  });
  b.start();
  b.peers->set_addresses({*Multiaddr::parse_text("/ip4/127.0.0.1/tcp/4002")});
  run_until(context, [&] { return events_count > 0 && a.peers.use_count() == 1; });
  EXPECT_EQ(events_count, 1);
}

TEST(LocalPeers, EndsWithItsExecutorWithoutBeingStopped) {
  std::weak_ptr<LocalPeers> left;
  {
    asio::io_context context;
    Node node(context, 'a', test::free_udp_port());
    node.start();
    node.peers->set_addresses({*Multiaddr::parse_text("/ip4/127.0.0.1/tcp/4001")});
    context.poll();
    left = node.peers;
  }
  EXPECT_TRUE(left.expired());
}

}  // namespace
}  // namespace ghmesh::net
