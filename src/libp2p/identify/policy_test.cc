// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who may push how often, and which of our addresses are believed.
#include <gtest/gtest.h>

#include "libp2p/identify/observed.h"
#include "libp2p/identify/push_gate.h"
#include "libp2p/keys/private_key.h"

namespace ghmesh::identify {
namespace {

using multiformats::Multiaddr;
using multiformats::PeerId;

const Instant kStart = Instant(1h);

PeerId peer_of(std::uint64_t number) {
  Bytes seed(32);
  store_big_endian<std::uint64_t>(seed, number);
  return keys::PrivateKey::of_seed(crypto::Secret(seed)).peer_id();
}

int admitted_of(PushGate& gate, int pushes, const PeerId& peer, const std::string& group,
                Instant now) {
  int admitted = 0;
  for (int i = 0; i < pushes; ++i) admitted += gate.admit(peer, group, now) ? 1 : 0;
  return admitted;
}

TEST(PushGate, APeerHasAFewPushesAndThenOneEachInterval) {
  PushGate gate;
  const PeerId peer = peer_of(1);
  EXPECT_EQ(admitted_of(gate, 100, peer, "a", kStart), 4);
  EXPECT_EQ(admitted_of(gate, 100, peer, "a", kStart + 5s - 1ns), 0);
  EXPECT_EQ(admitted_of(gate, 100, peer, "a", kStart + 5s), 1);
  EXPECT_EQ(admitted_of(gate, 100, peer, "a", kStart + 1h), 4);
  EXPECT_EQ(gate.counters().refused_peer, 96u + 100 + 99 + 96);
}

TEST(PushGateAttack, Row21_ManyPeersOfOneNeighbourhoodShareItsBucket) {
  PushGate gate;
  int admitted = 0;
  for (std::uint64_t i = 0; i < 200; ++i)
    admitted += admitted_of(gate, 1, peer_of(i), "203.0.113.0/24", kStart);
  EXPECT_EQ(admitted, 64);
  EXPECT_EQ(gate.counters().refused_group, 136u);
  EXPECT_TRUE(gate.admit(peer_of(1000), "198.51.100.0/24", kStart));  // others are not affected
}

TEST(PushGateAttack, Row21_ARefusedPushCostsNoToken) {
  PushGate gate({.peer_burst = 1, .group_burst = 1});
  EXPECT_TRUE(gate.admit(peer_of(1), "a", kStart));
  EXPECT_FALSE(gate.admit(peer_of(2), "a", kStart));  // by its group
  EXPECT_TRUE(gate.admit(peer_of(2), "b", kStart));
  EXPECT_FALSE(gate.admit(peer_of(1), "c", kStart));  // by itself
  EXPECT_TRUE(gate.admit(peer_of(3), "c", kStart));
}

TEST(PushGateAttack, Row21_ItsTablesAreBoundedAndFullBucketsForgotten) {
  PushGate gate({.peers_max = 10, .groups_max = 10});
  for (std::uint64_t i = 0; i < 100; ++i)
    static_cast<void>(gate.admit(peer_of(i), std::to_string(i), kStart));
  EXPECT_EQ(gate.size(), 20u);
  EXPECT_EQ(gate.counters().refused_full, 90u);
  EXPECT_TRUE(gate.admit(peer_of(1), "1", kStart));           // known: still has tokens
  EXPECT_TRUE(gate.admit(peer_of(50), "50", kStart + 1min));  // the others have filled up
}

// --- observed addresses ---

const Multiaddr kSeen = *Multiaddr::parse_text("/ip4/203.0.113.7/tcp/4001");
Multiaddr observer(int network) {
  return *Multiaddr::parse_text("/ip4/198.51." + std::to_string(network) + ".9/tcp/5555");
}
Multiaddr address(std::string_view text) { return *Multiaddr::parse_text(text); }

TEST(ObservedAddresses, CountWhenSeveralNetworksHaveSeenThem) {
  ObservedAddresses observed;
  for (int network = 0; network < 3; ++network) observed.observe(kSeen, observer(network), kStart);
  EXPECT_TRUE(observed.confirmed(kStart).empty());
  observed.observe(kSeen, observer(3), kStart);
  EXPECT_EQ(observed.confirmed(kStart), std::vector<Multiaddr>{kSeen});
  EXPECT_TRUE(observed.confirmed(kStart + 30min).empty());
}

TEST(ObservedAddressesAttack, OneNetworkHasOneVote) {
  ObservedAddresses observed;
  for (int host = 1; host < 255; ++host)
    observed.observe(kSeen, address("/ip4/198.51.100." + std::to_string(host) + "/tcp/1"), kStart);
  for (int customer = 0; customer < 200; ++customer)
    observed.observe(kSeen, address("/ip6/2001:db8:" + std::to_string(customer) + "::1/tcp/1"),
                     kStart);
  EXPECT_EQ(observed.votes_count(), 2u);
  EXPECT_TRUE(observed.confirmed(kStart).empty());
}

TEST(ObservedAddressesAttack, OnlyTheInternetIsAskedAboutTheInternet) {
  ObservedAddresses observed;
  for (int network = 0; network < 10; ++network) {
    const std::string number = std::to_string(network);
    observed.observe(kSeen, address("/ip4/10.0." + number + ".1/tcp/1"), kStart);
    observed.observe(address("/ip4/10.0.0.1/tcp/1"), observer(network), kStart);
    observed.observe(address("/ip4/127.0.0.1/tcp/1"), observer(network), kStart);
    observed.observe(address("/ip4/203.0.113.7/udp/1/quic-v1"), observer(network), kStart);
    observed.observe(address("/dns4/victim.example/tcp/1"), observer(network), kStart);
    observed.observe(Multiaddr(), observer(network), kStart);
  }
  EXPECT_EQ(observed.votes_count(), 0u);
}

TEST(ObservedAddressesAttack, VotesAreBounded) {
  ObservedAddresses observed;
  for (int network = 0; network < 256; ++network)
    observed.observe(kSeen, observer(network), kStart + network * 1ms);
  EXPECT_EQ(observed.votes_count(), 64u);
}

}  // namespace
}  // namespace ghmesh::identify
