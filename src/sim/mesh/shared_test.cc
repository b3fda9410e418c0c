// SPDX-License-Identifier: Apache-2.0 OR MIT
// Values that programs share, in whole swarms: they arrive everywhere, the newest wins everywhere, and what was missed
// is found again.
#include <gtest/gtest.h>

#include "base/random.h"
#include "sim/mesh/mesh_swarm.h"

namespace ghmesh::sim {
namespace {

bool all_have(const MeshSwarm& swarm, const std::string& name, const std::string& record) {
  for (NodeId node = 0; node < swarm.size(); ++node)
    if (swarm.shared_of(node, name) != record) return false;
  return true;
}

// Does not pack.
std::string large_record(std::size_t bytes, std::uint64_t seed) {
  Random random(seed);
  std::string text;
  while (text.size() < bytes) text += static_cast<char>('!' + random.below(90));
  return text;
}

TEST(MeshShared, AValueArrivesEverywhereWithinASecond) {
  MeshSwarm swarm({.seed = 21, .nodes_count = 8});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  swarm.share(3, "name", "value");
  EXPECT_TRUE(swarm.run_until([&] { return all_have(swarm, "name", "value"); }, 1s));
  swarm.share(5, "name", "newer");
  EXPECT_TRUE(swarm.run_until([&] { return all_have(swarm, "name", "newer"); }, 1s));
  swarm.remove_shared(0, "name");
  EXPECT_TRUE(swarm.run_until([&] { return all_have(swarm, "name", ""); }, 1s));
  for (NodeId node = 0; node < 8; ++node) {
    EXPECT_EQ(swarm.member(node).counters().malformed, 0u);
    EXPECT_EQ(swarm.member(node).counters().exchanges_broken, 0u);
  }
}

TEST(MeshShared, ALargeValueIsFetchedByItsDigest) {
  MeshSwarm swarm({.seed = 22, .nodes_count = 4});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  const std::string record = large_record(3'000'000, 22);
  swarm.share(1, "large", record);
  EXPECT_TRUE(swarm.run_until([&] { return all_have(swarm, "large", record); }, 30s));
  EXPECT_GT(swarm.member(0).counters().bodies_fetched, 0u);
}

// Each puts the same name: whoever was last has it, on all nodes, in whatever order they heard it.
TEST(MeshShared, TheNewestWinsEverywhereInWhateverOrderItComes) {
  MeshSwarm swarm({.seed = 23, .nodes_count = 5, .link = {.delay = 5ms, .jitter = 40ms}});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  const mesh::SharedAt begin = swarm.now().wall;
  for (int i = 0; i < 50; ++i)
    swarm.share_at(static_cast<NodeId>(i) % 5, "name", "value " + std::to_string(i * 7 % 50),
                   begin + std::chrono::milliseconds(i * 7 % 50));
  EXPECT_TRUE(swarm.run_until([&] { return all_have(swarm, "name", "value 49"); }, 10s));
}

TEST(MeshShared, ANewcomerIsToldWhatIsOnTheBoard) {
  MeshSwarm swarm({.seed = 24, .nodes_count = 3});
  // Before anybody is connected: two have something, and none has heard of the other's.
  for (int i = 0; i < 200; ++i) swarm.share(0, "a" + std::to_string(i), "value of the first");
  swarm.share(1, "b", "value of the second");
  swarm.remove_shared(2, "a7");
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  const auto is_told = [&] {
    for (int i = 0; i < 200; ++i)
      if (i != 7 && !all_have(swarm, "a" + std::to_string(i), "value of the first")) return false;
    return all_have(swarm, "b", "value of the second") && all_have(swarm, "a7", "");
  };
  EXPECT_TRUE(swarm.run_until(is_told, 10s));
}

TEST(MeshShared, WhatIsMissedIsRecalledFromWhoeverHasIt) {
  MeshSwarm swarm({.seed = 25, .nodes_count = 4});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  const std::string record = large_record(300'000, 25);
  swarm.share(2, "name", record);
  ASSERT_TRUE(swarm.run_until([&] { return all_have(swarm, "name", record); }, 10s));
  for (const NodeId node : {0u, 1u, 3u}) swarm.forget_shared(node, "name");
  const auto id = swarm.recall(0, "name");
  ASSERT_TRUE(swarm.run_until([&] { return swarm.recalled(0, id).has_value(); }, 5s));
  EXPECT_TRUE(*swarm.recalled(0, id));
  EXPECT_EQ(swarm.shared_of(0, "name"), record);
  // Nobody has this one, and says so at once.
  const auto none = swarm.recall(0, "nothing");
  ASSERT_TRUE(swarm.run_until([&] { return swarm.recalled(0, none).has_value(); }, 1s));
  EXPECT_FALSE(*swarm.recalled(0, none));
  swarm.run(1s);
  for (NodeId node = 0; node < 4; ++node) EXPECT_EQ(swarm.member(node).exchanges_count(), 0u);
}

TEST(MeshShared, AloneARecallEndsAtOnce) {
  MeshSwarm swarm({.seed = 26, .nodes_count = 1});
  const auto id = swarm.recall(0, "name");
  ASSERT_TRUE(swarm.run_until([&] { return swarm.recalled(0, id).has_value(); }, 1ms));
  EXPECT_FALSE(*swarm.recalled(0, id));
}

TEST(MeshShared, WhatIsDatedAheadIsHeardByNobody) {
  MeshSwarm swarm({.seed = 27, .nodes_count = 3});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  swarm.share_at(0, "name", "of tomorrow", swarm.now().wall + std::chrono::hours(24));
  swarm.run(2s);
  EXPECT_EQ(swarm.shared_of(1, "name"), "");
  EXPECT_EQ(swarm.member(1).counters().shared_refused, 1u);
  swarm.share(2, "name", "of today");
  EXPECT_TRUE(swarm.run_until([&] { return swarm.shared_of(1, "name") == "of today"; }, 1s));
}

// A loop that puts thousands of values: all are told, at a pace that others listen to.
TEST(MeshShared, ThousandsOfValuesAreToldAtAPaceThatOthersListenTo) {
  MeshSwarm swarm({.seed = 28, .nodes_count = 2});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  constexpr int kCount = 6'000;
  for (int i = 0; i < kCount; ++i) swarm.share(0, "name " + std::to_string(i), "value");
  const auto is_told = [&] {
    return swarm.member(1).counters().shared_heard == static_cast<std::uint64_t>(kCount);
  };
  EXPECT_TRUE(swarm.run_until(is_told, 60s));
  EXPECT_EQ(swarm.member(0).counters().shared_untold, 0u);
  EXPECT_EQ(swarm.ledger(1).counters().refused.too_many, 0u);
}

// Between being let in and listening there is a moment, and whoever puts something just then is heard all the same.
TEST(MeshShared, WhatIsPutWhileAMemberIsBeingLetInReachesIt) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    MeshSwarm swarm({.seed = 300 + seed, .nodes_count = 2, .link = {.delay = 10ms, .jitter = 5ms}});
    swarm.introduce_all();
    ASSERT_TRUE(swarm.run_until([&] { return !swarm.member(0).members().empty(); }, 10s));
    swarm.run(std::chrono::milliseconds(seed * 2));
    swarm.share(0, "name", "value");
    EXPECT_TRUE(swarm.run_until([&] { return all_have(swarm, "name", "value"); }, 3s)) << seed;
  }
}

TEST(MeshShared, AnOutsiderHearsNothing) {
  MeshSwarm swarm({.seed = 29, .nodes_count = 3, .outsiders_count = 1});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  swarm.share(0, "name", "value");
  swarm.run(5s);
  EXPECT_EQ(swarm.shared_of(1, "name"), "value");
  EXPECT_EQ(swarm.shared_of(2, "name"), "");
  EXPECT_EQ(swarm.member(2).counters().shared_heard, 0u);
}

}  // namespace
}  // namespace ghmesh::sim
