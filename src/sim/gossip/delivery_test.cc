// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a swarm of honest routers promises: everybody gets everything, soon, and not too often; also when members come
// and go, and when the network falls apart for a while.
#include <gtest/gtest.h>

#include <cstdlib>

#include "sim/gossip/scenarios.h"
#include "sim/network/test_seeds.h"

namespace ghmesh::sim::gossip {
namespace {

void for_seeds(Seeds seeds, const std::function<void(std::uint64_t)>& run) {
  for_each_seed(std::move(seeds), std::getenv(kSeedVariable), run);
}

TEST(Swarm, DeliversEveryMessageToEveryMember) {
  for_seeds({1, 2, 3}, [](std::uint64_t seed) {
    Swarm swarm({.seed = seed, .nodes_count = 100});
    swarm.run_for(5s);
    publish_some(swarm, 10, kSmallBytes, 250ms);
    swarm.run_for(10s);
    const SwarmReport report = swarm.report();
    EXPECT_EQ(report.expected_count, 10u * 99);
    EXPECT_EQ(report.delivered_count, report.expected_count) << text_of(report);
    EXPECT_LT(report.latency_p50, 221ms) << text_of(report);  // published, of 1,000 nodes
    EXPECT_LT(report.latency_p99, 353ms) << text_of(report);
  });
}

TEST(Swarm, LearnsWhichCopiesAreNeeded) {
  for_seeds({1}, [](std::uint64_t seed) {
    Swarm swarm({.seed = seed, .nodes_count = 60});
    swarm.run_for(5s);
    publish_some(swarm, 30, kSmallBytes, 250ms);
    swarm.begin_measuring();
    publish_some(swarm, 10, kSmallBytes, 250ms);
    swarm.run_for(10s);
    const SwarmReport report = swarm.report();
    EXPECT_EQ(report.delivered_count, report.expected_count) << text_of(report);
    EXPECT_LT(report.duplicates_per_delivery, 3) << text_of(report);
  });
}

TEST(Swarm, SendsFewLargeMessagesTwice) {
  for_seeds({1}, [](std::uint64_t seed) {
    SwarmOptions options{.seed = seed, .nodes_count = 40};
    options.link.rate_bytes_per_second = kLargeRate;
    Swarm swarm(options);
    swarm.run_for(5s);
    publish_some(swarm, 20, kLargeBytes, 500ms);
    swarm.begin_measuring();
    publish_some(swarm, 10, kLargeBytes, 500ms);
    swarm.run_for(10s);
    const SwarmReport report = swarm.report();
    EXPECT_EQ(report.delivered_count, report.expected_count) << text_of(report);
    EXPECT_LT(report.duplicates_per_delivery, 2) << text_of(report);
  });
}

TEST(Swarm, DeliversInSwarmsOfAnySize) {
  for (const std::size_t nodes_count : {2u, 3u, 5u, 8u, 13u, 30u}) {
    Swarm swarm({.seed = nodes_count, .nodes_count = nodes_count});
    swarm.run_for(3s);
    publish_some(swarm, 10, kSmallBytes, 100ms);
    swarm.run_for(5s);
    const SwarmReport report = swarm.report();
    EXPECT_EQ(report.expected_count, 10 * (nodes_count - 1));
    EXPECT_EQ(report.delivered_count, report.expected_count) << nodes_count << " nodes";
  }
}

std::uint64_t trace_of(std::uint64_t seed) {
  Swarm swarm({.seed = seed, .nodes_count = 40});
  swarm.run_for(3s);
  publish_some(swarm, 10, kSmallBytes, 100ms);
  swarm.crash(7);
  publish_some(swarm, 5, kSmallBytes, 100ms);
  swarm.run_for(5s);
  return swarm.network().trace_hash();
}

TEST(Swarm, LivesTheSameLifeWithTheSameSeed) {
  for_seeds({1}, [](std::uint64_t seed) {
    EXPECT_EQ(trace_of(seed), trace_of(seed));
    EXPECT_NE(trace_of(seed), trace_of(seed + 1));
  });
}

TEST(Swarm, DeliversWhileThirtyPercentOfItsMembersAreReplacedEveryMinute) {
  for_seeds({1, 2}, [](std::uint64_t seed) {
    Swarm swarm({.seed = seed, .nodes_count = 60});
    swarm.run_for(5s);
    churn(swarm, 0.3, swarm.now() + 60s);
    publish_some(swarm, 30, kSmallBytes, 2s);
    swarm.run_for(10s);
    const SwarmReport report = swarm.report();
    EXPECT_GE(report.delivered_share(), 0.99) << text_of(report);
    EXPECT_GT(report.expected_count, 30u * 30) << text_of(report);  // most stay
  });
}

TEST(Swarm, CatchesUpAfterAShortPartition) {
  for_seeds({1, 2}, [](std::uint64_t seed) {
    Swarm swarm({.seed = seed, .nodes_count = 40});
    swarm.run_for(5s);
    part(swarm, 5s);
    publish_some(swarm, 10, kSmallBytes, 500ms);
    swarm.run_for(20s);
    const SwarmReport report = swarm.report();
    EXPECT_EQ(report.delivered_count, report.expected_count) << text_of(report);
    EXPECT_EQ(swarm.network().counters().sockets_timed_out, 0u);
  });
}

TEST(Swarm, GrowsTogetherAgainAfterALongPartition) {
  for_seeds({1, 2}, [](std::uint64_t seed) {
    Swarm swarm({.seed = seed, .nodes_count = 40});
    swarm.run_for(5s);
    part(swarm, 61s);
    publish_some(swarm, 20, kSmallBytes, 3s);
    EXPECT_GT(swarm.network().counters().sockets_timed_out, 0u);
    // Each half goes on by itself.
    const SwarmReport apart = swarm.report();
    EXPECT_NEAR(apart.delivered_share(), 0.5, 0.02) << text_of(apart);
    swarm.run_for(60s);
    swarm.begin_measuring();
    publish_some(swarm, 10, kSmallBytes, 250ms);
    swarm.run_for(10s);
    const SwarmReport report = swarm.report();
    EXPECT_EQ(report.delivered_count, report.expected_count) << text_of(report);
  });
}

}  // namespace
}  // namespace ghmesh::sim::gossip
