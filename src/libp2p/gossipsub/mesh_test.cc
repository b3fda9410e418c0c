// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/mesh.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "libp2p/gossipsub/test_router.h"

namespace ghmesh::gossipsub {
namespace {

std::vector<MeshPeer> some_peers(PeerKey first, std::size_t count, double score = 0) {
  std::vector<MeshPeer> peers;
  for (PeerKey key = first; key < first + count; ++key) peers.push_back({key, score, false});
  return peers;
}

MeshChange decide(const std::vector<MeshPeer>& members, std::vector<MeshPeer> candidates,
                  bool is_opportunistic = false, std::uint64_t seed = 1) {
  Random random(seed);
  return decide_mesh(members, std::move(candidates), test_options(), is_opportunistic, random);
}

TEST(GossipsubMesh, IsFilledToDWhenItIsBelowDLow) {
  EXPECT_EQ(decide(some_peers(1, 4), some_peers(100, 20)).graft.size(), 2u);
  EXPECT_EQ(decide({}, some_peers(100, 20)).graft.size(), 6u);
  EXPECT_EQ(decide({}, some_peers(100, 3)).graft.size(), 3u);
}

TEST(GossipsubMesh, IsLeftAloneBetweenItsBounds) {
  for (std::size_t size = 5; size <= 12; ++size) {
    const MeshChange change = decide(some_peers(1, size), some_peers(100, 20));
    EXPECT_TRUE(change.graft.empty() && change.prune.empty() && change.prune_as_bad.empty());
  }
}

TEST(GossipsubMesh, DropsWhoHasANegativeScoreAndFillsTheGap) {
  auto members = some_peers(1, 5);
  members[2].score = -0.1;
  const MeshChange change = decide(members, some_peers(100, 20));
  EXPECT_EQ(change.prune_as_bad, std::vector<PeerKey>{3});
  EXPECT_EQ(change.graft.size(), 2u);
}

TEST(GossipsubMesh, IsThinnedToDKeepingTheBestAndTwoOutbound) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    auto members = some_peers(1, 20);
    for (const std::size_t good : {3, 7, 11, 15}) members[good].score = 10;
    members[5].is_outbound = members[6].is_outbound = members[8].is_outbound = true;
    const MeshChange change = decide(members, {}, false, seed);
    ASSERT_EQ(change.prune.size(), 14u);
    const auto is_pruned = [&](std::size_t member) {
      return std::ranges::find(change.prune, members[member].key) != change.prune.end();
    };
    for (const std::size_t good : {3, 7, 11, 15}) EXPECT_FALSE(is_pruned(good)) << seed;
    EXPECT_EQ(is_pruned(5) + is_pruned(6) + is_pruned(8), 1) << seed;
  }
}

TEST(GossipsubMesh, TakesInOutboundPeersWhenItHasTooFew) {
  auto candidates = some_peers(100, 5);
  candidates[1].is_outbound = candidates[3].is_outbound = candidates[4].is_outbound = true;
  const MeshChange change = decide(some_peers(1, 8), candidates);
  ASSERT_EQ(change.graft.size(), 2u);
  for (const PeerKey key : change.graft) EXPECT_TRUE(key == 101 || key == 103 || key == 104);
}

TEST(GossipsubMesh, IsImprovedWhenItsMedianIsPoor) {
  auto candidates = some_peers(100, 6, /*score=*/1);
  candidates[2].score = 7;
  candidates[3].score = 4;
  candidates[4].score = 8;
  const auto members = some_peers(1, 6, /*score=*/3);
  EXPECT_TRUE(decide(members, candidates).graft.empty());
  const MeshChange change = decide(members, candidates, /*is_opportunistic=*/true);
  EXPECT_EQ(change.graft.size(), 2u);
  for (const PeerKey key : change.graft) EXPECT_TRUE(key >= 102 && key <= 104);
  // A mesh that is good enough stays as it is.
  EXPECT_TRUE(decide(some_peers(1, 6, 5), candidates, true).graft.empty());
}

TEST(GossipsubMesh, DependsOnTheSeedAlone) {
  const auto candidates = some_peers(100, 50);
  EXPECT_EQ(decide({}, candidates, false, 7).graft, decide({}, candidates, false, 7).graft);
  EXPECT_NE(decide({}, candidates, false, 7).graft, decide({}, candidates, false, 8).graft);
}

// --- in the router ---

TEST(GossipsubRouter, GreetsWithItsSubscriptions) {
  TestRouter test;
  test.add(1);
  const Rpc hello = test.sent_to(1);
  EXPECT_EQ(hello.subscriptions, (std::vector<Rpc::Subscription>{{"news", true}}));
  TestRouter without(test_options(), /*is_subscribed=*/false);
  without.add(1);
  EXPECT_TRUE(without.sent().empty());
}

TEST(GossipsubRouter, GraftsASubscriberAtOnceWhileTheMeshIsSmall) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 8; ++number) {
    test.add(number);
    test.sent();
    test.receive(number, {.subscriptions = {{"news", true}}});
    EXPECT_EQ(test.sent_to(number).graft.size(), number <= 5 ? 1u : 0u) << number;
  }
  EXPECT_EQ(test.router.mesh_peers("news").size(), 5u);
  EXPECT_EQ(test.router.subscribers("news").size(), 8u);
  EXPECT_EQ(test.events_of<SubscriptionChanged>().size(), 8u);
}

TEST(GossipsubRouter, GraftsUpToDWhenItSubscribes) {
  TestRouter test(test_options(), /*is_subscribed=*/false);
  for (std::uint64_t number = 1; number <= 10; ++number) test.add_subscriber(number);
  EXPECT_TRUE(test.router.mesh_peers("news").empty());
  ASSERT_TRUE(test.router.subscribe("news", test.now));
  std::size_t announced = 0, grafted = 0;
  for (const auto& sent : test.sent()) {
    announced += sent.rpc.subscriptions.size();
    grafted += sent.rpc.graft.size();
    EXPECT_EQ(sent.priority, Priority::control);
  }
  EXPECT_EQ(announced, 10u);
  EXPECT_EQ(grafted, 6u);
  EXPECT_EQ(test.router.mesh_peers("news").size(), 6u);
}

TEST(GossipsubRouter, TakesAGraftForASubscription) {
  TestRouter test;
  test.add(1);
  test.receive(1, {.graft = {"news"}});
  EXPECT_TRUE(test.is_in_mesh(1));
  EXPECT_EQ(test.router.subscribers("news").size(), 1u);
  EXPECT_TRUE(test.sent_to(1).prune.empty());
}

TEST(GossipsubRouter, AFullMeshTakesInOnlyWhomItDialed) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 12; ++number) test.add_mesh_peer(number);
  ASSERT_EQ(test.router.mesh_peers("news").size(), 12u);
  test.add_subscriber(13);
  test.receive(13, {.graft = {"news"}});
  EXPECT_FALSE(test.is_in_mesh(13));
  EXPECT_EQ(test.sent_to(13).prune.size(), 1u);
  EXPECT_EQ(test.router.score(TestRouter::id_of(13)), 0);
  test.add_subscriber(14, {.direction = Direction::outbound});
  test.receive(14, {.graft = {"news"}});
  EXPECT_TRUE(test.is_in_mesh(14));
}

TEST(GossipsubRouter, RefusesAGraftOfANegativeScore) {
  TestRouter test;
  test.add_subscriber(1);
  test.receive(1, {.subscriptions = {{"news", false}}});
  test.pass(13s);
  test.router.set_application_score(TestRouter::id_of(1), -1);
  test.sent();
  test.receive(1, {.graft = {"news"}});
  EXPECT_FALSE(test.is_in_mesh(1));
  const Rpc answer = test.sent_to(1);
  ASSERT_EQ(answer.prune.size(), 1u);
  EXPECT_EQ(answer.prune[0].seconds, 60u);
}

TEST(GossipsubRouter, AHeartbeatPrunesWhoTurnedBad) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 6; ++number) test.add_mesh_peer(number);
  test.router.set_application_score(TestRouter::id_of(3), -5);
  test.heartbeat();
  EXPECT_FALSE(test.is_in_mesh(3));
  EXPECT_EQ(test.sent_to(3).prune.size(), 1u);
}

TEST(GossipsubRouter, PruneToAPeerOf10SaysNothingThatItDoesNotKnow) {
  TestRouter test;
  test.add_subscriber(1, {.version = Version::meshsub_1_0});
  test.router.unsubscribe("news", test.now);
  const Rpc farewell = test.sent_to(1);
  ASSERT_EQ(farewell.prune.size(), 1u);
  EXPECT_EQ(farewell.prune[0].seconds, 0u);
}

TEST(GossipsubRouter, ForgetsAPeerThatLeaves) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.router.peer_disconnected(TestRouter::id_of(1), test.now);
  EXPECT_TRUE(test.router.mesh_peers("news").empty());
  EXPECT_TRUE(test.router.subscribers("news").empty());
  EXPECT_EQ(test.events_of<SubscriptionChanged>().size(), 1u);
  EXPECT_TRUE(test.receive(1, {.graft = {"news"}}));  // late, and of nobody
  const Holdings holdings = test.router.holdings();
  EXPECT_EQ(holdings.peers + holdings.subscriptions + holdings.mesh_links, 0u);
}

TEST(GossipsubRouter, ServesDirectPeersAndNeverMeshesWithThem) {
  TestRouter test;
  test.add_subscriber(1, {.is_direct = true});
  test.add_mesh_peer(2);
  test.pass(3s);
  EXPECT_FALSE(test.is_in_mesh(1));
  test.receive(1, {.graft = {"news"}});
  EXPECT_EQ(test.sent_to(1).prune.size(), 1u);
  // Whatever its score, it is read and written to.
  test.router.set_application_score(TestRouter::id_of(1), -1000);
  test.receive(1, {.messages = {TestRouter::message(1, 1)}});
  EXPECT_EQ(test.events_of<Delivered>().size(), 1u);
  EXPECT_EQ(test.sent_to(2).messages.size(), 1u);
  test.receive(2, {.messages = {TestRouter::message(2, 1)}});
  EXPECT_EQ(test.sent_to(1).messages.size(), 1u);
}

TEST(GossipsubRouter, FloodsToPeersOfFloodsubAndSaysNothingElse) {
  TestRouter test;
  test.add_subscriber(1, {.version = Version::floodsub});
  test.add_mesh_peer(2);
  test.receive(1, {.graft = {"news"}});  // it cannot know what that is
  test.pass(10s);
  EXPECT_FALSE(test.is_in_mesh(1));
  test.receive(2, {.messages = {TestRouter::message(2, 1, Bytes(1024))}});
  const Rpc rpc = test.sent_to(1);
  EXPECT_EQ(rpc.messages.size(), 1u);
  EXPECT_TRUE(rpc.idontwant.empty() && rpc.prune.empty() && rpc.ihave.empty());
  test.receive(1, {.messages = {TestRouter::message(1, 1)}});
  EXPECT_EQ(test.sent_to(2).messages.size(), 1u);
}

TEST(GossipsubRouter, MovesAPeerThatTurnsOutToBeDirect) {
  TestRouter test;
  const PeerId id = test.add_mesh_peer(1);
  ASSERT_TRUE(test.router.peer_connected({.id = id, .is_direct = true}, test.now));
  EXPECT_FALSE(test.is_in_mesh(1));
  ASSERT_TRUE(test.router.publish("news", as_bytes("x"), test.now));
  EXPECT_EQ(test.sent_to(1).messages.size(), 1u);
}

TEST(GossipsubRouter, SuggestsOthersToWhomItRefuses) {
  TestRouter test;
  for (std::uint64_t number = 1; number <= 12; ++number) {
    test.add_mesh_peer(number);
    test.router.set_signed_record(TestRouter::id_of(number), Bytes(number));
  }
  test.router.set_application_score(TestRouter::id_of(12), -1);
  test.router.set_signed_record(TestRouter::id_of(11), Bytes(kSignedRecordBytesMax + 1));
  test.add_subscriber(13);
  test.receive(13, {.graft = {"news"}});
  const Rpc answer = test.sent_to(13);
  ASSERT_EQ(answer.prune.size(), 1u);
  EXPECT_EQ(answer.prune[0].suggestions.size(), 10u);
  for (const auto& suggestion : answer.prune[0].suggestions)
    EXPECT_FALSE(suggestion.signed_record.empty());
}

TEST(GossipsubRouter, PassesSuggestionsOnFromPeersInGoodStandingOnly) {
  TestRouter test;
  test.add_mesh_peer(1);
  test.add_mesh_peer(2);
  Rpc rpc{.prune = {{"news", {}, 60}}};
  for (std::uint64_t number = 100; number < 130; ++number)
    rpc.prune[0].suggestions.push_back(
        {copy_bytes(TestRouter::id_of(number).bytes()), copy_bytes(as_bytes("record"))});
  rpc.prune[0].suggestions[0].peer_id = copy_bytes(test.key.peer_id().bytes());  // ourselves
  rpc.prune[0].suggestions[1].peer_id = copy_bytes(TestRouter::id_of(2).bytes());
  rpc.prune[0].suggestions[2].peer_id = copy_bytes(as_bytes("not an id"));
  test.receive(1, rpc);
  EXPECT_TRUE(test.events_of<PeersSuggested>().empty());
  EXPECT_EQ(test.router.counters().px_ignored, 30u);

  test.router.set_application_score(TestRouter::id_of(2), 1);
  test.receive(2, rpc);
  const auto suggested = test.events_of<PeersSuggested>();
  ASSERT_EQ(suggested.size(), 1u);
  EXPECT_EQ(suggested[0].by, TestRouter::id_of(2));
  EXPECT_EQ(suggested[0].peers.size(), 16u);
  EXPECT_EQ(suggested[0].peers[0].id, TestRouter::id_of(103));
  EXPECT_EQ(as_text(suggested[0].peers[0].signed_record), "record");
}

// --- many routers ---

TEST(GossipsubNetwork, FormsMeshesWithinTheirBounds) {
  TestNetwork network;
  for (int i = 0; i < 30; ++i) network.add(test_options());
  network.connect_all();
  network.subscribe_all();
  network.run_for(10s);
  for (std::size_t i = 0; i < network.size(); ++i) {
    const auto mesh = network[i].router->mesh_peers("news");
    EXPECT_GE(mesh.size(), 5u);
    EXPECT_LE(mesh.size(), 12u);
    // A link is one at both ends.
    for (std::size_t j = 0; j < network.size(); ++j) {
      const auto theirs = network[j].router->mesh_peers("news");
      EXPECT_EQ(std::ranges::count(mesh, network[j].id()),
                std::ranges::count(theirs, network[i].id()));
    }
  }
}

TEST(GossipsubNetwork, BringsEveryMessageToEverybodyOnce) {
  TestNetwork network;
  for (int i = 0; i < 40; ++i) network.add(test_options());
  Random random(3);
  for (std::size_t i = 1; i < network.size(); ++i)
    for (int link = 0; link < 4; ++link) {
      const std::size_t other = random.below(i);
      if (!network.are_connected(i, other)) network.connect(i, other);
    }
  network.weather = {.delay_min = 5ms, .delay_max = 30ms, .loss = 0.01};
  network.subscribe_all();
  network.run_for(10s);
  for (std::size_t i = 0; i < network.size(); ++i) {
    Bytes data(1024);
    store_big_endian<std::uint64_t>(data, i);
    network.publish(i, data);
    network.run_for(100ms);
  }
  network.run_for(10s);
  for (std::size_t i = 0; i < network.size(); ++i)
    EXPECT_EQ(network[i].delivered.size(), network.size() - 1) << i;
  EXPECT_EQ(network.total().invalid, 0u);
}

TEST(GossipsubNetwork, HealsAfterHalfOfItIsGone) {
  TestNetwork network;
  for (int i = 0; i < 24; ++i) network.add(test_options());
  network.connect_all();
  network.subscribe_all();
  network.run_for(5s);
  for (std::size_t gone = 0; gone < 12; ++gone)
    for (std::size_t other = 0; other < network.size(); ++other)
      if (network.are_connected(gone, other)) network.disconnect(gone, other);
  network.run_for(3s);
  network.publish(12, as_bytes("still there"));
  network.run_for(3s);
  for (std::size_t i = 13; i < 24; ++i) EXPECT_EQ(network[i].delivered.size(), 1u);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_TRUE(network[i].delivered.empty());
}

TEST(GossipsubNetwork, SameSeedSameHistory) {
  const auto history = [] {
    TestNetwork network(5);
    for (int i = 0; i < 12; ++i) network.add(test_options());
    network.weather = {.delay_min = 1ms, .delay_max = 20ms, .loss = 0.02};
    network.connect_all();
    network.subscribe_all();
    for (std::size_t i = 0; i < 12; ++i) {
      network.run_for(700ms);
      network.publish(i, Bytes(600));
    }
    network.run_for(5s);
    return std::tuple(network.bytes, network.rpcs, network.total().duplicates,
                      network[3].delivered_at);
  };
  EXPECT_EQ(history(), history());
}

}  // namespace
}  // namespace ghmesh::gossipsub
