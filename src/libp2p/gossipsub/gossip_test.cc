// SPDX-License-Identifier: Apache-2.0 OR MIT
// IHAVE, IWANT and promises; publishing with and without a mesh; verdicts.
#include <gtest/gtest.h>

#include "libp2p/gossipsub/message_cache.h"
#include "libp2p/gossipsub/promises.h"
#include "libp2p/gossipsub/test_router.h"

namespace ghmesh::gossipsub {
namespace {

CachedMessage cached(std::uint64_t seqno, std::size_t bytes = 100, bool is_pending = false) {
  return {.id = TestRouter::id_of_message(1, seqno),
          .rpc = std::make_shared<const Bytes>(bytes),
          .is_pending = is_pending};
}

IdHash hash_of(std::uint64_t seqno) { return hash_id(TestRouter::id_of_message(1, seqno)); }

TEST(GossipsubMessageCache, TellsOfAMessageForThreeHeartbeatsAndKeepsItForFive) {
  MessageCache cache(test_options());
  cache.insert(hash_of(1), cached(1));
  for (int heartbeat = 1; heartbeat <= 5; ++heartbeat) {
    EXPECT_NE(cache.find(hash_of(1)), nullptr);
    EXPECT_EQ(cache.gossip_ids(0).size(), heartbeat <= 3 ? 1u : 0u) << heartbeat;
    EXPECT_TRUE(cache.gossip_ids(1).empty());
    cache.shift();
  }
  EXPECT_EQ(cache.find(hash_of(1)), nullptr);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(GossipsubMessageCache, TellsNothingOfWhatWaitsForAVerdict) {
  MessageCache cache(test_options());
  cache.insert(hash_of(1), cached(1, 100, /*is_pending=*/true));
  EXPECT_EQ(cache.pending(), 1u);
  EXPECT_TRUE(cache.gossip_ids(0).empty());
  cache.verdict_came(*cache.find(hash_of(1)));
  EXPECT_EQ(cache.pending(), 0u);
  EXPECT_EQ(cache.gossip_ids(0).size(), 1u);
  cache.insert(hash_of(2), cached(2, 100, /*is_pending=*/true));
  cache.erase(hash_of(2));
  EXPECT_EQ(cache.pending(), 0u);
}

TEST(GossipsubMessageCache, DropsTheOldestWhenItIsFull) {
  Options options = test_options();
  options.limits.cached_messages_max = 3;
  options.limits.cached_bytes_max = 10'200;
  MessageCache cache(options);
  for (std::uint64_t seqno = 1; seqno <= 3; ++seqno)
    EXPECT_EQ(cache.insert(hash_of(seqno), cached(seqno)), 0u);
  cache.erase(hash_of(1));
  EXPECT_EQ(cache.insert(hash_of(4), cached(4)), 0u);
  EXPECT_EQ(cache.insert(hash_of(5), cached(5)), 1u);
  EXPECT_EQ(cache.find(hash_of(2)), nullptr);
  EXPECT_EQ(cache.insert(hash_of(6), cached(6, 9'000)), 2u);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_LE(cache.bytes(), 10'200u);
}

TEST(GossipsubSeenCache, ForgetsWithTimeAndWhenItIsFull) {
  SeenCache seen(2min, 3);
  const Instant now(1h);
  EXPECT_TRUE(seen.insert(hash_of(1), now));
  EXPECT_TRUE(seen.insert(hash_of(1), now + 1min));  // its time does not begin anew
  EXPECT_TRUE(seen.insert(hash_of(2), now + 1min));
  seen.expire(now + 2min);
  EXPECT_FALSE(seen.contains(hash_of(1)));
  EXPECT_TRUE(seen.contains(hash_of(2)));
  EXPECT_TRUE(seen.insert(hash_of(3), now + 2min));
  EXPECT_TRUE(seen.insert(hash_of(4), now + 2min));
  EXPECT_FALSE(seen.insert(hash_of(5), now + 2min));
  EXPECT_FALSE(seen.contains(hash_of(2)));
  EXPECT_EQ(seen.size(), 3u);
}

TEST(GossipsubPromises, AreBrokenWhenNothingCame) {
  Promises promises(1s);
  const Instant now(1h);
  promises.asked(hash_of(1), now);
  EXPECT_FALSE(promises.may_ask(hash_of(1), now + 999ms));
  EXPECT_TRUE(promises.may_ask(hash_of(1), now + 1s));
  promises.promised(hash_of(1), 7, now + 3s);
  promises.promised(hash_of(1), 5, now + 3s);
  promises.promised(hash_of(2), 5, now + 3s);
  promises.arrived(hash_of(2));
  EXPECT_TRUE(promises.take_broken(now + 2s).empty());
  EXPECT_EQ(promises.take_broken(now + 3s), (std::vector<PeerKey>{5, 7}));
  EXPECT_TRUE(promises.take_broken(now + 4s).empty());
  EXPECT_EQ(promises.size(), 0u);
}

TEST(GossipsubPromises, AreBounded) {
  Promises promises(1s);
  const Instant now(1h);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    promises.asked(hash_of(i), now);
    promises.promised(hash_of(i), 1, now + 3s);
  }
  EXPECT_EQ(promises.size(), Promises::kAskedMax + Promises::kPromisesMax);
  promises.forget(1);
  promises.take_broken(now + 1min);
  EXPECT_EQ(promises.size(), 0u);
}

// --- in the router ---

// Peers 1 to 6 fill the mesh; 11 and above listen only.
struct Swarm : TestRouter {
  explicit Swarm(const Options& options = test_options()) : TestRouter(options) {
    for (std::uint64_t number = 1; number <= 6; ++number) add_mesh_peer(number);
  }
  void add_listeners(std::uint64_t count) {
    for (std::uint64_t number = 11; number < 11 + count; ++number) add_subscriber(number);
  }
};

TEST(GossipsubRouter, TellsListenersWhatItHas) {
  Swarm test;
  test.add_listeners(3);
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  test.sent();
  test.heartbeat();
  std::size_t told = 0;
  for (const auto& sent : test.sent()) {
    for (const auto& ihave : sent.rpc.ihave) {
      ++told;
      EXPECT_EQ(ihave.topic, "news");
      EXPECT_EQ(ihave.ids, std::vector{TestRouter::id_of_message(9, 5)});
      EXPECT_EQ(sent.priority, Priority::gossip);
      EXPECT_FALSE(test.router.mesh_peers("news").empty());
    }
  }
  EXPECT_EQ(told, 3u);
}

TEST(GossipsubRouter, TellsAQuarterOfManyListeners) {
  Swarm test;
  test.add_listeners(40);
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  test.sent();
  test.heartbeat();
  std::size_t told = 0;
  for (const auto& sent : test.sent()) told += sent.rpc.ihave.size();
  EXPECT_EQ(told, 10u);
}

TEST(GossipsubRouter, TellsNobodyWhatHeSaidHeHas) {
  Swarm test;
  test.add_listeners(1);
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  test.receive(11, {.idontwant = {TestRouter::id_of_message(9, 5)}});
  test.sent();
  test.heartbeat();
  EXPECT_TRUE(test.sent_to(11).ihave.empty());
}

TEST(GossipsubRouter, TellsManyIdsInPiecesThatOthersTake) {
  Options options = test_options();
  options.hold_redundant = false;
  Swarm test(options);
  test.add_listeners(1);
  for (std::uint64_t seqno = 1; seqno <= 2500; ++seqno)
    test.receive(1, {.messages = {TestRouter::message(9, seqno, {})}});
  test.sent();
  test.heartbeat();
  std::size_t rpcs = 0, ids = 0;
  for (const auto& sent : test.sent()) {
    if (sent.rpc.ihave.empty()) continue;
    ++rpcs;
    EXPECT_LT(write_rpc(sent.rpc).size(), 16u * 1024);
    for (const auto& ihave : sent.rpc.ihave) ids += ihave.ids.size();
  }
  EXPECT_EQ(ids, 2000u);
  EXPECT_EQ(rpcs, 10u);
}

TEST(GossipsubRouter, AsksForWhatItDoesNotHaveOnce) {
  Swarm test;
  test.add_listeners(2);
  const MessageId id = TestRouter::id_of_message(9, 5);
  test.receive(11, {.ihave = {{"news", {id}}}});
  EXPECT_EQ(test.sent_to(11).iwant, std::vector{id});
  test.receive(12, {.ihave = {{"news", {id}}}});
  EXPECT_TRUE(test.sent_to(12).iwant.empty());  // 11 has a second to answer
  test.now += 1s;
  test.receive(12, {.ihave = {{"news", {id}}}});
  EXPECT_EQ(test.sent_to(12).iwant, std::vector{id});
  test.receive(12, {.messages = {TestRouter::message(9, 5)}});
  EXPECT_EQ(test.events_of<Delivered>().size(), 1u);
  test.receive(11, {.ihave = {{"news", {id}}}});
  EXPECT_TRUE(test.sent_to(11).iwant.empty());
}

TEST(GossipsubRouter, ABrokenPromiseCostsAndAKeptOneDoesNot) {
  Swarm test;
  test.add_listeners(2);
  test.receive(11, {.ihave = {{"news", {TestRouter::id_of_message(9, 1)}}}});
  test.receive(12, {.ihave = {{"news", {TestRouter::id_of_message(9, 2)}}}});
  test.receive(1, {.messages = {TestRouter::message(9, 2)}});  // from whomever it came
  test.pass(5s);
  EXPECT_EQ(test.router.counters().promises_broken, 1u);
  for (std::uint64_t seqno = 10; seqno < 20; ++seqno) {
    test.receive(11, {.ihave = {{"news", {TestRouter::id_of_message(9, seqno)}}}});
    test.pass(1s);
  }
  test.pass(4s);
  EXPECT_LT(test.router.score(TestRouter::id_of(11)), -50);
  EXPECT_EQ(test.router.score(TestRouter::id_of(12)), 0);
}

TEST(GossipsubRouter, AnswersUpToThreeTimes) {
  Swarm test;
  test.add_listeners(1);
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  test.sent();
  for (int times = 1; times <= 5; ++times) {
    test.receive(11, {.iwant = {TestRouter::id_of_message(9, 5)}});
    EXPECT_EQ(test.sent_to(11).messages.size(), times <= 3 ? 1u : 0u);
  }
  test.receive(11, {.iwant = {TestRouter::id_of_message(9, 6)}});  // that nobody has
  EXPECT_TRUE(test.sent().empty());
  EXPECT_EQ(test.router.score(TestRouter::id_of(11)), 0);
}

TEST(GossipsubNetwork, ARouterThatMissedAMessageGetsItByGossip) {
  TestNetwork network;
  for (int i = 0; i < 20; ++i) network.add(test_options());
  network.connect_all();
  network.subscribe_all();
  network.run_for(5s);
  // Nothing of its mesh reaches node 7, and nothing of the publisher.
  for (std::size_t i = 0; i < 20; ++i)
    for (const PeerId& id : network[7].router->mesh_peers("news"))
      if (network[i].id() == id || i == 0) network.cut.insert({i, 7});
  network.publish(0, as_bytes("news"));
  network.run_for(5s);
  EXPECT_EQ(network[7].delivered.size(), 1u);
  EXPECT_GT(network[7].router->counters().iwant_sent, 0u);
}

TEST(GossipsubRouter, FloodsWhatItPublishesToAllSubscribers) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 20; ++number) test.add_subscriber(number);
  test.add(21);  // of another topic
  test.sent();
  ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  const auto sent = test.sent();
  EXPECT_EQ(sent.size(), 20u);
  for (const auto& one : sent) EXPECT_EQ(one.priority, Priority::own_message);
}

// Found by seed 16 of Swarm.DeliversWhileThirtyPercentOfItsMembersAreReplacedEveryMinute: a node that had just come
// back published before its first peer had subscribed, and nobody ever heard of it.
TEST(GossipsubRouter, SendsWhatItPublishedAloneToTheFirstWhoSubscribe) {
  TestRouter test;
  ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  EXPECT_TRUE(test.sent().empty());
  std::size_t copies_count = 0;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    test.add(number);
    if (number % 2 == 0) test.receive(number, {.subscriptions = {{"news", true}}});
    else test.receive(number, {.graft = {"news"}});
    for (const auto& sent : test.sent()) copies_count += sent.rpc.messages.size();
  }
  EXPECT_EQ(copies_count, 6u);
  // The next one goes to everybody who is there, and to nobody else.
  ASSERT_TRUE(test.router.publish("news", as_bytes("y"), test.now));
  EXPECT_EQ(test.sent().size(), 20u);
  test.add(21);
  test.receive(21, {.subscriptions = {{"news", true}}});
  EXPECT_TRUE(test.sent_to(21).messages.empty());
}

TEST(GossipsubRouter, RemembersFewOfTheMessagesThatNobodyHeard) {
  TestRouter test;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  test.add(1);
  test.receive(1, {.subscriptions = {{"news", true}}});
  std::size_t copies_count = 0;
  for (const auto& sent : test.sent()) copies_count += sent.rpc.messages.size();
  EXPECT_EQ(copies_count, 64u);
  // And none for long.
  test.pass(10s);
  test.add(2);
  test.receive(2, {.subscriptions = {{"news", true}}});
  EXPECT_TRUE(test.sent_to(2).messages.empty());
}

TEST(GossipsubRouter, SendsALargeMessageToTheMeshOnly) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 40; ++number) test.add_subscriber(number);
  test.heartbeat();
  test.sent();
  ASSERT_TRUE(test.router.publish("news", Bytes(60'000), test.now));
  EXPECT_EQ(test.sent().size(), 6u);
  EXPECT_EQ(test.router.publish("news", Bytes(70'000), test.now).error(), Errc::too_large);
}

TEST(GossipsubRouter, PublishesWithoutASubscriptionThroughItsFanout) {
  Options options = test_options();
  options.flood_publish = false;
  TestRouter test(options, /*is_subscribed=*/false);
  for (std::uint64_t number = 1; number <= 20; ++number) test.add_subscriber(number);
  ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  EXPECT_EQ(test.sent().size(), 6u);
  const auto fanout = test.router.fanout_peers("news");
  EXPECT_EQ(fanout.size(), 6u);
  // The same ones for a minute; one that leaves is replaced.
  test.router.peer_disconnected(fanout[0], test.now);
  test.heartbeat();
  EXPECT_EQ(test.router.fanout_peers("news").size(), 6u);
  // They are the first in the mesh when we subscribe.
  const auto before = test.router.fanout_peers("news");
  ASSERT_TRUE(test.router.subscribe("news", test.now));
  EXPECT_EQ(test.router.mesh_peers("news"), before);
  EXPECT_TRUE(test.router.fanout_peers("news").empty());
}

TEST(GossipsubRouter, ForgetsItsFanoutAfterAMinute) {
  Options options = test_options();
  options.flood_publish = false;
  TestRouter test(options, /*is_subscribed=*/false);
  for (std::uint64_t number = 1; number <= 8; ++number) test.add_subscriber(number);
  ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  test.pass(58s);
  EXPECT_EQ(test.router.fanout_peers("news").size(), 6u);
  test.pass(4s);
  EXPECT_TRUE(test.router.fanout_peers("news").empty());
}

TEST(GossipsubRouter, KnowsNoOtherTopics) {
  TestRouter test;
  test.add(1);
  EXPECT_EQ(test.router.subscribe("weather", test.now).error(), Errc::unsupported);
  EXPECT_EQ(test.router.publish("weather", as_bytes("x"), test.now).error(), Errc::unsupported);
  test.receive(1, {.subscriptions = {{"weather", true}}});
  EXPECT_TRUE(test.events().empty());
  EXPECT_EQ(test.router.counters().not_allowed, 1u);
  test.receive(1, {.messages = {TestRouter::message(1, 1, as_bytes("rain"), "weather")}});
  EXPECT_EQ(test.router.counters().verified, 0u);
  EXPECT_EQ(test.router.score(TestRouter::id_of(1)), 0);
}

TEST(GossipsubRouter, DoesNotDeliverWhatItDoesNotSubscribeTo) {
  TestRouter test(test_options(), /*is_subscribed=*/false);
  test.add_subscriber(1);
  test.receive(1, {.messages = {TestRouter::message(1, 1)}});
  EXPECT_TRUE(test.events_of<Delivered>().empty());
}

// --- verdicts ---

Options with_verdicts() {
  Options options = test_options();
  options.topics["news"].needs_verdict = true;
  return options;
}

TEST(GossipsubRouter, WaitsForTheVerdictBeforeItForwards) {
  Swarm test(with_verdicts());
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  const auto delivered = test.events_of<Delivered>();
  ASSERT_EQ(delivered.size(), 1u);
  EXPECT_TRUE(delivered[0].needs_verdict);
  EXPECT_TRUE(test.sent().empty());
  test.receive(2, {.messages = {TestRouter::message(9, 5)}});
  test.router.report(delivered[0].id, Verdict::accept, test.now);
  EXPECT_EQ(test.sent().size(), 4u);  // not to 1 and 2, who have it
  test.router.report(delivered[0].id, Verdict::accept, test.now);
  EXPECT_TRUE(test.sent().empty());
}

TEST(GossipsubRouter, PunishesEverybodyWhoBroughtWhatIsRejected) {
  Swarm test(with_verdicts());
  test.add_listeners(1);
  for (std::uint64_t number = 1; number <= 2; ++number)
    test.receive(number, {.messages = {TestRouter::message(9, 5)}});
  test.router.report(TestRouter::id_of_message(9, 5), Verdict::reject, test.now);
  EXPECT_LT(test.router.score(TestRouter::id_of(1)), -9);
  EXPECT_LT(test.router.score(TestRouter::id_of(2)), -9);
  EXPECT_GE(test.router.score(TestRouter::id_of(3)), 0);
  EXPECT_TRUE(test.sent().empty());
  test.heartbeat();
  EXPECT_TRUE(test.sent_to(11).ihave.empty());
}

TEST(GossipsubRouter, PunishesNobodyForWhatIsIgnored) {
  Swarm test(with_verdicts());
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  test.router.report(TestRouter::id_of_message(9, 5), Verdict::ignore, test.now);
  EXPECT_GE(test.router.score(TestRouter::id_of(1)), 0);
  EXPECT_TRUE(test.sent().empty());
  EXPECT_EQ(test.router.counters().ignored, 1u);
}

TEST(GossipsubRouter, DropsWhatItCannotWaitForAndTakesItLater) {
  Options options = with_verdicts();
  options.limits.pending_messages_max = 2;
  Swarm test(options);
  for (std::uint64_t seqno = 1; seqno <= 3; ++seqno)
    test.receive(1, {.messages = {TestRouter::message(9, seqno)}});
  EXPECT_EQ(test.router.counters().pending_dropped, 1u);
  EXPECT_EQ(test.router.holdings().pending_messages, 2u);
  test.router.report(TestRouter::id_of_message(9, 1), Verdict::accept, test.now);
  test.receive(2, {.messages = {TestRouter::message(9, 3)}});
  EXPECT_EQ(test.events_of<Delivered>().size(), 3u);
  // Verdicts that never come are given up with the message.
  test.pass(7s);
  EXPECT_EQ(test.router.holdings().pending_messages, 0u);
}

}  // namespace
}  // namespace ghmesh::gossipsub
