// SPDX-License-Identifier: Apache-2.0 OR MIT
// Time, links, datagrams, and that one seed gives one trace; sockets are in socket_test.cc.
#include "sim/network/network.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "sim/network/test_seeds.h"

namespace ghmesh::sim {
namespace {

using Kind = NetworkEvent::Kind;

const Instant kEnd = Instant(1h);

Bytes text(std::string_view characters) { return copy_bytes(as_bytes(characters)); }

struct TwoNodes : Network {
  explicit TwoNodes(NetworkOptions options = {}) : Network(options) {
    a = add_node();
    b = add_node();
  }
  Way there() const { return {.from = a, .to = b}; }
  NodeId a, b;
};

TEST(Network, MovesTheClockToWhatHappensNextAndNoFurther) {
  TwoNodes network;
  network.set_timer(network.b, Instant(2s));
  network.set_timer(network.a, Instant(1s));
  auto event = network.next_event(kEnd);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->node, network.a);
  EXPECT_EQ(network.now(), Instant(1s));
  EXPECT_FALSE(network.next_event(Instant(1500ms)));
  EXPECT_EQ(network.now(), Instant(1500ms));
  EXPECT_EQ(network.next_event(kEnd)->node, network.b);
  EXPECT_FALSE(network.next_event(kEnd));
  EXPECT_EQ(network.now(), kEnd);
}

TEST(Network, RingsOnceAtTheTimeThatWasSetLast) {
  TwoNodes network;
  for (const Duration at : {5s, 3s, 9s, 4s, 7s}) network.set_timer(network.a, Instant(at));
  EXPECT_EQ(network.next_event(kEnd)->kind, Kind::timer);
  EXPECT_EQ(network.now(), Instant(7s));
  EXPECT_FALSE(network.next_event(kEnd));
  network.set_timer(network.a, Instant(1s));  // past: at once
  EXPECT_EQ(network.next_event(kEnd)->kind, Kind::timer);
  network.set_timer(network.a, kEnd + 1s);
  network.set_timer(network.a, Instant::max());
  EXPECT_FALSE(network.next_event(Instant(2h)));
}

TEST(Network, RunsTheScriptInOrderOfTimeAndThenOfAsking) {
  TwoNodes network;
  std::string said;
  network.at(Instant(2s), [&] { said += "c"; });
  network.at(Instant(1s), [&] {
    said += "a";
    network.at(Instant(1s), [&] { said += "b"; });
  });
  network.at(Instant(2s), [&] { said += "d"; });
  EXPECT_FALSE(network.next_event(kEnd));
  EXPECT_EQ(said, "abcd");
}

TEST(Network, DeliversADatagramAfterTheDelayOfTheLink) {
  TwoNodes network;
  network.send_datagram(network.there(), text("hello"));
  auto event = network.next_event(kEnd);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, Kind::datagram);
  EXPECT_EQ(event->node, network.b);
  EXPECT_EQ(event->peer, network.a);
  EXPECT_EQ(as_text(event->bytes), "hello");
  EXPECT_EQ(network.now(), Instant(25ms));
}

TEST(Network, LosesDoublesAndReordersDatagramsAsOftenAsAsked) {
  TwoNodes network({.seed = 5, .link = {.loss = 0.1, .reorder = 0.2, .duplicate = 0.05}});
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    network.at(Instant(i * 1ms), [&network, i] {
      Bytes number;
      append_big_endian(number, i);
      network.send_datagram(network.there(), number);
    });
  }
  std::size_t arrived_count = 0;
  std::size_t overtaken_count = 0;
  std::uint64_t highest = 0;
  while (auto event = network.next_event(kEnd)) {
    const auto number = load_big_endian<std::uint64_t>(event->bytes);
    ++arrived_count;
    if (number < highest) ++overtaken_count;
    highest = std::max(highest, number);
  }
  EXPECT_NEAR(static_cast<double>(network.counters().datagrams_lost), 1000, 100);
  EXPECT_NEAR(static_cast<double>(arrived_count), 9000 * 1.05, 100);
  EXPECT_NEAR(static_cast<double>(overtaken_count), 9000 * 0.2, 200);
}

TEST(Network, DropsDatagramsThatTheRateCannotCarry) {
  TwoNodes network({.link = {.rate_bytes_per_second = 100'000}, .datagram_bytes_max = 10'000});
  for (int i = 0; i < 100; ++i) network.send_datagram(network.there(), Bytes(1000));
  std::size_t arrived_count = 0;
  while (network.next_event(kEnd)) ++arrived_count;
  EXPECT_EQ(arrived_count, 11u);  // ten wait and one is being sent
  EXPECT_EQ(network.counters().datagrams_lost, 89u);
}

TEST(Network, MulticastsToEveryOtherNodeOfTheIsland) {
  Network network({});
  for (int i = 0; i < 6; ++i) network.add_node();
  network.move_to_island(4, 1);
  network.multicast(2, text("who is there?"));
  std::set<NodeId> reached;
  while (auto event = network.next_event(kEnd)) reached.insert(event->node);
  EXPECT_EQ(reached, (std::set<NodeId>{0, 1, 3, 5}));
}

TEST(Network, CutsOneWayOrBoth) {
  TwoNodes network;
  const auto reaches = [&](Way way) {
    network.send_datagram(way, text("x"));
    return network.next_event(network.now() + 1s).has_value();
  };
  network.cut(network.there(), Ways::one);
  EXPECT_FALSE(reaches(network.there()));
  EXPECT_TRUE(reaches(network.there().back()));
  network.cut(network.there());
  EXPECT_FALSE(reaches(network.there().back()));
  network.heal(network.there());
  EXPECT_TRUE(reaches(network.there()));
  EXPECT_TRUE(reaches(network.there().back()));
}

// Everything at once, by a script drawn from the seed: what the trace has to cover.
std::uint64_t trace_of(std::uint64_t seed, int scripted_seconds = 20) {
  Network network({.seed = seed,
                   .link = {.jitter = 10ms,
                            .rate_bytes_per_second = 1'000'000,
                            .loss = 0.05,
                            .reorder = 0.1,
                            .duplicate = 0.1},
                   .piece_bytes_max = 100,
                   .socket_bytes_max = 1000});
  Random random = network.split_random();
  std::vector<SocketId> sockets;
  for (NodeId node = 0; node < 10; ++node) network.listen(network.add_node());
  const auto some_way = [&]() -> Way {
    const auto from = static_cast<NodeId>(random.below(10));
    return {.from = from, .to = static_cast<NodeId>((from + 1 + random.below(9)) % 10)};
  };
  for (int i = 0; i < scripted_seconds * 50; ++i) {
    network.at(Instant(i * 20ms), [&] {
      switch (random.below(8)) {
        case 0: return network.cut(some_way(), random.chance(0.5) ? Ways::one : Ways::both);
        case 1: return network.heal(some_way());
        case 2: return network.send_datagram(some_way(), Bytes(random.below(500)));
        case 3:
          return network.set_timer(some_way().from,
                                   network.now() + Duration(random.below(1'000'000'000)));
        case 4:
          if (random.chance(0.1)) network.reset(sockets[random.below(sockets.size())]);
          return;
        default: break;
      }
      if (sockets.size() < 20) return sockets.push_back(network.connect(some_way()));
      network.write(sockets[random.below(sockets.size())], Bytes(random.below(2000), std::byte{7}));
    });
  }
  sockets.push_back(network.connect(some_way()));
  while (auto event = network.next_event(kEnd)) {
    if (event->kind == Kind::accepted) sockets.push_back(event->socket);
    if (event->kind == Kind::readable)
      network.consume(event->socket, network.readable(event->socket).size());
    if (event->kind == Kind::finished) network.finish(event->socket);
  }
  return network.trace_hash();
}

TEST(Network, MakesTheSameTraceOfTheSameSeed) {
  for_each_seed({1, 2, 3, 4, 5}, std::getenv(kSeedVariable), [](std::uint64_t seed) {
    EXPECT_EQ(trace_of(seed), trace_of(seed));
    EXPECT_NE(trace_of(seed), trace_of(seed + 1));
    EXPECT_NE(trace_of(seed), trace_of(seed, 19));
  });
}

TEST(Network, SplitsItsRandomnessWithoutSharingIt) {
  TwoNodes network({.seed = 1});
  Random first = network.split_random();
  Random second = network.split_random();
  EXPECT_NE(first(), second());
}

TEST(Seeds, AreThoseOfTheTestOrThoseThatWereAskedFor) {
  EXPECT_EQ(chosen_seeds({4, 5}, nullptr), (Seeds{4, 5}));
  EXPECT_EQ(chosen_seeds({4, 5}, "7"), (Seeds{7}));
  EXPECT_EQ(chosen_seeds({4, 5}, "7-9"), (Seeds{7, 8, 9}));
}

}  // namespace
}  // namespace ghmesh::sim
