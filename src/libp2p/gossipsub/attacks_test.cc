// SPDX-License-Identifier: Apache-2.0 OR MIT
// Published attacks on gossipsub implementations, by their numbers: what the victim holds stays bounded, and honest
// traffic is not affected.
#include <gtest/gtest.h>

#include "libp2p/gossipsub/seen_cache.h"
#include "libp2p/gossipsub/state.h"
#include "libp2p/gossipsub/test_router.h"
#include "libp2p/protobuf/fields.h"

namespace ghmesh::gossipsub {
namespace {

using protobuf::append_field;

// The router under attack: peers 1 to 6 are its honest mesh, 66 is the attacker.
struct Victim : TestRouter {
  explicit Victim(const Options& options = test_options()) : TestRouter(options) {
    for (std::uint64_t number = 1; number <= 6; ++number) add_mesh_peer(number);
    add_subscriber(66);
  }
  bool attack(ByteView rpc) { return router.receive(id_of(66), rpc, now).has_value(); }

  // Honest peers are still in the mesh, and what they say is still delivered.
  void expect_unharmed() {
    for (std::uint64_t number = 1; number <= 6; ++number) {
      EXPECT_TRUE(is_in_mesh(number)) << number;
      EXPECT_GE(router.score(id_of(number)), 0) << number;
    }
    events();
    sent();
    receive(1, {.messages = {message(1, ++honest_seqno)}});
    EXPECT_EQ(events_of<Delivered>().size(), 1u);
    EXPECT_GE(sent().size(), 5u);
  }
  std::uint64_t honest_seqno = 0;
};

Bytes repeated(std::uint32_t number, ByteView body, std::size_t times) {
  Bytes out;
  for (std::size_t i = 0; i < times; ++i) append_field(out, number, body);
  return out;
}

// rust: a backoff of 2^64 - 1 seconds overflowed when it was added to the time.
TEST(GossipsubAttacks, Cve2026_33040_BackoffOverflowAtReceiptIsClamped) {
  Victim test;
  for (const std::uint64_t seconds :
       {UINT64_MAX, UINT64_MAX / 2, std::uint64_t{1} << 62, std::uint64_t{9'223'372'037}})
    EXPECT_TRUE(test.receive(66, {.prune = {{"news", {}, seconds}}}));
  EXPECT_EQ(test.router.counters().backoffs_clamped, 4u);
  EXPECT_EQ(test.router.holdings().backoffs, 1u);
  test.expect_unharmed();
}

// rust: a backoff that was stored survived receipt, and overflowed in a later heartbeat.
TEST(GossipsubAttacks, Cve2026_34219_BackoffNearTheMaximumEndsAtALaterHeartbeat) {
  Victim test;
  EXPECT_TRUE(test.receive(66, {.prune = {{"news", {}, UINT64_MAX - 100}}}));
  test.pass(30min);
  EXPECT_EQ(test.router.holdings().backoffs, 1u);
  test.pass(31min);
  EXPECT_EQ(test.router.holdings().backoffs, 0u);
  test.expect_unharmed();
}

// rust: control lists were built as objects before they were counted. Here an RPC is counted first, and no list is ever
// copied: the largest that is taken leads to bounded tables.
TEST(GossipsubAttacks, GhsaG3g5X568Qvqx_ControlIsCountedBeforeAnythingIsBuilt) {
  Victim test;
  const std::size_t held_before = test.router.holdings().promises;
  Bytes ids = repeated(2, {}, 500'000);  // a megabyte of empty ids
  Bytes ihave, control, rpc;
  append_field(ihave, 1, as_bytes("news"));
  append(ihave, ids);
  append_field(control, 1, ihave);
  append_field(rpc, 3, control);
  auto received = test.router.receive(TestRouter::id_of(66), rpc, test.now);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error(), Errc::gossipsub_limit);
  EXPECT_EQ(test.router.holdings().promises, held_before);
  EXPECT_EQ(test.router.holdings().peers, 6u);  // the attacker is gone, what it did is kept
  EXPECT_EQ(test.router.holdings().retained_scores, 1u);
  test.expect_unharmed();
}

// js, go, cpp, py: each new topic of a SUBSCRIBE stayed in memory for ever.
TEST(GossipsubAttacks, Cve2026_46679_SubscriptionsToOtherTopicsLeaveAFewHashes) {
  Victim test;
  const Holdings before = test.router.holdings();
  for (int frame = 0; frame < 20; ++frame) {
    Rpc rpc;
    for (std::size_t i = 0; i < kSubscriptionsMax; ++i)
      rpc.subscriptions.push_back({"topic " + std::to_string(frame * 10'000 + int(i)), true});
    EXPECT_TRUE(test.receive(66, rpc));
  }
  EXPECT_EQ(test.router.holdings().subscriptions, before.subscriptions);
  EXPECT_EQ(test.router.holdings().other_topics, kOtherTopicsMax);
  EXPECT_EQ(test.router.counters().not_allowed, 20 * kSubscriptionsMax);
  EXPECT_TRUE(test.events().empty());
  test.expect_unharmed();
}

TEST(GossipsubAttacks, Cve2026_46679_NothingOfAPeerStaysWhenItLeaves) {
  Victim test;
  const Holdings before = test.router.holdings();
  for (std::uint64_t number = 1000; number < 1200; ++number) {
    test.add(number);
    test.receive(number, {.subscriptions = {{"news", true}}, .idontwant = {MessageId(Bytes(20))}});
    test.router.peer_disconnected(TestRouter::id_of(number), test.now);
  }
  const Holdings after = test.router.holdings();
  EXPECT_EQ(after.peers, before.peers);
  EXPECT_EQ(after.subscriptions, before.subscriptions);
  EXPECT_EQ(after.mesh_links, before.mesh_links);
  EXPECT_EQ(after.known_ids, before.known_ids);
  EXPECT_EQ(after.retained_scores, before.retained_scores);
  test.expect_unharmed();
}

// js floodsub: two bytes for each empty subscription, millions in a frame.
TEST(GossipsubAttacks, Cve2026_86040_EmptySubscriptionsAreCounted) {
  Victim test;
  EXPECT_FALSE(test.attack(repeated(1, {}, 500'000)));
  EXPECT_EQ(test.router.counters().rpcs_over_limit, 1u);
  test.expect_unharmed();
  Victim again;
  EXPECT_TRUE(again.attack(repeated(1, {}, kSubscriptionsMax)));
  again.expect_unharmed();
}

// A GRAFT of a topic that nobody has made a set grow.
TEST(GossipsubAttacks, Cve2026_95859_GraftsOfNovelTopicsLeaveNothing) {
  Victim test;
  const Holdings before = test.router.holdings();
  for (int frame = 0; frame < 20; ++frame) {
    Rpc rpc;
    for (int i = 0; i < 400; ++i) {
      const std::string topic = "topic " + std::to_string(frame * 1000 + i);
      rpc.graft.push_back(topic);
      rpc.prune.push_back({topic, {}, 3600});
    }
    EXPECT_TRUE(test.receive(66, rpc));
  }
  EXPECT_TRUE(test.sent().empty());  // and no answer, which would tell who is where
  const Holdings after = test.router.holdings();
  EXPECT_EQ(after.backoffs, before.backoffs);
  EXPECT_EQ(after.subscriptions, before.subscriptions);
  EXPECT_EQ(after.mesh_links, before.mesh_links);
  EXPECT_EQ(test.router.counters().not_allowed, 20u * 800);
  test.expect_unharmed();
}

// Gossipsub 1.0 trusted its gossip: IHAVE of what does not exist made victims ask, for ever and in any number.
TEST(GossipsubAttacks, Cve2020_12821_IHaveSpamIsBoundedAndCosts) {
  Victim test;
  std::uint64_t seqno = 0;
  for (int round = 0; round < 4; ++round) {
    for (int frame = 0; frame < 15; ++frame) {
      Rpc rpc{.ihave = {{"news", {}}}};
      for (int i = 0; i < 1000; ++i)
        rpc.ihave[0].ids.push_back(TestRouter::id_of_message(4711, ++seqno));
      if (!test.receive(66, rpc)) break;
    }
    std::size_t asked = 0, rpcs = 0;
    for (const auto& sent : test.sent()) {
      asked += sent.rpc.iwant.size();
      rpcs += !sent.rpc.iwant.empty();
    }
    EXPECT_LE(asked, 2000u);
    EXPECT_LE(rpcs, 10u);
    EXPECT_LE(test.router.holdings().promises, 10'000u);
    test.heartbeat();
  }
  test.pass(3s);
  EXPECT_LT(test.router.score(TestRouter::id_of(66)), -80);
  test.expect_unharmed();
}

// ... and IWANT made them answer in any number: a small request for a large answer.
TEST(GossipsubAttacks, Cve2020_12821_IWantSpamIsBounded) {
  Victim test;
  Rpc wanted;
  for (std::uint64_t seqno = 1; seqno <= 100; ++seqno) {
    test.receive(1, {.messages = {TestRouter::message(1, seqno, Bytes(20'000))}});
    wanted.iwant.push_back(TestRouter::id_of_message(1, seqno));
  }
  test.honest_seqno = 100;
  test.sent();
  std::size_t bytes = 0;
  for (int i = 0; i < 200; ++i) {
    test.receive(66, wanted);
    for (const auto& sent : test.sent())
      for (const Bytes& message : sent.rpc.messages) bytes += message.size();
  }
  EXPECT_LE(bytes, 1024u * 1024);
  EXPECT_GT(test.router.counters().iwant_over_limit, 0u);
  test.expect_unharmed();
}

// The general case of answers that pile up (CVE-2024-32984): no input makes the router say more than a bounded multiple
// in one heartbeat, whoever does not read it.
TEST(GossipsubAttacks, Cve2024_32984_AnswersAreBounded) {
  Victim test;
  std::size_t answers = 0;
  for (int i = 0; i < 10'000; ++i) {
    test.receive(66, {.subscriptions = {{"news", false}, {"news", true}}, .graft = {"news"}});
    answers += test.sent().size();
  }
  EXPECT_LE(answers, 20u);
  test.expect_unharmed();
}

// CVE-2022-47547: with the parameters of a well-known network, P1 and P2 outweighed P3, and a peer that never forwarded
// anything kept a positive score. Where P3 is on, silence must cost more than anything else can earn.
TEST(GossipsubAttacks, Ghsa77r2Q4c3V635_WhoNeverForwardsLosesItsPlace) {
  Options options = test_options();
  options.topics["news"].score.mesh_deliveries_weight = -2;
  options.topics["news"].score.mesh_failures_weight = -2;
  Victim test(options);
  test.receive(66, {.graft = {"news"}});
  ASSERT_TRUE(test.is_in_mesh(66));
  for (std::uint64_t seqno = 1; seqno <= 60; ++seqno) {
    test.receive(1, {.messages = {TestRouter::message(9, seqno)}});
    for (std::uint64_t number = 2; number <= 6; ++number)
      test.receive(number, {.messages = {TestRouter::message(9, seqno)}});
    test.pass(1s);
  }
  EXPECT_FALSE(test.is_in_mesh(66));
  EXPECT_LT(test.router.score(TestRouter::id_of(66)), 0);
  test.expect_unharmed();
}

// By default P3 is off, since quiet topics would punish everybody. There a mesh of silent peers is replaced instead:
// those who stay without delivering stay below the threshold of opportunistic grafting, and gossip brings what they
// keep back, which makes those who tell of it better than they are.
TEST(GossipsubAttacks, Ghsa77r2Q4c3V635_AMeshOfSilentPeersIsReplacedWithoutP3) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 6; ++number) test.add_mesh_peer(number);
  for (std::uint64_t number = 11; number <= 14; ++number) test.add_subscriber(number);
  test.pass(10min);
  test.sent();
  for (std::uint64_t seqno = 1; seqno <= 80; ++seqno) {
    const std::uint64_t honest = 11 + seqno % 4;
    const MessageId id = TestRouter::id_of_message(9, seqno);
    test.receive(honest, {.ihave = {{"news", {id}}}});
    ASSERT_EQ(test.sent_to(honest).iwant, std::vector{id}) << seqno;
    test.receive(honest, {.messages = {TestRouter::message(9, seqno)}});
    test.pass(1s);
    test.sent();
  }
  std::size_t honest_in_mesh = 0;
  for (std::uint64_t number = 11; number <= 14; ++number) honest_in_mesh += test.is_in_mesh(number);
  EXPECT_GE(honest_in_mesh, 2u);
}

// Whoever forges messages is not read any more after the third, within the same RPC.
TEST(GossipsubAttacks, AFloodOfForgeriesCostsThreeVerifications) {
  Victim test;
  Rpc rpc;
  for (std::uint64_t seqno = 1; seqno <= 1000; ++seqno) {
    rpc.messages.push_back(TestRouter::message(1, seqno));
    rpc.messages.back().back() ^= std::byte{1};
  }
  EXPECT_TRUE(test.receive(66, rpc));
  EXPECT_EQ(test.router.counters().verified, 3u);
  EXPECT_EQ(test.events_of<Graylisted>().size(), 1u);
  // Nor when it comes back.
  test.router.peer_disconnected(TestRouter::id_of(66), test.now);
  test.add(66);
  EXPECT_TRUE(test.receive(66, rpc));
  EXPECT_EQ(test.router.counters().verified, 3u);
  test.expect_unharmed();
}

// IDONTWANT of everything: the router stops sending to who does not want, and remembers a bounded number of words.
TEST(GossipsubAttacks, AFloodOfIDontWantIsBounded) {
  Victim test;
  std::uint64_t seqno = 0;
  for (int frame = 0; frame < 25; ++frame) {
    Rpc rpc;
    for (int i = 0; i < 1000; ++i)
      rpc.idontwant.push_back(TestRouter::id_of_message(4711, ++seqno));
    EXPECT_TRUE(test.receive(66, rpc));
    if (frame % 5 == 0) test.heartbeat();
  }
  EXPECT_LE(test.router.holdings().known_ids, 3 * KnownIds::kIdsPerHeartbeatMax);
  EXPECT_GT(test.router.counters().idontwant_over_limit, 0u);
  test.expect_unharmed();
}

TEST(GossipsubAttacks, MessagesFillTheCachesUpToTheirLimits) {
  Options options = test_options();
  options.limits.cached_bytes_max = 200'000;
  options.limits.seen_max = 100;
  Victim test(options);
  for (std::uint64_t seqno = 1; seqno <= 500; ++seqno) {
    test.receive(66, {.messages = {TestRouter::message(66, seqno, Bytes(2000))}});
    test.sent();
    test.events();
    EXPECT_LE(test.router.holdings().cached_bytes, 200'000u);
    EXPECT_LE(test.router.holdings().seen, 100u);
  }
  EXPECT_GT(test.router.counters().cache_dropped, 0u);
  EXPECT_GT(test.router.counters().seen_dropped, 0u);
}

TEST(GossipsubAttacks, MorePeersThanTheLimitAreRefused) {
  Options options = test_options();
  options.limits.peers_max = 10;
  TestRouter test(options);
  for (std::uint64_t number = 1; number <= 10; ++number) test.add(number);
  EXPECT_EQ(test.router.peer_connected({.id = TestRouter::id_of(11)}, test.now).error(),
            Errc::limit_reached);
  EXPECT_EQ(test.router.holdings().peers, 10u);
  EXPECT_EQ(test.router.counters().peers_refused, 1u);
  EXPECT_TRUE(test.receive(11, {.subscriptions = {{"news", true}}}));
  EXPECT_TRUE(test.router.subscribers("news").empty());
}

TEST(GossipsubAttacks, GarbageEndsTheConnectionAndIsRemembered) {
  Victim test;
  auto received = test.router.receive(TestRouter::id_of(66), as_bytes("\x0a\xff"), test.now);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error(), Errc::gossipsub_malformed);
  EXPECT_EQ(test.router.counters().rpcs_malformed, 1u);
  EXPECT_EQ(test.router.receive(TestRouter::id_of(1), Bytes(2 * 1024 * 1024), test.now).error(),
            Errc::gossipsub_limit);
}

}  // namespace
}  // namespace ghmesh::gossipsub
