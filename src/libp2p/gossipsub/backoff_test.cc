// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/backoff.h"

#include <gtest/gtest.h>

#include "libp2p/gossipsub/test_router.h"

namespace ghmesh::gossipsub {
namespace {

PeerId peer(std::uint64_t number) { return test_key(number).peer_id(); }

TEST(GossipsubBackoff, LastsUntilTheLatestThatWasSaid) {
  Backoffs backoffs(10);
  const Instant now(1h);
  backoffs.add(0, peer(1), now + 60s);
  backoffs.add(0, peer(1), now + 10s);
  EXPECT_EQ(backoffs.until(0, peer(1)), now + 60s);
  EXPECT_FALSE(backoffs.until(1, peer(1)));
  EXPECT_FALSE(backoffs.until(0, peer(2)));
  backoffs.expire(now + 59s);
  EXPECT_EQ(backoffs.size(), 1u);
  backoffs.expire(now + 60s);
  EXPECT_EQ(backoffs.size(), 0u);
}

TEST(GossipsubBackoff, IsClampedToAnHour) {
  EXPECT_EQ(clamp_backoff(0, 60s), 60s);
  EXPECT_EQ(clamp_backoff(1, 60s), 1s);
  EXPECT_EQ(clamp_backoff(3600, 60s), 1h);
  EXPECT_EQ(clamp_backoff(3601, 60s), 1h);
  EXPECT_EQ(clamp_backoff(UINT64_MAX, 60s), 1h);
  EXPECT_EQ(clamp_backoff(std::uint64_t{1} << 63, 60s), 1h);
}

TEST(GossipsubBackoff, ThatEndsFirstMakesRoom) {
  Backoffs backoffs(2);
  const Instant now(1h);
  EXPECT_TRUE(backoffs.add(0, peer(1), now + 3s));
  EXPECT_TRUE(backoffs.add(0, peer(2), now + 1s));
  EXPECT_FALSE(backoffs.add(0, peer(3), now + 2s));
  EXPECT_FALSE(backoffs.until(0, peer(2)));
  EXPECT_EQ(backoffs.size(), 2u);
}

// --- in the router ---

TEST(GossipsubRouter, DoesNotGraftDuringABackoff) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.receive(1, {.prune = {{"news", {}, 5}}});
  EXPECT_FALSE(test.is_in_mesh(1));
  test.pass(4s);
  EXPECT_TRUE(test.sent_to(1).graft.empty());
  test.pass(5s);  // with two heartbeats of slack
  EXPECT_EQ(test.sent_to(1).graft, std::vector<std::string>{"news"});
  EXPECT_TRUE(test.is_in_mesh(1));
}

TEST(GossipsubRouter, BacksOffAMinuteFromWhoSaysNothing) {
  TestRouter test;
  test.add_mesh_peer(1, {.version = Version::meshsub_1_0});
  test.receive(1, {.prune = {{"news", {}, 0}}});
  test.pass(59s);
  EXPECT_FALSE(test.is_in_mesh(1));
  test.pass(6s);
  EXPECT_TRUE(test.is_in_mesh(1));
}

TEST(GossipsubRouter, RefusesAndPunishesAGraftDuringABackoff) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.receive(1, {.prune = {{"news", {}, 60}}});
  test.now += 15s;  // not at once: that would be counted twice
  test.receive(1, {.graft = {"news"}});
  const Rpc answer = test.sent_to(1);
  ASSERT_EQ(answer.prune.size(), 1u);
  EXPECT_EQ(answer.prune[0].seconds, 60u);
  EXPECT_TRUE(answer.prune[0].suggestions.empty());
  EXPECT_FALSE(test.is_in_mesh(1));
  EXPECT_EQ(test.router.counters().grafts_in_backoff, 1u);
  // The backoff begins anew each time, and in the end nothing of the peer is read.
  for (int i = 0; i < 6; ++i) test.receive(1, {.graft = {"news"}});
  EXPECT_LT(test.router.score(TestRouter::id_of(1)), -80);
  EXPECT_EQ(test.events_of<Graylisted>().size(), 1u);
}

TEST(GossipsubRouter, KeepsABackoffOverAReconnection) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.receive(1, {.prune = {{"news", {}, 60}}});
  test.router.peer_disconnected(TestRouter::id_of(1), test.now);
  test.add_subscriber(1);
  EXPECT_FALSE(test.is_in_mesh(1));
  test.receive(1, {.graft = {"news"}});
  EXPECT_EQ(test.router.counters().grafts_in_backoff, 1u);
}

TEST(GossipsubRouter, ComesBackTenSecondsAfterItLeft) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.router.unsubscribe("news", test.now);
  const Rpc farewell = test.sent_to(1);
  EXPECT_EQ(farewell.subscriptions, (std::vector<Rpc::Subscription>{{"news", false}}));
  ASSERT_EQ(farewell.prune.size(), 1u);
  EXPECT_EQ(farewell.prune[0].seconds, 10u);
  ASSERT_TRUE(test.router.subscribe("news", test.now));
  EXPECT_TRUE(test.sent_to(1).graft.empty());
  test.pass(14s);
  EXPECT_EQ(test.sent_to(1).graft, std::vector<std::string>{"news"});
}

TEST(GossipsubRouter, DoesNotGraftAtEachComingAndGoing) {
  TestRouter test;
  test.add_subscriber(1);
  for (int i = 0; i < 10; ++i)
    test.receive(1, {.subscriptions = {{"news", false}, {"news", true}}});
  EXPECT_TRUE(test.sent_to(1).graft.empty());
}

}  // namespace
}  // namespace ghmesh::gossipsub
