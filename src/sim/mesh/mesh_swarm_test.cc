// SPDX-License-Identifier: Apache-2.0 OR MIT
// The mesh, whole, in one process: how often GitHub is asked, and that nobody is answered wrongly.
#include "sim/mesh/mesh_swarm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/network/test_seeds.h"

namespace ghmesh::sim {
namespace {

using From = MeshAnswer::From;

void for_seeds(std::uint64_t last, const std::function<void(std::uint64_t)>& run) {
  Seeds seeds;
  for (std::uint64_t seed = 1; seed <= last; ++seed) seeds.push_back(seed);
  for_each_seed(std::move(seeds), std::getenv(kSeedVariable), run);
}

std::size_t count(const MeshSwarm& swarm, From from) {
  return static_cast<std::size_t>(std::ranges::count_if(
      swarm.answers(), [&](const MeshAnswer& answer) { return answer.from == from; }));
}

void answer_all(MeshSwarm& swarm) {
  ASSERT_TRUE(swarm.run_until([&] { return swarm.waiting_count() == 0; }, 60s));
}

TEST(MeshSwarm, MembersFindEachOtherThroughOneOfThem) {
  MeshSwarm swarm({.seed = 1, .nodes_count = 8});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
}

TEST(MeshSwarm, AnOutsiderIsLetInNowhere) {
  MeshSwarm swarm({.seed = 2, .nodes_count = 4, .outsiders_count = 1});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  swarm.request(0, 1);
  answer_all(swarm);
  swarm.run(10s);
  EXPECT_TRUE(swarm.member(3).members().empty());
  EXPECT_TRUE(swarm.hosts()
                  .host(3)
                  .gossip()
                  ->subscribers(swarm.member(0).keyring().announce_keys().topic)
                  .empty());
  EXPECT_EQ(swarm.hosts().count<host::Identified>(3), 0u);
  EXPECT_GT(swarm.member(0).counters().not_admitted, 0u);
}

TEST(MeshSwarm, OneAsksAndAllKnow) {
  MeshSwarm swarm({.seed = 3, .nodes_count = 8});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  swarm.request(0, 1);
  answer_all(swarm);
  swarm.run(100ms);
  for (NodeId node = 1; node < 8; ++node) swarm.request(node, 1);
  EXPECT_EQ(swarm.waiting_count(), 0u);
  EXPECT_EQ(count(swarm, From::peer), 7u);
  EXPECT_EQ(swarm.bill().charged, 1u);
}

// 100 things, asked for by everybody at once, and nobody has them.
TEST(MeshSwarm, AColdSwarmAsksOnceForEachThing) {
  for (const std::size_t nodes_count : {3u, 10u}) {
    MeshSwarm swarm({.seed = 4, .nodes_count = nodes_count});
    swarm.introduce_all();
    ASSERT_TRUE(swarm.run_until_connected());
    for (int thing = 0; thing < 100; ++thing)
      for (NodeId node = 0; node < nodes_count; ++node) swarm.request(node, thing);
    answer_all(swarm);
    EXPECT_EQ(swarm.answers().size(), 100 * nodes_count);
    EXPECT_EQ(swarm.bill().charged, 100u);
    EXPECT_EQ(swarm.bill().free, 0u);
    EXPECT_EQ(swarm.check(), "");
  }
}

// The word may arrive in one packet with the news, and be read first: seen with two daemons, seven times of a hundred.
TEST(MeshSwarm, AHomeSendsNobodyToGitHubForWhatItHasJustFetched) {
  constexpr std::size_t kThings = 20;
  MeshSwarm swarm({.seed = 4, .nodes_count = 2});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  for (int thing = 0; thing < static_cast<int>(kThings); ++thing) {
    swarm.request(0, thing);
    answer_all(swarm);
    swarm.request(1, thing);  // while the news is under way
    answer_all(swarm);
  }
  EXPECT_EQ(swarm.bill().charged, kThings);
  EXPECT_EQ(count(swarm, From::peer), kThings);
  EXPECT_EQ(swarm.member(0).lease_counters().granted + swarm.member(1).lease_counters().granted,
            kThings);
}

TEST(MeshSwarm, WithATokenForEachNodeTheOthersProveItForFree) {
  MeshSwarm swarm({.seed = 5, .nodes_count = 5, .has_token_each = true});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  for (int thing = 0; thing < 20; ++thing)
    for (NodeId node = 0; node < 5; ++node) swarm.request(node, thing);
  answer_all(swarm);
  EXPECT_EQ(swarm.bill().charged, 20u);
  EXPECT_EQ(swarm.bill().free, 80u);
}

TEST(MeshSwarm, InVerifyModeTheSamePrincipalProvesItToo) {
  MeshSwarm swarm({.seed = 6, .nodes_count = 5, .trust = mesh::Trust::verify});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  swarm.request(0, 1);
  answer_all(swarm);
  swarm.run(100ms);
  for (NodeId node = 1; node < 5; ++node) swarm.request(node, 1);
  answer_all(swarm);
  EXPECT_EQ(swarm.bill().charged, 1u);
  EXPECT_EQ(swarm.bill().free, 4u);
  EXPECT_EQ(count(swarm, From::peer), 0u);
}

// After the minute, the swarm sends one free question for each key; after a change, it pays once.
TEST(MeshSwarm, OneProbeForAKeyAndAWindowAndOneCallForAChange) {
  MeshSwarm swarm({.seed = 7, .nodes_count = 6});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  for (NodeId node = 0; node < 6; ++node) swarm.request(node, 1);
  answer_all(swarm);
  EXPECT_EQ(swarm.bill().charged, 1u);
  swarm.run(70s);
  for (NodeId node = 0; node < 6; ++node) swarm.request(node, 1);
  answer_all(swarm);
  EXPECT_EQ(swarm.bill().charged, 1u);
  EXPECT_EQ(swarm.bill().free, 1u);
  swarm.run(5s);  // the audits
  EXPECT_GT(swarm.bill().audits, 0u);
  swarm.change(1);
  swarm.run(70s);
  for (NodeId node = 0; node < 6; ++node) swarm.request(node, 1);
  answer_all(swarm);
  EXPECT_EQ(swarm.bill().charged, 2u);
  EXPECT_EQ(swarm.check(), "");
}

TEST(MeshSwarm, ANewcomerIsWarmAtOnce) {
  MeshSwarm swarm({.seed = 8, .nodes_count = 4});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  for (int thing = 0; thing < 50; ++thing) swarm.request(static_cast<NodeId>(thing) % 3, thing);
  answer_all(swarm);
  swarm.restart(3, MeshSwarm::Memory::none);
  ASSERT_TRUE(swarm.run_until_connected());
  swarm.run(100ms);
  EXPECT_EQ(swarm.member(3).counters().warm_received, 50u);
  swarm.forget_answers();
  for (int thing = 0; thing < 50; ++thing) swarm.request(3, thing);
  answer_all(swarm);
  EXPECT_EQ(swarm.bill().charged, 0u);
  EXPECT_EQ(count(swarm, From::peer), 50u);
}

// With the last secret and the one before, members are together; who has only an older one is outside.
TEST(MeshSwarm, ASecretThatIsForgottenLetsNobodyStay) {
  MeshSwarm swarm({.seed = 9, .nodes_count = 3});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  const auto rotate = [&](NodeId node, const mesh::SwarmSecret& secret) {
    swarm.member(node).rotate(secret, swarm.now());
    swarm.hosts().settle(node);
  };
  const auto first = mesh::SwarmSecret::generate();
  for (NodeId node = 0; node < 3; ++node) rotate(node, first);
  swarm.run(5s);
  EXPECT_EQ(swarm.member(0).members().size(), 2u);
  const auto second = mesh::SwarmSecret::generate();
  rotate(0, second);
  rotate(1, second);
  swarm.run(5s);
  EXPECT_EQ(swarm.member(0).members().size(), 2u);
  rotate(0, mesh::SwarmSecret::generate());
  ASSERT_TRUE(swarm.run_until(
      [&] { return swarm.member(0).members() == std::vector{swarm.hosts().id(1)}; }, 30s));
  swarm.run(60s);
  EXPECT_EQ(swarm.member(0).members(), std::vector{swarm.hosts().id(1)});
  EXPECT_EQ(swarm.member(2).members(), std::vector{swarm.hosts().id(1)});
}

// Whoever leads dies at this step. Everybody else is answered, and it costs calls, not answers.
TEST(MeshSwarm, ALeaderThatDiesAtAnyStepHarmsNobody) {
  for (const char* fatal : {"asked", "granted", "asking", "answered", "told"}) {
    for_seeds(10, [&](std::uint64_t seed) {
      SCOPED_TRACE(fatal);
      MeshSwarm swarm({.seed = seed, .nodes_count = 5});
      swarm.introduce_all();
      ASSERT_TRUE(swarm.run_until_connected());
      std::optional<NodeId> victim;
      swarm.on_step = [&](NodeId node, const std::string& step) {
        if (victim || step != fatal) return;
        victim = node;
        swarm.restart(node);
      };
      for (NodeId node = 0; node < 5; ++node) swarm.request(node, 1);
      answer_all(swarm);
      ASSERT_TRUE(victim.has_value());
      // The victim's own client is gone with it; the other four have their answer.
      EXPECT_EQ(swarm.answers().size(), 4u);
      EXPECT_LE(swarm.bill().charged, 5u);
      EXPECT_EQ(swarm.check(), "");
    });
  }
}

TEST(MeshSwarm, APartitionCostsCallsAndNoAnswersAndHeals) {
  for_seeds(5, [](std::uint64_t seed) {
    MeshSwarm swarm({.seed = seed, .nodes_count = 6});
    swarm.introduce_all();
    ASSERT_TRUE(swarm.run_until_connected());
    auto& network = swarm.hosts().network();
    for (NodeId node = 3; node < 6; ++node) network.move_to_island(node, 1);
    for (NodeId node = 0; node < 6; ++node)
      for (int thing = 0; thing < 10; ++thing) swarm.request(node, thing);
    answer_all(swarm);
    EXPECT_EQ(swarm.answers().size(), 60u);
    EXPECT_EQ(swarm.check(), "");
    swarm.run(60s);
    for (NodeId node = 3; node < 6; ++node) network.move_to_island(node, 0);
    ASSERT_TRUE(swarm.run_until_connected(3min));
    swarm.run(70s);
    swarm.forget_answers();
    for (NodeId node = 0; node < 6; ++node) swarm.request(node, 99);
    answer_all(swarm);
    EXPECT_EQ(swarm.bill().charged, 1u);
  });
}

TEST(MeshSwarm, ThirtyPercentAreReplacedEveryMinuteAndEverybodyIsAnswered) {
  for_seeds(3, [](std::uint64_t seed) {
    MeshSwarm swarm({.seed = seed, .nodes_count = 10});
    swarm.introduce_all();
    ASSERT_TRUE(swarm.run_until_connected());
    Random random(seed);
    for (int second = 0; second < 120; ++second) {
      if (second % 20 == 10) swarm.restart(static_cast<NodeId>(random.below(10)));
      if (second % 7 == 0) swarm.change(static_cast<int>(random.below(20)));
      for (int i = 0; i < 5; ++i)
        swarm.request(static_cast<NodeId>(random.below(10)), static_cast<int>(random.below(20)));
      swarm.run(1s);
    }
    answer_all(swarm);
    EXPECT_EQ(swarm.check(), "");
    EXPECT_GE(swarm.answers().size(), 600u - 12u);
    // Alone, every node would have paid for each of the twenty things, and for each change.
    EXPECT_LT(swarm.bill().charged, 100u);
  });
}

}  // namespace
}  // namespace ghmesh::sim
