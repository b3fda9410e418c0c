// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a socket promises on a bad wire: everything, once, in order; or an end that says why.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "sim/network/network.h"
#include "sim/network/test_seeds.h"

namespace ghmesh::sim {
namespace {

using Kind = NetworkEvent::Kind;

const Instant kEnd = Instant(1h);

// Node 0 has a socket to node 1; what happens is kept as words.
struct Pair : Network {
  explicit Pair(NetworkOptions options = {}, Carries carries = Carries::bytes) : Network(options) {
    add_node();
    add_node();
    near = open(there, carries);
    far = other_end(near);
  }

  // Reads all that comes, unless is_reading is false.
  void run_until(Instant until) {
    while (auto event = next_event(until)) {
      if (event->kind == Kind::readable && is_reading) {
        received += as_text(readable(event->socket));
        consume(event->socket, readable(event->socket).size());
      }
      if (event->kind == Kind::message) messages.push_back(std::string(as_text(event->bytes)));
      if (event->kind == Kind::closed) reason = event->reason;
      events.push_back(*event);
    }
  }
  std::size_t count(Kind kind, NodeId node) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(),
        [&](const NetworkEvent& event) { return event.kind == kind && event.node == node; }));
  }

  const Way there{.from = 0, .to = 1};
  SocketId near, far;
  bool is_reading = true;
  std::string received;
  std::vector<std::string> messages;
  Error reason;
  std::vector<NetworkEvent> events;
};

std::string some_text(std::size_t bytes_count) {
  std::string text;
  for (std::size_t i = 0; i < bytes_count; ++i) text += static_cast<char>('a' + i * i % 26);
  return text;
}

TEST(Socket, ConnectsWithinARoundTripAndAHalf) {
  Network network({});
  network.add_node();
  network.listen(network.add_node());
  const SocketId socket = network.connect({.from = 0, .to = 1});
  EXPECT_FALSE(network.is_open(socket));
  auto event = network.next_event(kEnd);
  EXPECT_EQ(event->kind, Kind::connected);
  EXPECT_EQ(event->socket, socket);
  EXPECT_EQ(network.now(), Instant(50ms));
  EXPECT_EQ(network.write(socket, as_bytes("hello")), 5u);
  event = network.next_event(kEnd);
  EXPECT_EQ(event->kind, Kind::accepted);
  EXPECT_EQ(event->node, 1u);
  EXPECT_EQ(event->peer, 0u);
  EXPECT_EQ(network.now(), Instant(75ms));
  std::string received;
  while ((event = network.next_event(kEnd))) received = as_text(network.readable(event->socket));
  EXPECT_EQ(received, "hello");
}

TEST(Socket, IsRefusedWhereNobodyListens) {
  Network network({});
  network.add_node();
  network.add_node();
  const SocketId socket = network.connect({.from = 0, .to = 1});
  auto event = network.next_event(kEnd);
  EXPECT_EQ(event->kind, Kind::closed);
  EXPECT_EQ(event->reason, boost::system::errc::connection_refused);
  EXPECT_FALSE(network.is_open(socket));
}

TEST(Socket, KnocksAgainUntilTheLinkIsHealedOrTimeIsUp) {
  for (const Duration outage : {Duration(10s), Duration(50s)}) {
    Network network({});
    network.add_node();
    network.listen(network.add_node());
    network.cut({.from = 0, .to = 1});
    network.at(Instant(outage), [&] { network.heal({.from = 0, .to = 1}); });
    network.connect({.from = 0, .to = 1});
    const auto event = network.next_event(kEnd);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, outage == 10s ? Kind::connected : Kind::closed);
    if (event->kind == Kind::closed) {
      EXPECT_EQ(network.now(), Instant(20s));
      EXPECT_EQ(event->reason, boost::system::errc::timed_out);
    }
  }
}

TEST(Socket, DeliversEverythingOnceAndInOrderOnABadWire) {
  for_each_seed({1, 2, 3}, std::getenv(kSeedVariable), [](std::uint64_t seed) {
    const std::string sent = some_text(100'000);
    for (const std::size_t piece_bytes_max : {1u, 100u, 100'000u}) {
      Pair pair({.seed = seed,
                 .link = {.jitter = 20ms, .loss = 0.1, .reorder = 0.5, .duplicate = 0.5},
                 .piece_bytes_max = piece_bytes_max});
      EXPECT_EQ(pair.write(pair.near, as_bytes(sent)), sent.size());
      pair.finish(pair.near);
      pair.run_until(kEnd);
      EXPECT_EQ(pair.received, sent);
      EXPECT_EQ(pair.events.back().kind, Kind::finished);
      EXPECT_GT(pair.counters().pieces_retransmitted, 0u);
    }
  });
}

TEST(Socket, ShowsLossAsDelay) {
  Pair pair({.seed = 3, .link = {.loss = 0.3}});
  std::map<Duration, int> latencies;
  for (int i = 0; i < 1000; ++i) {
    const Instant sent_at = pair.now();
    ASSERT_EQ(pair.write(pair.near, as_bytes("x")), 1u);
    const auto event = pair.next_event(kEnd);
    ASSERT_TRUE(event);
    ++latencies[pair.now() - sent_at];
    pair.consume(pair.far, 1);
  }
  EXPECT_NEAR(latencies[25ms], 700, 50);
  EXPECT_NEAR(latencies[25ms + 250ms], 210, 50);  // the round trip and 200 ms
  EXPECT_NEAR(latencies[25ms + 750ms], 63, 25);   // and twice that
}

TEST(Socket, TakesAsLongAsTheRateSays) {
  Pair pair({.link = {.delay = 0ms, .rate_bytes_per_second = 1'000'000}});
  pair.write(pair.near, Bytes(100'000));
  pair.run_until(Instant(99ms));
  EXPECT_LT(pair.received.size(), 100'000u);
  pair.run_until(Instant(101ms));
  EXPECT_EQ(pair.received.size(), 100'000u);
}

TEST(Socket, MakesTheWriterWaitForASlowReader) {
  Pair pair({.socket_bytes_max = 1000});
  pair.is_reading = false;
  EXPECT_EQ(pair.write(pair.near, Bytes(3000)), 1000u);
  EXPECT_EQ(pair.write(pair.near, Bytes(1)), 0u);
  pair.run_until(Instant(10s));
  EXPECT_EQ(pair.readable(pair.far).size(), 1000u);
  EXPECT_EQ(pair.count(Kind::writable, 0), 0u);
  pair.consume(pair.far, 400);
  EXPECT_EQ(pair.write(pair.near, Bytes(1)), 0u);  // it has not heard of that yet
  pair.run_until(Instant(20s));
  EXPECT_EQ(pair.count(Kind::writable, 0), 1u);
  EXPECT_EQ(pair.write(pair.near, Bytes(3000)), 400u);
}

TEST(Socket, CarriesWholeMessagesEvenLargerThanItsLimit) {
  Pair pair({.socket_bytes_max = 1000}, Carries::messages);
  EXPECT_TRUE(pair.send(pair.near, copy_bytes(as_bytes("first"))));
  EXPECT_TRUE(pair.send(pair.near, Bytes(5000)));
  EXPECT_FALSE(pair.send(pair.near, copy_bytes(as_bytes("third"))));
  pair.run_until(Instant(1s));
  ASSERT_EQ(pair.messages.size(), 2u);
  EXPECT_EQ(pair.messages[0], "first");
  EXPECT_EQ(pair.messages[1].size(), 5000u);
  EXPECT_EQ(pair.count(Kind::writable, 0), 1u);
  EXPECT_TRUE(pair.send(pair.near, {}));
}

TEST(Socket, LeavesTheOtherDirectionOpenWhenOneIsFinished) {
  Pair pair;
  pair.write(pair.near, as_bytes("question"));
  pair.finish(pair.near);
  EXPECT_EQ(pair.write(pair.near, as_bytes("more")), 0u);
  pair.run_until(Instant(1s));
  EXPECT_EQ(pair.events.back().kind, Kind::finished);
  EXPECT_EQ(pair.write(pair.far, as_bytes("answer")), 6u);
  pair.finish(pair.far);
  pair.run_until(Instant(2s));
  EXPECT_EQ(pair.received, "questionanswer");
  EXPECT_EQ(pair.count(Kind::closed, 0) + pair.count(Kind::closed, 1), 0u);
  EXPECT_FALSE(pair.is_open(pair.near));
  EXPECT_FALSE(pair.is_open(pair.far));
}

TEST(Socket, IsKeptUntilWhatCameIsRead) {
  Pair pair;
  pair.is_reading = false;
  pair.write(pair.near, as_bytes("last words"));
  pair.finish(pair.near);
  pair.finish(pair.far);
  pair.run_until(Instant(1s));
  EXPECT_EQ(as_text(pair.readable(pair.far)), "last words");
  pair.consume(pair.far, 10);
  EXPECT_FALSE(pair.is_open(pair.far));
}

TEST(Socket, LosesWhatIsOnItsWayWhenReset) {
  Pair pair;
  pair.write(pair.near, as_bytes("never seen"));
  pair.reset(pair.near);
  pair.run_until(Instant(1s));
  EXPECT_EQ(pair.received, "");
  ASSERT_EQ(pair.count(Kind::closed, 1), 1u);
  EXPECT_EQ(pair.reason, boost::system::errc::connection_reset);
}

TEST(Socket, ArrivesAfterAShortCut) {
  for (const Duration outage : {100ms, 1000ms, 15'000ms}) {
    Pair pair;
    pair.cut(pair.there);
    pair.write(pair.near, as_bytes("late"));
    pair.at(Instant(outage), [&] { pair.heal(pair.there); });
    pair.run_until(Instant(outage));
    EXPECT_EQ(pair.received, "");
    pair.run_until(kEnd);
    EXPECT_EQ(pair.received, "late");
    EXPECT_EQ(pair.count(Kind::closed, 0) + pair.count(Kind::closed, 1), 0u);
  }
}

TEST(Socket, EndsAfterALongCutOnlyWhereSomebodyWaits) {
  Pair pair;
  pair.cut(pair.there);
  pair.write(pair.near, as_bytes("lost"));
  pair.run_until(Instant(60s));
  EXPECT_EQ(pair.count(Kind::closed, 0), 1u);
  EXPECT_EQ(pair.reason, boost::system::errc::timed_out);
  EXPECT_TRUE(pair.is_open(pair.far));  // half-open
  pair.heal(pair.there);
  pair.run_until(Instant(100s));
  EXPECT_TRUE(pair.is_open(pair.far));
  pair.write(pair.far, as_bytes("hello?"));
  pair.run_until(Instant(101s));
  EXPECT_EQ(pair.count(Kind::closed, 1), 1u);
  EXPECT_EQ(pair.reason, boost::system::errc::connection_reset);
}

TEST(Socket, TimesOutWhenOnlyTheWayBackIsCut) {
  Pair pair;
  pair.cut(pair.there.back(), Ways::one);
  pair.write(pair.near, as_bytes("heard but not acknowledged"));
  pair.run_until(Instant(10s));
  EXPECT_EQ(pair.received, "heard but not acknowledged");
  EXPECT_EQ(pair.count(Kind::closed, 0), 0u);
  pair.run_until(Instant(30s));
  EXPECT_EQ(pair.count(Kind::closed, 0), 1u);
}

TEST(Socket, GivesCreditThatACutHeldBack) {
  Pair pair({.socket_bytes_max = 10});
  EXPECT_EQ(pair.write(pair.near, Bytes(20)), 10u);
  pair.at(Instant(10ms), [&] { pair.cut(pair.there.back(), Ways::one); });
  pair.at(Instant(5s), [&] { pair.heal(pair.there.back(), Ways::one); });
  pair.run_until(Instant(4s));
  EXPECT_EQ(pair.received.size(), 10u);
  EXPECT_EQ(pair.write(pair.near, Bytes(20)), 0u);
  pair.run_until(Instant(10s));
  EXPECT_EQ(pair.count(Kind::writable, 0), 1u);
  EXPECT_EQ(pair.write(pair.near, Bytes(20)), 10u);
}

TEST(Socket, IsResetWhenItsNodeCrashes) {
  Network network({});
  for (int i = 0; i < 3; ++i) network.listen(network.add_node());
  network.set_timer(0, Instant(10s));
  network.connect({.from = 0, .to = 1});
  network.connect({.from = 2, .to = 0});
  while (network.next_event(Instant(1s))) {
  }
  network.crash(0);
  std::set<NodeId> told;
  while (auto event = network.next_event(kEnd)) {
    EXPECT_EQ(event->kind, Kind::closed);
    told.insert(event->node);
  }
  EXPECT_EQ(told, (std::set<NodeId>{1, 2}));
  network.connect({.from = 1, .to = 0});
  EXPECT_EQ(network.next_event(kEnd + 1s)->reason, boost::system::errc::connection_refused);
}

TEST(Socket, StopsAtTheShoreOfAnIsland) {
  Pair pair;
  pair.move_to_island(1, 7);
  pair.write(pair.near, as_bytes("across"));
  pair.run_until(Instant(5s));
  EXPECT_EQ(pair.received, "");
  pair.move_to_island(0, 7);
  pair.run_until(Instant(15s));
  EXPECT_EQ(pair.received, "across");
}

}  // namespace
}  // namespace ghmesh::sim
