// SPDX-License-Identifier: Apache-2.0 OR MIT
// What anybody on the link can send, and what it may cost. Rows are those of the attacks on libp2p that were published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libp2p/mdns/test_link.h"

namespace ghmesh::mdns {
namespace {

using namespace ghmesh::mdns::test;
using testing::IsEmpty;
using testing::SizeIs;

class MdnsAttacks : public testing::Test {
 protected:
  MdnsAttacks() : victim(link.add_announced()) {
    link.run(1min);
    victim.events.clear();
  }
  void expect_bounded(const Discovery& discovery) {
    EXPECT_LE(discovery.peers_count(), Options().peers_max);
    EXPECT_LE(discovery.addresses_count(), discovery.peers_count() * kAddressesPerPeerMax);
    EXPECT_LE(discovery.sources_count(), kSourcesMax);
  }
  // An honest peer appears, and is found within this time.
  void expect_honest_peer_is_found(Duration within) {
    Node& honest = link.add_announced();
    link.run(within);
    const auto& events = victim.events;
    EXPECT_TRUE(std::any_of(events.begin(), events.end(),
                            [&](const Event& event) { return event.peer == honest.id; }));
  }

  Link link;
  Node& victim;
};

TEST_F(MdnsAttacks, Row23_CompressionLoopsAreDroppedAndCounted) {
  // A response whose PTR leads to itself, and a query whose name does.
  for (std::string_view text :
       {"000084000000000100000000c00c000c0001000000780002c00c",
        "000000000001000000000000c00c000c0001", "0000000000010000000000000161c00c000c0001"})
    link.deliver(*parse_hex(text), "10.0.0.66");
  EXPECT_EQ(victim.discovery.counters().datagrams_refused, 3u);
  EXPECT_THAT(victim.events, IsEmpty());
  expect_honest_peer_is_found(2s);
}

TEST_F(MdnsAttacks, Row23_MultiaddrBombsAreNoAddresses) {
  const PeerId id = peer_id(7);
  std::string deep;
  while (deep.size() < 200) deep += "/ws";
  std::string nested;
  while (nested.size() < 150) nested += "/ip4/10.0.0.1/tcp/1";
  const std::vector<std::string> bombs = {
      "dnsaddr=" + deep + "/p2p/x",
      "dnsaddr=" + nested + "/p2p/" + id.text(),
      "dnsaddr=/dnsaddr/localhost/p2p/" + id.text(),
      "dnsaddr=/dns4/localhost/tcp/1/p2p/" + id.text(),
      "dnsaddr=/unix/run/docker.sock/p2p/" + id.text(),
      "dnsaddr=/ip4/10.0.0.1/tcp/1",
      "dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/" + id.text() + "/p2p-circuit",
      "dnsaddr=" + std::string(247, '/'),
      "dnsaddr=",
      "dnsaddr",
      "DNSADDR=/ip4/10.0.0.1/tcp/1/p2p/" + id.text(),
      std::string(255, '\0'),
  };
  link.deliver(announcement("x._p2p._udp.local", bombs), "10.0.0.66");
  EXPECT_THAT(victim.events, IsEmpty());
  EXPECT_EQ(victim.discovery.counters().addresses_refused, bombs.size());
}

TEST_F(MdnsAttacks, Row23_AStrangerCannotMakeUsDialOurselves) {
  for (std::string_view text :
       {"/ip4/127.0.0.1/tcp/22", "/ip4/127.255.0.1/tcp/22", "/ip6/::1/tcp/22",
        "/ip4/0.0.0.0/tcp/22", "/ip6/::/tcp/22", "/ip6/::ffff:127.0.0.1/tcp/22"})
    link.deliver(announcement("x._p2p._udp.local", {"dnsaddr=" + with_peer_text(text, peer_id(7))}),
                 "10.0.0.66");
  EXPECT_THAT(victim.events, IsEmpty());
}

TEST_F(MdnsAttacks, Row3_ManyPeersOfOneSourceFillNeitherTheTableNorTheRates) {
  // CVE-2023-40583: records of peers that do not exist.
  for (std::uint32_t i = 1000; i < 6000; ++i) {
    link.deliver(announcement(i), "10.0.0.66");
    link.run(1ms);
  }
  EXPECT_EQ(victim.discovery.peers_count(), kPeersPerSourceMax);
  EXPECT_GT(victim.discovery.counters().peers_refused, 0u);
  EXPECT_GT(victim.discovery.counters().datagrams_throttled, 0u);
  expect_bounded(victim.discovery);
  expect_honest_peer_is_found(2s);
}

TEST_F(MdnsAttacks, Row3_ChurnOfOneSourceLeavesTheOthersTheirRates) {
  // Peers that live for a second make room for ever new ones, each of which would be dialed.
  for (std::uint32_t i = 1000; i < 4000; ++i) {
    link.deliver(announcement(i, 1s), "10.0.0.66");
    link.run(20ms);
  }
  const Duration attacked_for = 3000 * 20ms;
  const auto news_max =
      kSourceNewsRate.burst + kSourceNewsRate.per_second * (attacked_for / 1s) + 1;
  const auto found_count =
      std::count_if(victim.events.begin(), victim.events.end(),
                    [](const Event& event) { return event.kind == Event::Kind::found; });
  EXPECT_LE(found_count, news_max);
  EXPECT_GT(victim.discovery.counters().news_throttled, 0u);
  expect_bounded(victim.discovery);
  expect_honest_peer_is_found(2s);
}

TEST_F(MdnsAttacks, Row3_InventedSourcesAreBoundedTogether) {
  for (std::uint32_t i = 1000; i < 11'000; ++i) {
    link.deliver(announcement(i),
                 "10.7." + std::to_string(i / 250) + '.' + std::to_string(i % 250));
    if (i % 10 == 0) link.run(1ms);
  }
  expect_bounded(victim.discovery);
  EXPECT_EQ(victim.discovery.peers_count(), Options().peers_max);
  // Nothing of it outlives its time.
  link.run(3min);
  EXPECT_EQ(victim.discovery.peers_count(), 0u);
  expect_honest_peer_is_found(2s);
}

TEST_F(MdnsAttacks, Row3_AddressesOfOnePeerAreBounded) {
  for (int i = 0; i < 60; ++i) {
    const std::string text = "/ip4/10.1.0." + std::to_string(i) + "/tcp/1";
    link.deliver(announcement("x._p2p._udp.local", {"dnsaddr=" + with_peer_text(text, peer_id(7))}),
                 "10.0.0.66");
    link.run(100ms);
  }
  EXPECT_EQ(victim.discovery.addresses_count(), kAddressesPerPeerMax);
  EXPECT_EQ(victim.discovery.counters().addresses_refused, 60 - kAddressesPerPeerMax);
}

TEST_F(MdnsAttacks, OneInstanceIsOnePeer) {
  link.deliver(announcement("x._p2p._udp.local",
                            {"dnsaddr=" + with_peer_text("/ip4/10.0.0.1/tcp/1", peer_id(7)),
                             "dnsaddr=" + with_peer_text("/ip4/10.0.0.1/tcp/1", peer_id(8))}),
               "10.0.0.66");
  ASSERT_THAT(victim.events, SizeIs(1));
  EXPECT_EQ(victim.events[0].peer, peer_id(7));
}

TEST_F(MdnsAttacks, InstancesOfOneDatagramAreBounded) {
  dns::Message message{.is_response = true};
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto owner = *dns::Name::parse_text("n" + std::to_string(i));
    message.answers.push_back(
        {.name = *dns::Name::parse_text(kService), .ttl = 120s, .data = dns::Ptr{owner}});
    message.additionals.push_back(
        {.name = owner,
         .ttl = 120s,
         .data =
             dns::Txt{{"dnsaddr=" + with_peer_text("/ip4/10.0.0.1/tcp/1", peer_id(1000 + i))}}});
  }
  const Bytes bytes = *dns::write_message(message);
  // More than a datagram may hold, and then less.
  victim.discovery.receive(bytes, "10.0.0.66", link.now);
  EXPECT_EQ(victim.discovery.counters().datagrams_refused, 1u);
  message.answers.resize(40);
  message.additionals.resize(40);
  link.deliver(*dns::write_message(message), "10.0.0.66");
  EXPECT_EQ(victim.discovery.peers_count(), kInstancesPerDatagramMax);
  EXPECT_EQ(victim.discovery.counters().instances_refused, 1u);
}

// CVE-2026-33040 is about another duration that a peer names, and the arithmetic with it, at once and later.
TEST_F(MdnsAttacks, Cve2026_33040_AnEndlessTtlIsCut) {
  link.deliver(announcement(7, Seconds(0x7fffffff)), "10.0.0.66");
  EXPECT_EQ(victim.discovery.counters().ttls_cut, 1u);
  ASSERT_EQ(victim.discovery.peers_count(), 1u);
  link.run(kTtlMax - 1s);
  EXPECT_EQ(victim.discovery.peers_count(), 1u);
  link.run(2s);
  EXPECT_EQ(victim.discovery.peers_count(), 0u);
}

TEST_F(MdnsAttacks, ADatagramThatIsTooLargeIsNotRead) {
  victim.discovery.receive(Bytes(kDatagramBytesMax + 1), "10.0.0.66", link.now);
  victim.discovery.receive(Bytes(65'507, std::byte{0xff}), "10.0.0.66", link.now);
  EXPECT_EQ(victim.discovery.counters().datagrams_refused, 2u);
}

// A shell whose network is gone takes nothing out: what waits stays small.
TEST_F(MdnsAttacks, OutputThatNobodySendsIsBounded) {
  for (int i = 0; i < 1000; ++i) {
    link.now += 10s;
    victim.discovery.receive(query(kService, dns::Type::ptr), "10.0.0.66", link.now);
    victim.discovery.tick(link.now);
  }
  std::size_t count = 0;
  while (victim.discovery.next_datagram()) ++count;
  EXPECT_LE(count, 4u);
}

}  // namespace
}  // namespace ghmesh::mdns
