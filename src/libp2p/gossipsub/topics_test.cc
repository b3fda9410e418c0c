// SPDX-License-Identifier: Apache-2.0 OR MIT
// Topics that come and go while the router runs, as those do whose names change with the day.
#include <gtest/gtest.h>

#include "libp2p/gossipsub/state.h"
#include "libp2p/gossipsub/test_router.h"

namespace ghmesh::gossipsub {
namespace {

constexpr const char* kOld = "news";
constexpr const char* kNew = "news of tomorrow";

TEST(GossipsubTopics, ATopicThatWasAddedIsLikeOneFromTheBeginning) {
  TestRouter test;
  test.add(1);
  EXPECT_EQ(test.router.subscribe(kNew, test.now).error(), Errc::unsupported);
  EXPECT_EQ(test.router.publish(kNew, as_bytes("x"), test.now).error(), Errc::unsupported);
  ASSERT_TRUE(test.router.add_topic(kNew, {}, test.now));
  ASSERT_TRUE(test.router.add_topic(kNew, {.needs_verdict = true}, test.now));  // is there already
  ASSERT_TRUE(test.router.subscribe(kNew, test.now));
  test.receive(1, {.subscriptions = {{kNew, true}}});
  const Rpc said = test.sent_to(1);
  ASSERT_FALSE(said.subscriptions.empty());
  EXPECT_EQ(said.subscriptions.back().topic, kNew);
  EXPECT_EQ(said.graft, std::vector<std::string>{kNew});
  test.receive(1, {.messages = {TestRouter::message(1, 7, as_bytes("x"), kNew)}});
  const auto delivered = test.events_of<Delivered>();
  ASSERT_EQ(delivered.size(), 1u);
  EXPECT_EQ(delivered[0].topic, kNew);
  EXPECT_FALSE(delivered[0].needs_verdict);
}

// A day begins for everybody at another moment, and nobody says a subscription twice.
TEST(GossipsubTopics, SubscribersThatWereThereBeforeTheTopicAreKnown) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    test.add(number);
    test.receive(number, {.subscriptions = {{kNew, true}}});
  }
  test.receive(3, {.subscriptions = {{kNew, false}}});
  EXPECT_TRUE(test.events_of<SubscriptionChanged>().empty());
  EXPECT_EQ(test.router.holdings().other_topics, 2u);
  ASSERT_TRUE(test.router.add_topic(kNew, {}, test.now));
  EXPECT_EQ(test.router.holdings().other_topics, 0u);
  EXPECT_EQ(test.router.subscribers(kNew).size(), 2u);
  EXPECT_EQ(test.events_of<SubscriptionChanged>().size(), 2u);
  ASSERT_TRUE(test.router.subscribe(kNew, test.now));
  EXPECT_EQ(test.router.mesh_peers(kNew).size(), 2u);
}

TEST(GossipsubTopics, OfAPeerAFewOtherTopicsAreNoted) {
  TestRouter test;
  test.add(1);
  Rpc rpc;
  for (int i = 0; i < 1000; ++i) rpc.subscriptions.push_back({"topic " + std::to_string(i), true});
  test.receive(1, rpc);
  EXPECT_EQ(test.router.holdings().other_topics, kOtherTopicsMax);
  EXPECT_EQ(test.router.counters().not_allowed, 1000u);
  test.router.peer_disconnected(TestRouter::id_of(1), test.now);
  EXPECT_EQ(test.router.holdings().other_topics, 0u);
}

TEST(GossipsubTopics, ARemovedTopicIsLeftFirst) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.add_subscriber(2);
  test.router.remove_topic(kOld, test.now);
  const auto sent = test.sent();
  ASSERT_EQ(sent.size(), 2u);
  for (const auto& one : sent) {
    ASSERT_EQ(one.rpc.subscriptions.size(), 1u);
    EXPECT_FALSE(one.rpc.subscriptions[0].is_subscribed);
  }
  ASSERT_EQ(sent[0].rpc.prune.size(), 1u);
  EXPECT_EQ(sent[0].rpc.prune[0].seconds, 10u);
}

TEST(GossipsubTopics, OfARemovedTopicNothingIsLeft) {
  Options options = test_options();
  options.topics[kOld].needs_verdict = true;
  TestRouter test(options);
  for (std::uint64_t number = 1; number <= 4; ++number) test.add_mesh_peer(number);
  test.receive(4, {.prune = {{.topic = kOld, .seconds = 60}}});
  test.receive(1, {.messages = {TestRouter::message(1, 1)}});
  test.receive(
      2, {.messages = {TestRouter::message(2, 2, as_bytes("forged")), TestRouter::message(2, 3)}});
  ASSERT_TRUE(test.router.publish(kOld, as_bytes("ours"), test.now));
  test.router.report(TestRouter::id_of_message(2, 2), Verdict::reject, test.now);
  EXPECT_LT(test.router.score(TestRouter::id_of(2)), 0);
  EXPECT_GT(test.router.holdings().pending_messages, 0u);
  test.sent();

  test.router.remove_topic(kOld, test.now);
  test.router.remove_topic(kOld, test.now);  // does nothing
  test.router.report(TestRouter::id_of_message(1, 1), Verdict::reject, test.now);
  const Holdings held = test.router.holdings();
  EXPECT_EQ(held.subscriptions, 0u);
  EXPECT_EQ(held.mesh_links, 0u);
  EXPECT_EQ(held.cached_messages, 0u);
  EXPECT_EQ(held.cached_bytes, 0u);
  EXPECT_EQ(held.pending_messages, 0u);
  EXPECT_EQ(held.backoffs, 0u);
  for (std::uint64_t number = 1; number <= 4; ++number)
    EXPECT_EQ(test.router.score(TestRouter::id_of(number)), 0);
  EXPECT_FALSE(test.router.subscribe(kOld, test.now));
  test.sent();
  test.events();

  // Its messages are nobody's any more, and its heartbeats are over.
  test.receive(3, {.messages = {TestRouter::message(3, 9)}, .graft = {kOld}});
  test.receive(3, {.iwant = {TestRouter::id_of_message(1, 1)}});
  test.pass(5s);
  EXPECT_TRUE(test.events_of<Delivered>().empty());
  EXPECT_TRUE(test.sent().empty());
}

TEST(GossipsubTopics, OfARemovedTopicTheFanoutIsForgotten) {
  Options options = test_options();
  options.flood_publish = false;
  TestRouter test(options, /*is_subscribed=*/false);
  for (std::uint64_t number = 1; number <= 3; ++number) test.add_subscriber(number);
  ASSERT_TRUE(test.router.publish(kOld, as_bytes("x"), test.now));
  EXPECT_EQ(test.router.fanout_peers(kOld).size(), 3u);
  test.router.remove_topic(kOld, test.now);
  ASSERT_TRUE(test.router.add_topic(kOld, {}, test.now));
  EXPECT_TRUE(test.router.fanout_peers(kOld).empty());
  EXPECT_EQ(test.router.subscribers(kOld).size(), 3u);  // they still are
}

// What we asked a peer for may be of the topic that is gone: the answer comes and is not looked at.
TEST(GossipsubTopics, NobodyIsBlamedForAnAnswerInATopicThatWeLeft) {
  TestRouter test;
  test.add_subscriber(1);
  test.receive(1, {.ihave = {{kOld, {TestRouter::id_of_message(2, 1)}}}});
  EXPECT_EQ(test.sent_to(1).iwant.size(), 1u);
  test.router.remove_topic(kOld, test.now);
  test.receive(1, {.messages = {TestRouter::message(2, 1)}});
  test.pass(10s);
  EXPECT_EQ(test.router.counters().promises_broken, 0u);
}

TEST(GossipsubTopics, AFreePlaceIsTakenAgainAndTheOthersStayAsTheyAre) {
  Options options = test_options();
  options.topics["a"];
  options.topics["z"];
  TestRouter test(options);
  ASSERT_TRUE(test.router.subscribe("a", test.now));
  ASSERT_TRUE(test.router.subscribe("z", test.now));
  test.add_mesh_peer(1);
  test.receive(1, {.graft = {"a", "z"}});
  for (int day = 0; day < 1000; ++day) {
    const std::string name = "day " + std::to_string(day);
    ASSERT_TRUE(test.router.add_topic(name, {}, test.now));
    ASSERT_TRUE(test.router.subscribe(name, test.now));
    test.receive(1, {.subscriptions = {{name, true}}});
    EXPECT_EQ(test.router.mesh_peers(name).size(), 1u);
    test.pass(1s);
    test.router.remove_topic(name, test.now);
    test.receive(1, {.subscriptions = {{name, false}}});
    test.sent();
    test.events();
  }
  for (const char* name : {"a", kOld, "z"}) EXPECT_EQ(test.router.mesh_peers(name).size(), 1u);
  const Holdings held = test.router.holdings();
  EXPECT_EQ(held.subscriptions, 3u);
  EXPECT_EQ(held.other_topics, 0u);
  EXPECT_EQ(held.backoffs, 0u);
}

TEST(GossipsubTopics, ThereAreOnlySoMany) {
  TestRouter test;
  std::size_t topics_count = 1;
  for (; test.router.add_topic("topic " + std::to_string(topics_count), {}, test.now);)
    ++topics_count;
  EXPECT_EQ(topics_count, Limits().topics_max);
  EXPECT_EQ(test.router.add_topic("more", {}, test.now).error(), Errc::limit_reached);
  EXPECT_TRUE(test.router.add_topic("topic 1", {}, test.now));
  test.router.remove_topic("topic 1", test.now);
  EXPECT_TRUE(test.router.add_topic("more", {}, test.now));
  EXPECT_EQ(test.router.add_topic("", {}, test.now).error(), Errc::unsupported);
  EXPECT_EQ(test.router.add_topic(std::string(257, 'x'), {}, test.now).error(), Errc::too_large);
}

}  // namespace
}  // namespace ghmesh::gossipsub
