// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/record/peer_store.h"

#include <gtest/gtest.h>

namespace ghmesh::record {
namespace {

using multiformats::Multiaddr;
using multiformats::PeerId;
using multiformats::Scope;
using Outcome = PeerStore::Outcome;
using Addresses = std::vector<Multiaddr>;

const Instant kStart = Instant(1000h);
constexpr Scope kGlobal = Scope::global;

keys::PrivateKey key_of(std::uint64_t number) {
  Bytes seed(32);
  store_big_endian<std::uint64_t>(seed, number);
  return keys::PrivateKey::of_seed(crypto::Secret(seed));
}
PeerId peer_of(std::uint64_t number) { return key_of(number).peer_id(); }

Addresses addresses(std::initializer_list<std::string_view> texts) {
  Addresses out;
  for (std::string_view text : texts) out.push_back(*Multiaddr::parse_text(text));
  return out;
}

// "/ip4/203.0.113.7/tcp/<port>"
Multiaddr place(std::uint64_t port) {
  return *Multiaddr::parse_text("/ip4/203.0.113.7/tcp/" + std::to_string(port));
}
Addresses places(std::uint64_t count) {
  Addresses out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(place(1 + i));
  return out;
}

CertifiedRecord record_of(std::uint64_t number, std::uint64_t sequence, Addresses addresses) {
  const auto key = key_of(number);
  return CertifiedRecord::sign(
      {.peer = key.peer_id(), .sequence = sequence, .addresses = std::move(addresses)}, key);
}

// A store that is connected to peer 1.
struct Connected {
  explicit Connected(PeerStore::Options options = {}) : store(options) {
    store.connected(peer, kStart);
  }
  Addresses to_dial(Instant now = kStart) const { return store.addresses_to_dial(peer, now); }

  PeerStore store;
  PeerId peer = peer_of(1);
};

// --- what is kept of a peer ---

TEST(PeerStore, KnowsNobodyAtFirst) {
  PeerStore store;
  EXPECT_TRUE(store.addresses_to_dial(peer_of(1), kStart).empty());
  EXPECT_TRUE(store.envelope_of(peer_of(1), kStart).empty());
  EXPECT_EQ(store.next_deadline(), Instant::max());
  store.disconnected(peer_of(1), kStart);
  store.dial_failed(peer_of(1), place(1), kStart);
  store.dial_succeeded(peer_of(1), place(1), kStart);
  EXPECT_EQ(store.peers_count(), 0u);
  EXPECT_EQ(store.bytes_held(), 0u);
}

TEST(PeerStore, WhatAPeerTellsReplacesWhatItToldBefore) {
  Connected c;
  EXPECT_EQ(c.store.tell(c.peer, {place(1), place(2)}, kGlobal, kStart), Outcome::kept);
  EXPECT_EQ(c.store.tell(c.peer, {place(3)}, kGlobal, kStart), Outcome::kept);
  EXPECT_EQ(c.to_dial(), Addresses{place(3)});
}

TEST(PeerStore, ARecordReplacesTheLastAndIsHandedOn) {
  Connected c;
  const auto first = record_of(1, 10, {place(1)});
  const auto second = record_of(1, 11, {place(2)});
  EXPECT_EQ(c.store.certify(first, kGlobal, kStart), Outcome::kept);
  EXPECT_TRUE(equal(c.store.envelope_of(c.peer, kStart), first.envelope()));
  EXPECT_EQ(c.store.certify(second, kGlobal, kStart), Outcome::kept);
  EXPECT_TRUE(equal(c.store.envelope_of(c.peer, kStart), second.envelope()));
  EXPECT_EQ(c.to_dial(), Addresses{place(2)});

  EXPECT_EQ(c.store.tell(c.peer, {place(3)}, kGlobal, kStart), Outcome::kept);
  EXPECT_TRUE(c.store.envelope_of(c.peer, kStart).empty());  // it has outlived what it says
}

TEST(PeerStore, AnOlderRecordIsStaleAndTheSameOneIsNot) {
  Connected c;
  const auto record =
      record_of(1, 10, addresses({"/ip4/203.0.113.7/tcp/1", "/ip4/10.0.0.7/tcp/1"}));
  ASSERT_EQ(c.store.certify(record, kGlobal, kStart), Outcome::kept);
  EXPECT_EQ(c.store.certify(record_of(1, 9, {place(2)}), kGlobal, kStart), Outcome::stale);
  EXPECT_EQ(c.store.certify(record_of(1, 10, {place(2)}), kGlobal, kStart), Outcome::stale);
  EXPECT_EQ(c.to_dial(), addresses({"/ip4/203.0.113.7/tcp/1"}));
  EXPECT_EQ(c.store.counters().records_stale, 2u);
  // Over a connection within the network, its other address is plausible.
  EXPECT_EQ(c.store.certify(record, Scope::local, kStart), Outcome::kept);
  EXPECT_EQ(c.to_dial(), addresses({"/ip4/10.0.0.7/tcp/1"}));
}

TEST(PeerStore, APeerIsForgottenAWhileAfterItLeft) {
  Connected c;
  c.store.tell(c.peer, {place(1)}, kGlobal, kStart);
  EXPECT_FALSE(c.to_dial(kStart + 1000h).empty());  // as long as it is connected
  c.store.disconnected(c.peer, kStart);
  EXPECT_FALSE(c.to_dial(kStart + 1h - 1ns).empty());
  EXPECT_TRUE(c.to_dial(kStart + 1h).empty());
  EXPECT_EQ(c.store.tell(c.peer, {place(2)}, kGlobal, kStart + 1h), Outcome::unwanted);
  EXPECT_EQ(c.store.peers_count(), 0u);
}

TEST(PeerStore, ASweepFreesWhatHasExpired) {
  Connected c;
  c.store.certify(record_of(1, 10, {place(1)}), kGlobal, kStart);
  c.store.disconnected(c.peer, kStart);
  c.store.tick(kStart + 59min);
  EXPECT_EQ(c.store.peers_count(), 1u);
  c.store.tick(kStart + 61min);
  EXPECT_EQ(c.store.peers_count(), 0u);
  EXPECT_EQ(c.store.bytes_held(), 0u);
}

TEST(PeerStore, APeerThatToldNothingIsForgottenAtOnce) {
  Connected c;
  c.store.disconnected(c.peer, kStart);
  EXPECT_EQ(c.store.peers_count(), 0u);
}

TEST(PeerStore, ASecondConnectionKeepsThePeer) {
  Connected c;
  c.store.connected(c.peer, kStart);
  c.store.tell(c.peer, {place(1)}, kGlobal, kStart);
  c.store.disconnected(c.peer, kStart);
  EXPECT_FALSE(c.to_dial(kStart + 1000h).empty());
  EXPECT_TRUE(c.store.peers_to_dial(kStart).empty());
  c.store.disconnected(c.peer, kStart);
  EXPECT_TRUE(c.to_dial(kStart + 1000h).empty());
  EXPECT_EQ(c.store.peers_to_dial(kStart), std::vector<PeerId>{c.peer});
}

TEST(PeerStore, WhatTheOperatorNamedStaysForEver) {
  PeerStore store;
  const auto named = addresses({"/dns4/node.example.org/tcp/4001", "/ip4/127.0.0.1/tcp/4001"});
  EXPECT_EQ(store.configure(peer_of(1), named, kStart), Outcome::kept);
  EXPECT_EQ(store.addresses_to_dial(peer_of(1), kStart + 100'000h),
            addresses({"/ip4/127.0.0.1/tcp/4001", "/dns4/node.example.org/tcp/4001"}));
  store.tick(kStart + 100'000h);
  EXPECT_EQ(store.peers_count(), 1u);
}

TEST(PeerStore, ASuggestionIsToBeTriedSoon) {
  PeerStore store;
  EXPECT_EQ(store.suggest(peer_of(1), {place(1)}, kGlobal, kStart), Outcome::kept);
  EXPECT_EQ(store.suggest(record_of(2, 1, {place(2)}), kGlobal, kStart), Outcome::kept);
  EXPECT_EQ(store.peers_to_dial(kStart).size(), 2u);
  EXPECT_TRUE(store.peers_to_dial(kStart + 10min).empty());
  EXPECT_EQ(store.suggest(peer_of(3), {}, kGlobal, kStart), Outcome::unwanted);
}

TEST(PeerStore, ASuggestionThatHasExpiredDoesNotComeBackWhenThePeerLeaves) {
  Connected c;
  c.store.suggest(c.peer, {place(1)}, kGlobal, kStart);
  c.store.tell(c.peer, {place(2)}, kGlobal, kStart);
  c.store.disconnected(c.peer, kStart + 1h);
  EXPECT_EQ(c.to_dial(kStart + 1h), Addresses{place(2)});
}

TEST(PeerStore, AnEnvelopeIsGoneWithTheLastAddress) {
  PeerStore store({.addresses_per_peer_max = 1});
  store.suggest(peer_of(1), {place(1)}, kGlobal, kStart);
  store.suggest(record_of(1, 1, {place(2)}), kGlobal,
                kStart + 5min);  // finds no room for its address
  EXPECT_FALSE(store.envelope_of(peer_of(1), kStart + 9min).empty());
  EXPECT_TRUE(store.envelope_of(peer_of(1), kStart + 10min).empty());
}

TEST(PeerStore, OfAConnectedPeerItsOwnWordsCount) {
  Connected c;
  c.store.certify(record_of(1, 10, {place(1)}), kGlobal, kStart);
  EXPECT_EQ(c.store.suggest(record_of(1, 11, {place(2)}), kGlobal, kStart), Outcome::stale);
  EXPECT_EQ(c.to_dial(), Addresses{place(1)});
}

// --- where to dial ---

TEST(PeerStore, DialsTheMostPromisingAddressFirst) {
  PeerStore store;
  const PeerId peer = peer_of(1);
  store.configure(peer, {place(5)}, kStart);
  store.connected(peer, kStart);
  store.certify(record_of(1, 1, {place(4)}), kGlobal, kStart);
  store.suggest(peer, {place(1), place(2), place(3)}, kGlobal, kStart);
  const auto order = [&] { return store.addresses_to_dial(peer, kStart + 5s); };
  EXPECT_EQ(order(), (Addresses{place(5), place(4), place(1), place(2), place(3)}));
  store.dial_succeeded(peer, place(2), kStart + 1s);
  store.dial_succeeded(peer, place(3), kStart + 2s);
  EXPECT_EQ(order(), (Addresses{place(3), place(2), place(5), place(4), place(1)}));
  store.dial_failed(peer, place(3), kStart + 3s);
  store.dial_failed(peer, place(5), kStart + 3s);
  store.dial_failed(peer, place(5), kStart + 4s);
  EXPECT_EQ(order(), (Addresses{place(2), place(4), place(1), place(3), place(5)}));
  store.dial_succeeded(peer, place(5), kStart + 4s);
  EXPECT_EQ(order().front(), place(5));
}

TEST(PeerStore, DialsWhatIsNearerFirst) {
  Connected c;
  c.store.tell(c.peer, addresses({"/ip4/10.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1"}), Scope::loopback,
               kStart);
  EXPECT_EQ(c.to_dial(), addresses({"/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1"}));
}

TEST(PeerStore, AnAddressThatWorkedOutlivesWhatThePeerTells) {
  Connected c;
  c.store.dial_succeeded(c.peer, place(9), kStart);  // a forwarded port: the peer does not know it
  c.store.tell(c.peer, {place(1)}, kGlobal, kStart);
  c.store.certify(record_of(1, 1, {place(2)}), kGlobal, kStart);
  EXPECT_EQ(c.to_dial(), (Addresses{place(9), place(2)}));
}

TEST(PeerStore, AnAddressThatWorksFindsRoom) {
  Connected c;
  c.store.tell(c.peer, places(32), kGlobal, kStart);
  c.store.dial_succeeded(c.peer, place(1000), kStart);
  EXPECT_EQ(c.to_dial().front(), place(1000));
  EXPECT_EQ(c.to_dial().size(), 32u);
}

TEST(PeerStore, KeepsOnlyWhatCanBeDialed) {
  Connected c;
  c.store.tell(
      c.peer,
      addresses({"/ip4/203.0.113.7/udp/1/quic-v1", "/ip4/203.0.113.7/tcp/1/ws", "/memory/1",
                 "/ip4/203.0.113.7/tcp/0", "/unix/tmp/x", "/dns4/example.org/tcp/1",
                 "/dnsaddr/example.org", "/ip4/203.0.113.7/tcp/1"}),
      kGlobal, kStart);
  EXPECT_EQ(c.to_dial(), addresses({"/ip4/203.0.113.7/tcp/1"}));
  EXPECT_EQ(c.store.counters().addresses_not_dialable, 7u);
}

TEST(PeerStore, AnAddressMayNameItsPeerAndNoOther) {
  Connected c;
  c.store.tell(c.peer,
               addresses({"/ip4/203.0.113.7/tcp/1/p2p/" + c.peer.text(),
                          "/ip4/203.0.113.7/tcp/2/p2p/" + peer_of(2).text()}),
               kGlobal, kStart);
  EXPECT_EQ(c.to_dial(), Addresses{place(1)});
  EXPECT_EQ(c.store.counters().addresses_implausible, 1u);
}

// --- attacks ---

TEST(PeerStoreAttack, Row23_APeerOnTheInternetSaysNothingOfOurNetwork) {
  const auto mixed =
      addresses({"/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/169.254.169.254/tcp/80",
                 "/ip6/::ffff:192.168.0.1/tcp/1", "/ip4/203.0.113.7/tcp/1", "/ip4/0.0.0.0/tcp/1"});
  Connected c;
  c.store.tell(c.peer, mixed, Scope::global, kStart);
  EXPECT_EQ(c.to_dial(), addresses({"/ip4/203.0.113.7/tcp/1"}));
  c.store.certify(record_of(1, 1, mixed), Scope::global, kStart);
  EXPECT_EQ(c.to_dial(), addresses({"/ip4/203.0.113.7/tcp/1"}));
  c.store.suggest(record_of(2, 1, mixed), Scope::global, kStart);
  EXPECT_EQ(c.store.addresses_to_dial(peer_of(2), kStart), addresses({"/ip4/203.0.113.7/tcp/1"}));
  EXPECT_EQ(c.store.counters().addresses_implausible, 15u);
}

TEST(PeerStoreAttack, Row23_APeerInOurNetworkSendsUsNowhereElse) {
  const auto mixed =
      addresses({"/ip4/10.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/203.0.113.7/tcp/1"});
  Connected c;
  c.store.tell(c.peer, mixed, Scope::local, kStart);
  EXPECT_EQ(c.to_dial(), addresses({"/ip4/10.0.0.1/tcp/1"}));
  // It may know of others out there.
  c.store.suggest(record_of(2, 1, mixed), Scope::local, kStart);
  EXPECT_EQ(c.store.addresses_to_dial(peer_of(2), kStart),
            addresses({"/ip4/10.0.0.1/tcp/1", "/ip4/203.0.113.7/tcp/1"}));
}

TEST(PeerStoreAttack, CVE_2023_40583_RecordsOfStrangersAreNotKept) {
  Connected c;
  const auto record = record_of(2, 1, {place(1)});
  const std::size_t bytes = c.store.bytes_held();
  EXPECT_EQ(c.store.certify(record, kGlobal, kStart), Outcome::unwanted);
  EXPECT_EQ(c.store.tell(peer_of(3), {place(1)}, kGlobal, kStart), Outcome::unwanted);
  EXPECT_EQ(c.store.bytes_held(), bytes);
  EXPECT_EQ(c.store.counters().peers_unwanted, 2u);
}

TEST(PeerStoreAttack, GHSA_gcq9_qqwx_rgj3_SuggestionsPushOutOnlyEachOther) {
  PeerStore store({.peers_max = 20, .suggested_peers_max = 4});
  for (std::uint64_t i = 0; i < 18; ++i) {  // friends, who are not connected now
    store.connected(peer_of(i), kStart);
    store.tell(peer_of(i), {place(1)}, kGlobal, kStart);
    store.disconnected(peer_of(i), kStart);
  }
  for (std::uint64_t i = 1000; i < 2000; ++i)
    store.suggest(record_of(i, 1, places(30)), kGlobal, kStart + 1s);
  EXPECT_EQ(store.peers_count(), 20u);
  for (std::uint64_t i = 0; i < 18; ++i)
    EXPECT_FALSE(store.addresses_to_dial(peer_of(i), kStart + 2s).empty());
}

TEST(PeerStoreAttack, StrangersWhoComeAndGoPushOutOnlyEachOther) {
  PeerStore store({.peers_max = 20});
  for (std::uint64_t i = 0; i < 10; ++i) {  // whom we have dialed ourselves
    store.connected(peer_of(i), kStart);
    store.dial_succeeded(peer_of(i), place(1), kStart);
    store.disconnected(peer_of(i), kStart);
  }
  for (std::uint64_t i = 1000; i < 2000; ++i) {
    store.connected(peer_of(i), kStart + 1s);
    store.tell(peer_of(i), places(1), kGlobal, kStart + 1s);
    store.disconnected(peer_of(i), kStart + 1s);
  }
  EXPECT_EQ(store.peers_count(), 20u);
  for (std::uint64_t i = 0; i < 10; ++i)
    EXPECT_FALSE(store.addresses_to_dial(peer_of(i), kStart + 2s).empty());
}

TEST(PeerStoreAttack, CVE_2026_57497_AddressesAndBytesAreBounded) {
  PeerStore store({.peers_max = 100, .bytes_max = 64 * 1024});
  for (std::uint64_t i = 0; i < 200; ++i) {
    store.connected(peer_of(i), kStart);
    store.certify(record_of(i, 1, places(64)), kGlobal, kStart);
    EXPECT_LE(store.peers_count(), 100u);
    EXPECT_LE(store.bytes_held(), 64u * 1024);
    EXPECT_LE(store.addresses_to_dial(peer_of(i), kStart).size(), 32u);
  }
  EXPECT_GT(store.counters().addresses_beyond_limit, 0u);
  EXPECT_GT(store.counters().peers_refused, 0u);
  EXPECT_GT(store.counters().envelopes_not_kept, 0u);
}

TEST(PeerStoreAttack, WhoeverHoldsAnOldRecordCannotUndoANewOne) {
  Connected c;
  const auto old = record_of(1, 10, {place(1)});
  c.store.certify(old, kGlobal, kStart);
  c.store.certify(record_of(1, 11, {place(2)}), kGlobal, kStart);
  c.store.disconnected(c.peer, kStart);
  EXPECT_EQ(c.store.suggest(old, kGlobal, kStart + 1s), Outcome::stale);
  EXPECT_EQ(c.to_dial(kStart + 59min), Addresses{place(2)});
}

TEST(PeerStoreAttack, WhatAnotherHandsOnTakesNothingAway) {
  Connected c;
  const auto own = record_of(1, 10, addresses({"/ip4/10.0.0.7/tcp/1"}));
  c.store.certify(own, Scope::local, kStart);
  c.store.disconnected(c.peer, kStart);
  EXPECT_EQ(c.store.suggest(own, Scope::global, kStart), Outcome::stale);
  EXPECT_EQ(c.store.suggest(record_of(1, 11, {place(2)}), Scope::global, kStart), Outcome::kept);
  EXPECT_EQ(c.to_dial(kStart + 59min), addresses({"/ip4/10.0.0.7/tcp/1"}));
}

TEST(PeerStore, AnswersAlikeWhateverTheOrderOfArrival) {
  PeerStore a, b;
  for (std::uint64_t i = 0; i < 50; ++i) {
    a.suggest(peer_of(i), {place(2), place(1)}, kGlobal, kStart);
    b.suggest(peer_of(49 - i), {place(1), place(2)}, kGlobal, kStart);
  }
  EXPECT_EQ(a.peers_to_dial(kStart), b.peers_to_dial(kStart));
  EXPECT_EQ(a.addresses_to_dial(peer_of(7), kStart), b.addresses_to_dial(peer_of(7), kStart));
  EXPECT_EQ(a.bytes_held(), b.bytes_held());
}

}  // namespace
}  // namespace ghmesh::record
