// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/member/roster.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace ghmesh::mesh {
namespace {

PeerId peer_of(int number) {
  Bytes bytes = {std::byte{0x12}, std::byte{0x20}};
  append(bytes, crypto::sha256(as_bytes(std::to_string(number))));
  return PeerId::parse(bytes).value();
}
Multiaddr address_of(int number) {
  return multiformats::tcp_multiaddr("10.0.0." + std::to_string(number % 250 + 1), 4001).value();
}

class RosterTest : public ::testing::Test {
 protected:
  std::vector<Roster::Call> calls() { return roster.next_calls(now); }
  std::vector<Roster::Call> calls_after(Duration duration) {
    now += duration;
    return calls();
  }

  Roster roster{peer_of(0), 7};
  Instant now{1h};
  const WallTime wall = wall_time(1'790'000'000);
};

TEST_F(RosterTest, DialsWhomTheOperatorNamedUntilItIsThere) {
  Multiaddr address = address_of(1);
  address.push(multiformats::Protocol::p2p, peer_of(1).bytes());
  roster.add_static(address, now);
  auto first = calls();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].peer, peer_of(1));
  EXPECT_EQ(first[0].addresses, std::vector{address_of(1)});
  EXPECT_TRUE(calls().empty());  // it is being dialed
  for (int tries = 0; tries < 20; ++tries) {
    roster.failed(first[0], now);
    EXPECT_LE(roster.next_deadline() - now, kRedialMax);
    now = roster.next_deadline();
    first = calls();
    ASSERT_EQ(first.size(), 1u);
  }
  roster.connected(peer_of(1), wall);
  EXPECT_EQ(roster.next_deadline(), Instant::max());
  roster.disconnected(peer_of(1), now);
  EXPECT_LE(roster.next_deadline() - now, kRedialMin);  // a success makes it hopeful again
}

TEST_F(RosterTest, AnAddressOfNobodyInParticularIsLeftAloneWhileItsPeerIsThere) {
  roster.add_static(address_of(1), now);
  const auto first = calls();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_FALSE(first[0].peer);
  roster.answered(first[0], peer_of(1));
  roster.connected(peer_of(1), wall);
  EXPECT_TRUE(calls_after(1h).empty());
  roster.disconnected(peer_of(1), now);
  EXPECT_EQ(calls_after(kRedialMax).size(), 1u);
}

TEST_F(RosterTest, NeverDialsItself) {
  Multiaddr address = address_of(0);
  address.push(multiformats::Protocol::p2p, peer_of(0).bytes());
  roster.add_static(address, now);
  roster.learn(peer_of(0), {address_of(0)}, wall, now);
  EXPECT_TRUE(calls().empty());
  EXPECT_EQ(roster.known_count(), 0u);
}

TEST_F(RosterTest, TheLatestWordCountsAndTheOperatorsStays) {
  Multiaddr address = address_of(1);
  address.push(multiformats::Protocol::p2p, peer_of(1).bytes());
  roster.add_static(address, now);
  roster.learn(peer_of(1), {address_of(2)}, wall, now);
  roster.learn(peer_of(1), {address_of(3)}, wall - Seconds(1), now);
  EXPECT_EQ(roster.addresses_of(peer_of(1)), (std::vector{address_of(2), address_of(1)}));
}

TEST_F(RosterTest, DialsFewAtOnceAndNoMoreThanItWants) {
  for (int i = 1; i <= 200; ++i) roster.learn(peer_of(i), {address_of(i)}, wall, now);
  std::size_t connected_count = 0;
  for (int round = 0; round < 100; ++round) {
    const auto batch = calls();
    EXPECT_LE(batch.size(), kDialsAtOnceMax);
    for (const auto& call : batch) {
      roster.connected(*call.peer, wall);
      ++connected_count;
    }
  }
  EXPECT_GE(connected_count, kConnectedWanted);
  EXPECT_LT(connected_count, kConnectedWanted + kDialsAtOnceMax);
}

TEST_F(RosterTest, ItsMemoryIsBoundedAndTheLatestStay) {
  for (int i = 1; i <= 3'000; ++i)
    roster.learn(peer_of(i), std::vector<Multiaddr>(50, address_of(i)), wall + Seconds(i), now);
  EXPECT_EQ(roster.known_count(), kKnownPeersMax);
  EXPECT_EQ(roster.addresses_of(peer_of(3'000)).size(), kListedAddressesMax);
  EXPECT_TRUE(roster.addresses_of(peer_of(1)).empty());
}

TEST_F(RosterTest, TellsOfTheConnectedFirst) {
  for (int i = 1; i <= 5; ++i) roster.learn(peer_of(i), {address_of(i)}, wall + Seconds(i), now);
  roster.connected(peer_of(2), wall + Seconds(2));
  const auto known = roster.known(3);
  ASSERT_EQ(known.size(), 3u);
  EXPECT_EQ(known[0].id, peer_of(2));
  EXPECT_EQ(known[1].id, peer_of(5));
}

}  // namespace
}  // namespace ghmesh::mesh
