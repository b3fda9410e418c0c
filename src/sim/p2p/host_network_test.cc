// SPDX-License-Identifier: Apache-2.0 OR MIT
// Whole hosts on a simulated network.
#include "sim/p2p/host_network.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text.h"

namespace ghmesh::sim {
namespace {

constexpr std::string_view kTopic = "news";
const std::string kEcho = "/echo/1.0.0";

// A failing seed is replayed with GHMESH_SIM_SEED=N.
std::vector<std::uint64_t> seeds(std::size_t count) {
  if (const char* given = std::getenv("GHMESH_SIM_SEED")) return {parse_decimal(given).value_or(0)};
  std::vector<std::uint64_t> all;
  for (std::size_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

host::Options gossiping(NodeId) {
  host::Options options;
  options.protocols = {kEcho};
  options.gossip.emplace();
  options.gossip->topics[std::string(kTopic)];
  return options;
}

NetworkOptions weather(std::uint64_t seed) {
  return {.seed = seed, .link = {.delay = 25ms, .jitter = 5ms, .loss = 0.01}};
}

std::size_t messages(HostNetwork& hosts, NodeId node) {
  std::size_t found = 0;
  for (const host::Event& event : hosts.events(node))
    if (const auto* gossip = std::get_if<gossipsub::Event>(&event))
      found += std::holds_alternative<gossipsub::Delivered>(*gossip);
  return found;
}

// Every node dials the ones before it, up to `degree` of them.
void connect_all(HostNetwork& hosts, std::size_t degree, Random& random) {
  for (NodeId node = 1; node < hosts.nodes_count(); ++node)
    for (std::size_t i = 0; i < degree; ++i)
      hosts.dial(node, static_cast<NodeId>(random.below(node)));
}

void subscribe_all(HostNetwork& hosts) {
  for (NodeId node = 0; node < hosts.nodes_count(); ++node) {
    ASSERT_TRUE(hosts.host(node).subscribe(kTopic, hosts.now()));
    hosts.settle(node);
  }
}

TEST(HostNetwork, TwoHostsSayWhoTheyAreAndAnswerPings) {
  HostNetwork hosts(weather(1), 2, gossiping);
  hosts.dial(0, 1);
  ASSERT_TRUE(hosts.run_until(
      [&] { return hosts.host(0).info_of(hosts.id(1)) && hosts.host(1).info_of(hosts.id(0)); },
      5s));
  const identify::PeerInfo& info = *hosts.host(0).info_of(hosts.id(1));
  EXPECT_EQ(info.agent_version, "ghmesh/dev");
  EXPECT_TRUE(info.protocols.contains(kEcho));
  EXPECT_EQ(info.addresses, std::vector{hosts.address(1)});
  EXPECT_TRUE(info.record);
  ASSERT_TRUE(hosts.host(0).ping(hosts.id(1), hosts.now()));
  hosts.settle(0);
  ASSERT_TRUE(hosts.run_until([&] { return hosts.count<host::Ponged>(0) > 0; }, 5s));
  for (const host::Event& event : hosts.events(0))
    if (const auto* ponged = std::get_if<host::Ponged>(&event)) {
      EXPECT_GE(ponged->round_trip, 50ms);
      EXPECT_LE(ponged->round_trip, 500ms);
    }
}

TEST(HostNetwork, ANewProtocolIsPushedToThoseWhoAreConnected) {
  HostNetwork hosts(weather(2), 2, gossiping);
  hosts.dial(0, 1);
  ASSERT_TRUE(hosts.run_until([&] { return hosts.host(0).info_of(hosts.id(1)) != nullptr; }, 5s));
  hosts.host(1).add_protocol("/new/1", hosts.now());
  hosts.settle(1);
  const auto knows = [&] {
    const auto& protocols = hosts.host(0).info_of(hosts.id(1))->protocols;
    return protocols.contains("/new/1");
  };
  EXPECT_TRUE(hosts.run_until(knows, 5s));
}

TEST(HostNetwork, GossipReachesEverybody) {
  for (const std::uint64_t seed : seeds(3)) {
    SCOPED_TRACE("GHMESH_SIM_SEED=" + std::to_string(seed));
    HostNetwork hosts(weather(seed), 24, gossiping);
    Random random(seed);
    subscribe_all(hosts);
    connect_all(hosts, 4, random);
    hosts.run(10s);
    constexpr std::size_t kCount = 20;
    for (std::size_t i = 0; i < kCount; ++i) {
      const auto publisher = static_cast<NodeId>(random.below(hosts.nodes_count()));
      ASSERT_TRUE(hosts.host(publisher).publish(kTopic, as_bytes("message " + std::to_string(i)),
                                                hosts.now()));
      hosts.settle(publisher);
      hosts.run(50ms);
    }
    hosts.run(5s);
    std::size_t delivered = 0;
    for (NodeId node = 0; node < hosts.nodes_count(); ++node) delivered += messages(hosts, node);
    EXPECT_EQ(delivered, kCount * (hosts.nodes_count() - 1));
  }
}

// A topic whose name changes with the day, which begins for each host at another moment.
TEST(HostNetwork, GossipGoesOnInATopicThatReplacesAnother) {
  constexpr std::string_view kTomorrow = "tomorrow";
  for (const std::uint64_t seed : seeds(2)) {
    SCOPED_TRACE("GHMESH_SIM_SEED=" + std::to_string(seed));
    HostNetwork hosts(weather(seed), 12, gossiping);
    Random random(seed);
    subscribe_all(hosts);
    connect_all(hosts, 3, random);
    hosts.run(10s);
    for (NodeId node = 0; node < hosts.nodes_count(); ++node) {
      ASSERT_TRUE(hosts.host(node).add_topic(std::string(kTomorrow), {}, hosts.now()));
      ASSERT_TRUE(hosts.host(node).subscribe(kTomorrow, hosts.now()));
      hosts.settle(node);
      hosts.run(300ms);
    }
    for (NodeId node = 0; node < hosts.nodes_count(); ++node) {
      hosts.host(node).remove_topic(kTopic, hosts.now());
      hosts.settle(node);
    }
    hosts.run(3s);
    ASSERT_TRUE(hosts.host(5).publish(kTomorrow, as_bytes("good morning"), hosts.now()));
    EXPECT_FALSE(hosts.host(5).publish(kTopic, as_bytes("too late"), hosts.now()));
    hosts.settle(5);
    hosts.run(5s);
    std::size_t delivered = 0;
    for (NodeId node = 0; node < hosts.nodes_count(); ++node) delivered += messages(hosts, node);
    EXPECT_EQ(delivered, hosts.nodes_count() - 1);
  }
}

TEST(HostNetwork, ACutIsNoticedAndHealsByDialingAgain) {
  HostNetwork hosts(weather(4), 2, gossiping);
  hosts.dial(0, 1);
  ASSERT_TRUE(hosts.run_until([&] { return hosts.count<host::Connected>(1) == 1; }, 5s));
  hosts.network().cut({.from = 0, .to = 1});
  ASSERT_TRUE(hosts.run_until(
      [&] { return hosts.count<host::Disconnected>(0) + hosts.count<host::Disconnected>(1) == 2; },
      2min));
  hosts.network().heal({.from = 0, .to = 1});
  hosts.dial(0, 1);
  EXPECT_TRUE(hosts.run_until([&] { return hosts.count<host::Connected>(1) == 2; }, 10s));
}

TEST(HostNetwork, APeerThatRestartsIsForgottenAndMetAgain) {
  HostNetwork hosts(weather(5), 2, gossiping);
  subscribe_all(hosts);
  hosts.dial(0, 1);
  ASSERT_TRUE(
      hosts.run_until([&] { return !hosts.host(0).gossip()->subscribers(kTopic).empty(); }, 5s));
  hosts.restart(1);
  ASSERT_TRUE(hosts.run_until([&] { return hosts.count<host::Disconnected>(0) == 1; }, 2min));
  EXPECT_TRUE(hosts.host(0).gossip()->subscribers(kTopic).empty());
  ASSERT_TRUE(hosts.host(1).subscribe(kTopic, hosts.now()));
  hosts.settle(1);
  hosts.dial(1, 0);
  ASSERT_TRUE(
      hosts.run_until([&] { return !hosts.host(0).gossip()->subscribers(kTopic).empty(); }, 10s));
  hosts.run(2s);
  ASSERT_TRUE(hosts.host(0).publish(kTopic, as_bytes("welcome back"), hosts.now()));
  hosts.settle(0);
  EXPECT_TRUE(hosts.run_until([&] { return messages(hosts, 1) == 1; }, 5s));
}

TEST(HostNetwork, TheSameSeedGivesTheSameSizesAndTimes) {
  const auto run = [](std::uint64_t seed) {
    HostNetwork hosts(weather(seed), 6, gossiping);
    Random random(seed);
    subscribe_all(hosts);
    connect_all(hosts, 2, random);
    hosts.run(5s);
    const auto& counters = hosts.network().counters();
    return std::tuple(counters.events, counters.sent_bytes, counters.pieces_retransmitted);
  };
  EXPECT_EQ(run(9), run(9));
  EXPECT_NE(run(9), run(10));
}

TEST(HostNetwork, OneSlowReaderDoesNotHoldTheOthersUp) {
  HostNetwork hosts(weather(6), 3, gossiping);
  hosts.network().configure({.from = 0, .to = 2}, {.delay = 25ms, .rate_bytes_per_second = 2'000});
  subscribe_all(hosts);
  hosts.dial(0, 1);
  hosts.dial(0, 2);
  hosts.run(3s);
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(
        hosts.host(0).publish(kTopic, Bytes(20'000, static_cast<std::byte>(i)), hosts.now()));
    hosts.settle(0);
    hosts.run(20ms);
  }
  EXPECT_TRUE(hosts.run_until([&] { return messages(hosts, 1) == 400; }, 5s));
  EXPECT_LE(hosts.host(0).gossip_backlog_bytes(hosts.id(2)), host::kGossipQueueBytesMax + 100'000);
  EXPECT_GT(hosts.host(0).counters().gossip_dropped, 0U);
}

}  // namespace
}  // namespace ghmesh::sim
