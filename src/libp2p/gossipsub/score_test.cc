// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/score.h"

#include <gtest/gtest.h>

#include <cmath>

#include "libp2p/gossipsub/test_router.h"

namespace ghmesh::gossipsub {
namespace {

const Instant kStart = Instant(1h);

PeerId peer(std::uint64_t number) { return test_key(number).peer_id(); }

struct Fixture {
  explicit Fixture(Options options_ = test_options()) : options(std::move(options_)) {
    std::size_t place = 0;
    for (const auto& [name, topic] : options.topics) scores.add_topic(place++, topic.score);
  }
  double score(const ScoreCard& card) const { return scores.score(card, now); }
  void pass(Duration duration) {
    now += duration;
    scores.decay(now);
  }

  Options options;
  Instant now = kStart;
  Scores scores{options, kStart};
};

Options with_deliveries() {
  Options options = test_options();
  TopicScore& topic = options.topics["news"].score;
  topic.mesh_deliveries_weight = -2;  // (4 - 0)^2 * 2 = 32 outweighs P1 and P2 together
  topic.mesh_failures_weight = -2;
  return options;
}

TEST(GossipsubScore, OfAStrangerIsZero) {
  Fixture f;
  EXPECT_EQ(f.score(f.scores.connected(peer(1), "")), 0);
}

TEST(GossipsubScore, P1GrowsWithTheTimeInTheMeshUpToItsMaximum) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.grafted(card, 0, f.now);
  f.pass(100s);
  EXPECT_DOUBLE_EQ(f.score(card), 1);
  f.pass(1h);
  EXPECT_DOUBLE_EQ(f.score(card), 3);
  f.scores.pruned(card, 0, f.now);
  EXPECT_DOUBLE_EQ(f.score(card), 0);
}

TEST(GossipsubScore, P2CountsFirstDeliveriesUpToItsMaximum) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.delivered_first(card, 0);
  EXPECT_DOUBLE_EQ(f.score(card), 1);
  for (int i = 0; i < 100; ++i) f.scores.delivered_first(card, 0);
  EXPECT_DOUBLE_EQ(f.score(card), 20);
}

TEST(GossipsubScore, P3PunishesADeficitOnlyWhenItIsOnAndTheLinkOldEnough) {
  Fixture off;
  ScoreCard& unpunished = off.scores.connected(peer(1), "");
  off.scores.grafted(unpunished, 0, off.now);
  off.pass(1h);
  EXPECT_GT(off.score(unpunished), 0);

  Fixture f(with_deliveries());
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.grafted(card, 0, f.now);
  f.pass(29s);
  EXPECT_GT(f.score(card), 0);
  f.pass(1s);
  EXPECT_DOUBLE_EQ(f.score(card), 0.3 - 32);
  f.scores.delivered_again(card, 0);
  EXPECT_DOUBLE_EQ(f.score(card), 0.3 - 18);
  for (int i = 0; i < 3; ++i) f.scores.delivered_again(card, 0);
  EXPECT_DOUBLE_EQ(f.score(card), 0.3);
}

TEST(GossipsubScore, P3CountsDeliveriesWithinTheMeshOnly) {
  Fixture f(with_deliveries());
  ScoreCard& card = f.scores.connected(peer(1), "");
  for (int i = 0; i < 10; ++i) f.scores.delivered_again(card, 0);
  f.scores.grafted(card, 0, f.now);
  f.pass(30s);
  EXPECT_LT(f.score(card), -30);
}

TEST(GossipsubScore, P3bRemembersTheDeficitOfWhoWasPruned) {
  Fixture f(with_deliveries());
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.grafted(card, 0, f.now);
  f.pass(30s);
  f.scores.pruned(card, 0, f.now);
  EXPECT_DOUBLE_EQ(f.score(card), -32);
  f.pass(10min);
  EXPECT_GT(f.score(card), -32 * 0.2);
  EXPECT_LT(f.score(card), 0);
}

TEST(GossipsubScore, P4IsSquared) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  for (double times : {1.0, 2.0, 3.0}) {
    f.scores.delivered_invalid(card, 0);
    EXPECT_DOUBLE_EQ(f.score(card), -10 * times * times);
  }
  EXPECT_LT(f.score(card), f.options.scoring.graylist_threshold);
}

TEST(GossipsubScore, P5IsWhatTheApplicationSays) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.set_application(card, -7);
  EXPECT_DOUBLE_EQ(f.score(card), -7);
  f.scores.set_application(card, std::nan(""));
  EXPECT_DOUBLE_EQ(f.score(card), 0);
  f.scores.set_application(card, INFINITY);
  EXPECT_TRUE(std::isfinite(f.score(card)));
}

TEST(GossipsubScore, P6NeverPunishesRunnersBehindOneAddressByDefault) {
  Fixture f;
  ScoreCard* last = nullptr;
  for (std::uint64_t number = 1; number <= 500; ++number)
    last = &f.scores.connected(peer(number), "192.0.2.1");
  EXPECT_EQ(f.score(*last), 0);
}

TEST(GossipsubScore, P6PunishesTheSurplusWhereItIsAskedFor) {
  Options options = test_options();
  options.scoring.colocation_threshold = 3;
  Fixture f(options);
  f.scores.allow_colocation("198.51.100.1");
  std::vector<ScoreCard*> cards;
  for (std::uint64_t number = 1; number <= 5; ++number)
    cards.push_back(&f.scores.connected(peer(number), "192.0.2.1"));
  for (const ScoreCard* card : cards) EXPECT_DOUBLE_EQ(f.score(*card), -5 * 4);
  for (std::uint64_t number = 11; number <= 20; ++number)
    EXPECT_EQ(f.score(f.scores.connected(peer(number), "198.51.100.1")), 0);
  for (std::uint64_t number = 21; number <= 30; ++number)
    EXPECT_EQ(f.score(f.scores.connected(peer(number), "")), 0);
  // Two leave, and the others are as before.
  f.scores.disconnected(peer(1), f.now);
  f.scores.disconnected(peer(2), f.now);
  EXPECT_EQ(f.score(*cards[4]), 0);
  // One that reconnects from elsewhere is counted there.
  f.scores.connected(peer(3), "203.0.113.9");
  f.scores.connected(peer(31), "192.0.2.1");
  EXPECT_EQ(f.score(*cards[4]), 0);
}

TEST(GossipsubScore, P7ForgivesAFew) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.misbehaved(card, 3);
  EXPECT_EQ(f.score(card), 0);
  f.scores.misbehaved(card, 2);
  EXPECT_DOUBLE_EQ(f.score(card), -40);
}

TEST(GossipsubScore, WhatIsEarnedInTopicsIsCapped) {
  Options options = test_options();
  options.topics["other"];
  Fixture f(options);
  ScoreCard& card = f.scores.connected(peer(1), "");
  for (int i = 0; i < 100; ++i) {
    f.scores.delivered_first(card, 0);
    f.scores.delivered_first(card, 1);
  }
  EXPECT_DOUBLE_EQ(f.score(card), 30);
  f.scores.delivered_invalid(card, 0);
  f.scores.delivered_invalid(card, 0);
  EXPECT_LT(f.score(card), 1);
}

TEST(GossipsubScore, DecaysByWholeIntervalsAndEndsAtZero) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.delivered_invalid(card, 0);
  f.pass(500ms);
  EXPECT_DOUBLE_EQ(f.score(card), -10);
  f.pass(500ms);
  EXPECT_DOUBLE_EQ(f.score(card), -10 * 0.997 * 0.997);
  // A machine that slept decays at once by all that it missed.
  Fixture slept;
  ScoreCard& other = slept.scores.connected(peer(1), "");
  slept.scores.delivered_invalid(other, 0);
  slept.pass(1s);
  EXPECT_DOUBLE_EQ(slept.score(other), f.score(card));
  for (int i = 0; i < 99; ++i) f.pass(1s);
  slept.pass(99s);
  EXPECT_NEAR(slept.score(other), f.score(card), 1e-9);
  slept.pass(24h);
  EXPECT_EQ(slept.score(other), 0);
}

TEST(GossipsubScore, OfAPeerThatLeftBadlyIsKept) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  f.scores.delivered_invalid(card, 0);
  f.scores.disconnected(peer(1), f.now);
  EXPECT_EQ(f.scores.retained_count(), 1u);
  f.pass(1min);
  EXPECT_LT(f.score(f.scores.connected(peer(1), "")), -5);
  EXPECT_EQ(f.scores.retained_count(), 0u);
  f.scores.disconnected(peer(1), f.now);
  f.pass(10min);
  EXPECT_EQ(f.scores.retained_count(), 0u);
  EXPECT_EQ(f.scores.find(peer(1)), nullptr);
}

TEST(GossipsubScore, OfAPeerThatLeftInGoodStandingIsForgotten) {
  Fixture f;
  ScoreCard& card = f.scores.connected(peer(1), "");
  for (int i = 0; i < 5; ++i) f.scores.delivered_first(card, 0);
  f.scores.disconnected(peer(1), f.now);
  EXPECT_EQ(f.scores.find(peer(1)), nullptr);
}

TEST(GossipsubScore, KeepsNoMoreThanItsLimitOfThoseWhoLeft) {
  Options options = test_options();
  options.limits.retained_scores_max = 10;
  Fixture f(options);
  for (std::uint64_t number = 1; number <= 15; ++number) {
    f.scores.delivered_invalid(f.scores.connected(peer(number), ""), 0);
    f.scores.disconnected(peer(number), f.now);
    f.now += 1s;
  }
  EXPECT_EQ(f.scores.retained_count(), 10u);
  EXPECT_EQ(f.scores.find(peer(5)), nullptr);
  EXPECT_NE(f.scores.find(peer(6)), nullptr);
}

// --- in the router ---

TEST(GossipsubRouter, CountsNearlySimultaneousCopiesAsDeliveries) {
  TestRouter test(with_deliveries());
  for (std::uint64_t number = 1; number <= 3; ++number) test.add_mesh_peer(number);
  for (std::uint64_t seqno = 1; seqno <= 5; ++seqno) {
    const Rpc rpc{.messages = {TestRouter::message(9, seqno)}};
    test.receive(1, rpc);
    test.now += 40ms;
    for (int i = 0; i < 10; ++i) test.receive(2, rpc);  // counts once
    test.now += 40ms;
    test.receive(3, rpc);  // too late
  }
  test.now += 30s;
  test.heartbeat();
  EXPECT_GT(test.router.score(TestRouter::id_of(1)), 0);
  EXPECT_GT(test.router.score(TestRouter::id_of(2)), 0);
  EXPECT_LT(test.router.score(TestRouter::id_of(3)), -25);
}

TEST(GossipsubRouter, HearsNothingOfAGraylistedPeerAndSaysSoOnce) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.router.set_application_score(TestRouter::id_of(1), -100);
  for (std::uint64_t seqno = 1; seqno <= 3; ++seqno)
    test.receive(1, {.messages = {TestRouter::message(1, seqno)}});
  const auto events = test.events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<Graylisted>(events[0]).peer, TestRouter::id_of(1));
  EXPECT_EQ(test.router.counters().rpcs_graylisted, 3u);
  test.router.set_application_score(TestRouter::id_of(1), 0);
  test.receive(1, {.messages = {TestRouter::message(1, 4)}});
  EXPECT_EQ(test.events_of<Delivered>().size(), 1u);
}

TEST(GossipsubRouter, SendsNothingOfItsOwnBelowThePublishThreshold) {
  TestRouter test;
  test.add_subscriber(1);
  test.add_subscriber(2);
  test.router.set_application_score(TestRouter::id_of(1), -60);
  ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  const auto sent = test.sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].to, TestRouter::id_of(2));
}

TEST(GossipsubRouter, NeitherTellsNorAsksBelowTheGossipThreshold) {
  TestRouter test;
  PeerInfo floodsub;
  test.add_subscriber(1);
  test.router.set_application_score(TestRouter::id_of(1), -20);
  test.receive(1, {.ihave = {{"news", {TestRouter::id_of_message(9, 1)}}}});
  EXPECT_TRUE(test.sent_to(1).iwant.empty());
  ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  test.sent();
  test.receive(1, {.iwant = {TestRouter::id_of_message(1'000'000, 1)}});
  EXPECT_TRUE(test.sent().empty());
}

}  // namespace
}  // namespace ghmesh::gossipsub
