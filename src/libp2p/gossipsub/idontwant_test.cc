// SPDX-License-Identifier: Apache-2.0 OR MIT
// IDONTWANT, held copies, and what both save.
#include <gtest/gtest.h>

#include "libp2p/gossipsub/links.h"
#include "libp2p/gossipsub/test_router.h"

namespace ghmesh::gossipsub {
namespace {

const Bytes kLarge(1024);

TEST(GossipsubKnownIds, AreKeptForThreeHeartbeatsAndBounded) {
  KnownIds known;
  const IdHash id = hash_id(as_bytes("x"));
  known.insert(id);
  for (int heartbeat = 0; heartbeat < 3; ++heartbeat) {
    EXPECT_TRUE(known.contains(id));
    known.heartbeat();
  }
  EXPECT_FALSE(known.contains(id));
  std::size_t inserted = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) inserted += known.insert(IdHash{i, i});
  EXPECT_EQ(inserted, KnownIds::kIdsPerHeartbeatMax);
  EXPECT_EQ(known.size(), KnownIds::kIdsPerHeartbeatMax);
}

TEST(GossipsubLag, HoldsAboutAsLongAsWordsTake) {
  Lag lag;
  for (int i = 0; i < 100; ++i) lag.observe(i % 2 == 0 ? 20ms : 30ms);
  EXPECT_GT(lag.hold(), 35ms);
  EXPECT_LT(lag.hold(), 60ms);
  for (int i = 0; i < 100; ++i) lag.observe(100us);
  EXPECT_EQ(lag.hold(), Lag::kHoldMin);
  for (int i = 0; i < 100; ++i) lag.observe(10h);
  EXPECT_EQ(lag.hold(), Lag::kHoldMax);
  lag.observe(Duration::min());
  lag.observe(Duration::max());
  EXPECT_GE(lag.hold(), Lag::kHoldMin);
  EXPECT_LE(lag.hold(), Lag::kHoldMax);
}

TEST(GossipsubLinks, AreRedundantAfterSomeWordsAndNeededAfterOneSilence) {
  Links links;
  EXPECT_FALSE(links.is_redundant(1, 2, 1024));
  for (int i = 0; i < 4; ++i) links.observe(1, 2, /*was_redundant=*/true);
  EXPECT_TRUE(links.is_redundant(1, 2, 1024));
  EXPECT_FALSE(links.is_redundant(1, 3, 1024));
  EXPECT_FALSE(links.is_redundant(
      3, 2, 1024));  // of another source, and yet too little is known of the peer
  links.observe(1, 2, /*was_redundant=*/false);
  EXPECT_FALSE(links.is_redundant(1, 2, 1024));
  // What is known of a peer holds for sources that are new.
  for (PeerKey source = 10; source < 40; ++source) links.observe(source, 2, true);
  EXPECT_TRUE(links.is_redundant(99, 2, 1024));
  links.forget(2);
  EXPECT_EQ(links.size(), 0u);
  EXPECT_FALSE(links.is_redundant(99, 2, 1024));
}

TEST(GossipsubRouter, SaysAtOnceThatItHasALargeMessage) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 3; ++number) test.add_mesh_peer(number);
  test.add_mesh_peer(4, {.version = Version::meshsub_1_1});
  test.receive(1, {.messages = {TestRouter::message(2, 5, kLarge)}});
  const auto sent = test.sent();
  ASSERT_GE(sent.size(), 1u);
  // Before the copies; not to whom it came from, nor to its author, nor to who does not know the word.
  EXPECT_EQ(sent[0].to, TestRouter::id_of(3));
  EXPECT_EQ(sent[0].rpc.idontwant, std::vector{TestRouter::id_of_message(2, 5)});
  EXPECT_EQ(sent[0].priority, Priority::control);
  EXPECT_EQ(test.router.counters().idontwant_sent, 1u);
  EXPECT_EQ(sent.size(), 3u);
}

TEST(GossipsubRouter, SaysNothingOfASmallMessage) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 3; ++number) test.add_mesh_peer(number);
  test.receive(1, {.messages = {TestRouter::message(9, 5, Bytes(511))}});
  test.receive(1, {.messages = {TestRouter::message(9, 6, Bytes(512))}});
  EXPECT_EQ(test.router.counters().idontwant_sent, 2u);
}

TEST(GossipsubRouter, DoesNotSendWhatIsNotWanted) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 3; ++number) test.add_mesh_peer(number);
  test.receive(2, {.idontwant = {TestRouter::id_of_message(9, 5)}});
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  const auto sent = test.sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].to, TestRouter::id_of(3));
  EXPECT_EQ(test.router.counters().unwanted, 1u);
  // Nor on demand, until the word has expired.
  test.receive(2, {.iwant = {TestRouter::id_of_message(9, 5)}});
  EXPECT_TRUE(test.sent().empty());
}

TEST(GossipsubRouter, HonoursAWordForThreeHeartbeats) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 2; ++number) test.add_mesh_peer(number);
  test.receive(2, {.idontwant = {TestRouter::id_of_message(9, 5)}});
  test.heartbeat();
  test.heartbeat();
  test.heartbeat();
  test.sent();
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  EXPECT_EQ(test.sent_to(2).messages.size(), 1u);
}

TEST(GossipsubRouter, AWordOvertakesACopyInTheQueueOfTheHost) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 2; ++number) test.add_mesh_peer(number);
  test.receive(1, {.messages = {TestRouter::message(9, 5)}});
  auto queued = test.router.next_output();
  ASSERT_TRUE(queued);
  EXPECT_EQ(queued->message, TestRouter::id_of_message(9, 5));
  EXPECT_TRUE(test.router.is_wanted(*queued));
  test.receive(2, {.idontwant = {TestRouter::id_of_message(9, 5)}});
  EXPECT_FALSE(test.router.is_wanted(*queued));
  // A copy that the peer sends itself is as good as its word.
  test.receive(1, {.messages = {TestRouter::message(9, 6)}});
  queued = test.router.next_output();
  test.receive(2, {.messages = {TestRouter::message(9, 6)}});
  EXPECT_FALSE(test.router.is_wanted(*queued));
  test.router.peer_disconnected(TestRouter::id_of(2), test.now);
  EXPECT_FALSE(test.router.is_wanted(*queued));
}

// Peer 2 always has what comes from peer 1.
struct Redundant : TestRouter {
  Redundant() {
    for (std::uint64_t number = 1; number <= 2; ++number) add_mesh_peer(number);
    for (std::uint64_t seqno = 1; seqno <= 8; ++seqno) {
      receive(1, {.messages = {message(9, seqno, kLarge)}});
      now += 2ms;
      receive(2, {.idontwant = {id_of_message(9, seqno)}});
    }
    pass(200ms);
    sent();
  }
};

TEST(GossipsubRouter, HoldsACopyThatIsProbablyRedundantAndDropsItAtTheWord) {
  Redundant test;
  test.receive(1, {.messages = {TestRouter::message(9, 100, kLarge)}});
  EXPECT_TRUE(test.sent_to(2).messages.empty());
  EXPECT_EQ(test.router.holdings().held, 1u);
  EXPECT_LE(test.router.next_deadline(), test.now + 20ms);
  test.now += 2ms;
  test.receive(2, {.idontwant = {TestRouter::id_of_message(9, 100)}});
  test.pass(100ms);
  EXPECT_TRUE(test.sent_to(2).messages.empty());
  EXPECT_EQ(test.router.holdings().held, 0u);
  EXPECT_GE(test.router.counters().held_cancelled, 1u);
}

TEST(GossipsubRouter, SendsAHeldCopyWhenNoWordComes) {
  Redundant test;
  test.receive(1, {.messages = {TestRouter::message(9, 100, kLarge)}});
  EXPECT_TRUE(test.sent_to(2).messages.empty());
  test.pass(20ms);
  EXPECT_EQ(test.sent_to(2).messages.size(), 1u);
  EXPECT_EQ(test.router.counters().held_sent, 1u);
  // And learns from the silence that followed: the next one is not held.
  test.pass(3s);
  test.sent();
  test.receive(1, {.messages = {TestRouter::message(9, 101, kLarge)}});
  EXPECT_EQ(test.sent_to(2).messages.size(), 1u);
}

TEST(GossipsubRouter, HoldsNothingThatIsSmallOrItsOwnOrForbiddenToHold) {
  Redundant test;
  test.receive(1, {.messages = {TestRouter::message(9, 100, Bytes(100))}});
  EXPECT_EQ(test.sent_to(2).messages.size(), 1u);
  ASSERT_TRUE(test.router.publish("news", kLarge, test.now));
  EXPECT_EQ(test.sent_to(2).messages.size(), 1u);
}

TEST(GossipsubRouter, HoldsNoMoreThanItsLimit) {
  Options options = test_options();
  options.limits.held_max = 3;
  TestRouter test(options);
  for (std::uint64_t number = 1; number <= 2; ++number) test.add_mesh_peer(number);
  for (std::uint64_t seqno = 1; seqno <= 8; ++seqno) {
    test.receive(2, {.idontwant = {TestRouter::id_of_message(9, seqno)}});
    test.receive(1, {.messages = {TestRouter::message(9, seqno, kLarge)}});
  }
  test.sent();
  for (std::uint64_t seqno = 100; seqno < 110; ++seqno)
    test.receive(1, {.messages = {TestRouter::message(9, seqno, kLarge)}});
  EXPECT_EQ(test.router.holdings().held, 3u);
  EXPECT_EQ(test.sent_to(2).messages.size(), 7u);
}

// --- many routers ---

struct Measured {
  double duplicates, bytes;  // per delivery
  std::size_t delivered;
  Duration slowest;
};

// Everybody publishes in turn; what was learned before is not counted.
Measured measure(TestNetwork& network, std::size_t data_bytes, std::size_t messages) {
  Bytes data(data_bytes);
  std::uint64_t number = 0;
  Duration slowest{};
  const auto run = [&] {
    for (std::size_t i = 0; i < messages; ++i) {
      store_big_endian<std::uint64_t>(data, ++number);
      const Instant published_at = network.now;
      network.publish(i % network.size(), data);
      network.run_for(300ms);
      for (std::size_t node = 0; node < network.size(); ++node)
        for (const Instant at : network[node].delivered_at)
          slowest = std::max(slowest, at - published_at);
      for (std::size_t node = 0; node < network.size(); ++node) {
        network[node].delivered.clear();
        network[node].delivered_at.clear();
      }
    }
  };
  run();
  slowest = {};
  const Counters before = network.total();
  const std::uint64_t bytes_before = network.bytes;
  run();
  const Counters after = network.total();
  const double delivered = static_cast<double>(after.delivered - before.delivered);
  return {static_cast<double>(after.duplicates - before.duplicates) / delivered,
          static_cast<double>(network.bytes - bytes_before) / delivered,
          after.delivered - before.delivered, slowest};
}

TEST(GossipsubNetwork, OfEightFullyConnectedCostsLessThanTwoAndAHalfKilobytesPerKilobyte) {
  TestNetwork network;
  for (int i = 0; i < 8; ++i) network.add(test_options());
  network.weather = {.delay_min = 100us, .delay_max = 400us};
  network.connect_all();
  network.subscribe_all();
  network.run_for(5s);
  const Measured measured = measure(network, 1024, 80);
  EXPECT_EQ(measured.delivered, 80u * 7);
  EXPECT_LT(measured.bytes, 2500);
  EXPECT_LT(measured.duplicates, 0.5);
  EXPECT_LT(measured.slowest, 1ms);
}

TEST(GossipsubNetwork, OfSixtyHasFewDuplicatesOverLinksThatAreSlowAndLossy) {
  TestNetwork network(11);
  for (int i = 0; i < 60; ++i) network.add(test_options());
  Random random(5);
  for (std::size_t i = 1; i < network.size(); ++i)
    for (int link = 0; link < 8; ++link) {
      const std::size_t other = random.below(i);
      if (!network.are_connected(i, other)) network.connect(i, other);
    }
  network.weather = {.delay_min = 20ms, .delay_max = 30ms, .loss = 0.01};
  network.subscribe_all();
  network.run_for(10s);
  const Measured measured = measure(network, 1024, 60);
  EXPECT_GE(measured.delivered, 60u * 59 - 5);  // the last may still be under way
  EXPECT_LT(measured.duplicates, 3);
  EXPECT_LT(measured.slowest, 300ms);
}

// Peers of other implementations, which hold nothing: theirs are the duplicates, and nothing is lost.
TEST(GossipsubNetwork, MixesWithRoutersThatForwardAtOnce) {
  TestNetwork network;
  Options eager = test_options();
  eager.hold_redundant = false;
  eager.idontwant_bytes_min = 100'000;
  for (int i = 0; i < 8; ++i) network.add(i % 2 == 0 ? test_options() : eager);
  network.weather = {.delay_min = 100us, .delay_max = 400us};
  for (std::size_t a = 0; a < 8; ++a)
    for (std::size_t b = 0; b < a; ++b)
      network.connect(a, b, a % 2 == b % 2 ? Version::meshsub_1_2 : Version::meshsub_1_1);
  network.subscribe_all();
  network.run_for(5s);
  const Measured measured = measure(network, 1024, 40);
  EXPECT_EQ(measured.delivered, 40u * 7);
  EXPECT_LT(measured.slowest, 5ms);
}

}  // namespace
}  // namespace ghmesh::gossipsub
