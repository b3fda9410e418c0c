// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/swarm/swarm.h"

#include <gtest/gtest.h>

namespace ghmesh::swarm {
namespace {

using Kind = Event::Kind;
constexpr Instant kStart{1h};
const std::string kEcho = "/echo/1.0.0";

Multiaddr address(std::string_view text) { return Multiaddr::parse_text(text).value(); }

keys::PrivateKey identity_of(unsigned char byte) {
  return keys::PrivateKey::of_seed(
      crypto::Secret(Bytes(crypto::kEd25519SeedBytes, std::byte{byte})));
}

Protocols protocols() { return std::make_shared<const std::vector<std::string>>(1, kEcho); }

// Swarms that reach each other by address, without delay. What nobody listens on refuses; "silent" addresses never
// answer.
class Network {
 public:
  struct Node {
    Node(unsigned char byte, const Multiaddr& at, Options options)
        : listens_on(at),
          identity(identity_of(byte)),
          swarm(std::move(options), identity, protocols(), byte) {}
    Multiaddr listens_on;
    keys::PrivateKey identity;
    Swarm swarm;
    std::vector<Event> events;
    std::map<ConnectionId, std::pair<Node*, ConnectionId>> links;

    std::optional<Event> take(Kind kind) {
      const auto found = std::ranges::find(events, kind, &Event::kind);
      if (found == events.end()) return std::nullopt;
      Event event = *found;
      events.erase(found);
      return event;
    }
  };

  Node& add(unsigned char byte, Options options = {}) {
    const Multiaddr at = address("/ip4/10.0.0." + std::to_string(byte) + "/tcp/4001");
    nodes_.push_back(std::make_unique<Node>(byte, at, std::move(options)));
    return *nodes_.back();
  }
  void settle() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (auto& node : nodes_) moved |= serve(*node);
    }
  }
  void advance(Duration duration) {
    const Instant end = now + duration;
    for (;;) {
      Instant next = end;
      for (auto& node : nodes_) next = std::min(next, node->swarm.next_deadline());
      now = std::max(now, next);
      for (auto& node : nodes_) node->swarm.tick(now);
      settle();
      if (now >= end) return;
    }
  }

  Instant now = kStart;
  std::set<Multiaddr,
           decltype([](const Multiaddr& a, const Multiaddr& b) { return a.text() < b.text(); })>
      silent;

 private:
  bool serve(Node& node) {
    bool moved = false;
    while (auto event = node.swarm.next_event()) {
      node.events.push_back(*event);
      moved = true;
    }
    while (auto action = node.swarm.next_action()) {
      perform(node, *action);
      moved = true;
    }
    return moved;
  }
  void perform(Node& node, const Action& action) {
    switch (action.kind) {
      case Action::Kind::dial: return connect(node, action);
      case Action::Kind::ready: return carry(node, action.connection);
      case Action::Kind::close: {
        const auto link = node.links.find(action.connection);
        if (link == node.links.end()) return;
        const auto [peer, theirs] = link->second;
        node.links.erase(link);
        peer->swarm.receive(theirs, action.last_words, now);
        if (peer->links.erase(theirs) > 0) peer->swarm.closed(theirs, now);
      }
    }
  }
  void connect(Node& node, const Action& action) {
    if (silent.contains(action.address)) return;
    for (auto& other : nodes_) {
      if (other->listens_on != action.address) continue;
      auto accepted = other->swarm.accepted(node.listens_on, now);
      if (!accepted) break;
      node.links[action.connection] = {other.get(), *accepted};
      other->links[*accepted] = {&node, action.connection};
      return node.swarm.dialed(action.connection, now);
    }
    node.swarm.dial_failed(action.connection, Errc::connection_lost, now);
  }
  void carry(Node& node, ConnectionId connection) {
    for (;;) {
      const auto link = node.links.find(connection);
      if (link == node.links.end() || !link->second.first->swarm.wants_input(link->second.second))
        return;
      const Bytes output = copy_bytes(node.swarm.pending_output(connection, now));
      if (output.empty()) return;
      const auto [peer, theirs] = link->second;
      node.swarm.output_sent(connection, output.size(), now);
      peer->swarm.receive(theirs, output, now);
    }
  }

  std::vector<std::unique_ptr<Node>> nodes_;
};

struct SwarmTest : testing::Test {
  Network network;
};

TEST_F(SwarmTest, ConnectsToThePeerThatWasAskedFor) {
  auto& a = network.add(1);
  auto& b = network.add(2);
  auto dial = a.swarm.dial(b.swarm.self(), {b.listens_on}, network.now);
  ASSERT_TRUE(dial);
  network.settle();
  const auto there = a.take(Kind::connected);
  ASSERT_TRUE(there);
  EXPECT_EQ(there->dial, *dial);
  EXPECT_EQ(there->peer, b.swarm.self());
  const auto here = b.take(Kind::connected);
  ASSERT_TRUE(here);
  EXPECT_EQ(here->peer, a.swarm.self());
  EXPECT_EQ(a.swarm.connections_of(b.swarm.self()).size(), 1U);
}

TEST_F(SwarmTest, CarriesAStream) {
  auto& a = network.add(1);
  auto& b = network.add(2);
  ASSERT_TRUE(a.swarm.dial(std::nullopt, {b.listens_on}, network.now));
  network.settle();
  auto stream =
      a.swarm.open_stream(a.take(Kind::connected)->stream.connection, {kEcho}, network.now);
  ASSERT_TRUE(stream);
  ASSERT_TRUE(a.swarm.write(*stream, as_bytes("hello"), network.now));
  network.settle();
  const auto opened = b.take(Kind::opened);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->protocol, kEcho);
  EXPECT_EQ(as_text(b.swarm.readable(opened->stream)), "hello");
}

TEST_F(SwarmTest, RefusesAnImpostorAndSaysWhy) {
  auto& a = network.add(1);
  auto& b = network.add(2);
  auto& c = network.add(3);
  auto dial = a.swarm.dial(c.swarm.self(), {b.listens_on}, network.now);
  ASSERT_TRUE(dial);
  network.settle();
  const auto failed = a.take(Kind::dial_failed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->dial, *dial);
  EXPECT_EQ(failed->reason, Errc::noise_wrong_peer);
  EXPECT_EQ(b.swarm.connections_count(), 0U);
}

TEST_F(SwarmTest, TriesTheNextAddressAfterAMomentAndKeepsOneConnection) {
  auto& a = network.add(1);
  auto& b = network.add(2);
  network.silent.insert(address("/ip4/10.9.9.9/tcp/1"));
  ASSERT_TRUE(
      a.swarm.dial(b.swarm.self(), {address("/ip4/10.9.9.9/tcp/1"), b.listens_on}, network.now));
  network.settle();
  EXPECT_FALSE(a.take(Kind::connected));
  network.advance(250ms);
  EXPECT_TRUE(a.take(Kind::connected));
  EXPECT_EQ(a.swarm.connections_count(), 1U);
  network.advance(20s);
  EXPECT_FALSE(a.take(Kind::dial_failed));
}

TEST_F(SwarmTest, GivesASilentAddressUpAtItsDeadline) {
  auto& a = network.add(1);
  network.silent.insert(address("/ip4/10.9.9.9/tcp/1"));
  ASSERT_TRUE(a.swarm.dial(std::nullopt, {address("/ip4/10.9.9.9/tcp/1")}, network.now));
  network.advance(9s);
  EXPECT_FALSE(a.take(Kind::dial_failed));
  network.advance(2s);
  const auto failed = a.take(Kind::dial_failed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, Errc::timed_out);
  EXPECT_EQ(a.swarm.connections_count(), 0U);
}

TEST_F(SwarmTest, WaitsLongerAfterEveryFailure) {
  auto& a = network.add(1);
  const Multiaddr nowhere = address("/ip4/10.9.9.9/tcp/1");
  Duration waited{};
  for (int failures = 0; failures < 6; ++failures) {
    ASSERT_TRUE(a.swarm.dial(std::nullopt, {nowhere}, network.now));
    network.settle();
    EXPECT_TRUE(a.take(Kind::dial_failed));
    EXPECT_EQ(a.swarm.dial(std::nullopt, {nowhere}, network.now).error(), Errc::dial_backoff);
    const Duration wait = 1s * (1 << failures);
    network.advance(wait / 2 - 1ms);
    EXPECT_EQ(a.swarm.dial(std::nullopt, {nowhere}, network.now).error(), Errc::dial_backoff);
    network.advance(wait / 2 + 2ms);
    waited += wait;
  }
  EXPECT_EQ(a.swarm.counters().dials_failed, 6U);
}

// Whoever invents peers (peer exchange, mDNS) leaves room for the dials that the owner wants.
TEST_F(SwarmTest, Attack_DialAmplification_SuggestionsTakeOnlyTheirPart) {
  Options options;
  options.limits.dials_max = 4;
  options.limits.suggested_dials_max = 2;
  auto& a = network.add(1, options);
  const auto dial = [&](unsigned char byte, DialReason reason) {
    const auto at = address("/ip4/10.9.0." + std::to_string(byte) + "/tcp/1");
    network.silent.insert(at);
    return a.swarm.dial(identity_of(byte).peer_id(), {at}, network.now, reason);
  };
  EXPECT_TRUE(dial(11, DialReason::suggested));
  EXPECT_TRUE(dial(12, DialReason::suggested));
  EXPECT_EQ(dial(13, DialReason::suggested).error(), Errc::limit_reached);
  EXPECT_EQ(a.swarm.counters().suggested_dials_refused, 1U);
  EXPECT_TRUE(dial(14, DialReason::wanted));
  network.advance(11s);
  EXPECT_TRUE(dial(15, DialReason::suggested));
}

TEST_F(SwarmTest, NeverDialsItselfNorWhatItCannot) {
  auto& a = network.add(1);
  EXPECT_EQ(a.swarm.dial(a.swarm.self(), {a.listens_on}, network.now).error(),
            Errc::connection_refused);
  for (const char* text : {"/dns4/example.com/tcp/1", "/ip4/10.0.0.2/tcp/0",
                           "/ip4/10.0.0.2/tcp/1/ws", "/ip4/10.0.0.2/udp/1/quic-v1"})
    EXPECT_EQ(a.swarm.dial(std::nullopt, {address(text)}, network.now).error(),
              Errc::dial_no_address)
        << text;
}

TEST_F(SwarmTest, EndsAConnectionWithItself) {
  auto& a = network.add(1);
  ASSERT_TRUE(a.swarm.dial(std::nullopt, {a.listens_on}, network.now));
  network.settle();
  EXPECT_EQ(a.swarm.connections_count(), 0U);
  EXPECT_TRUE(a.take(Kind::dial_failed));
  EXPECT_FALSE(a.take(Kind::connected));
}

TEST_F(SwarmTest, KeepsBothConnectionsOfTwoThatDialedAtOnceAndRefusesAThird) {
  auto& a = network.add(1);
  auto& b = network.add(2);
  ASSERT_TRUE(a.swarm.dial(b.swarm.self(), {b.listens_on}, network.now));
  ASSERT_TRUE(b.swarm.dial(a.swarm.self(), {a.listens_on}, network.now));
  network.settle();
  EXPECT_EQ(a.swarm.connections_of(b.swarm.self()).size(), 2U);
  ASSERT_TRUE(a.swarm.dial(b.swarm.self(), {b.listens_on}, network.now));
  network.settle();
  EXPECT_EQ(a.swarm.connections_of(b.swarm.self()).size(), 2U);
  EXPECT_EQ(b.swarm.connections_count(), 2U);
}

TEST_F(SwarmTest, HearsThatAPeerIsGone) {
  auto& a = network.add(1);
  auto& b = network.add(2);
  ASSERT_TRUE(a.swarm.dial(std::nullopt, {b.listens_on}, network.now));
  network.settle();
  b.swarm.disconnect(b.take(Kind::connected)->stream.connection, Errc::cancelled, network.now);
  network.settle();
  const auto gone = a.take(Kind::disconnected);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->reason, Errc::connection_lost);
  EXPECT_EQ(gone->peer, b.swarm.self());
  EXPECT_TRUE(a.swarm.connections_of(b.swarm.self()).empty());
}

TEST_F(SwarmTest, DeniesAPeerNowAndLater) {
  auto& a = network.add(1);
  auto& b = network.add(2);
  ASSERT_TRUE(a.swarm.dial(std::nullopt, {b.listens_on}, network.now));
  network.settle();
  b.swarm.deny(a.swarm.self(), network.now);
  network.settle();
  EXPECT_TRUE(a.take(Kind::disconnected));
  a.events.clear();
  ASSERT_TRUE(a.swarm.dial(std::nullopt, {b.listens_on}, network.now));
  network.settle();
  EXPECT_EQ(b.swarm.connections_count(), 0U);
  EXPECT_EQ(b.swarm.counters().peers_refused, 1U);
  EXPECT_EQ(b.swarm.dial(a.swarm.self(), {a.listens_on}, network.now).error(),
            Errc::connection_refused);
}

TEST_F(SwarmTest, NamesWhyConnectionsEnded) {
  auto& a = network.add(1);
  auto accepted = a.swarm.accepted(address("/ip4/10.0.0.2/tcp/5"), network.now);
  ASSERT_TRUE(accepted);
  a.swarm.receive(*accepted, as_bytes("GET / HTTP/1.1\r\n"), network.now);
  EXPECT_EQ(a.swarm.counters().ends.at("multistream_malformed"), 1U);
  EXPECT_EQ(a.swarm.connections_count(), 0U);
  auto action = a.swarm.next_action();
  while (action && action->kind != Action::Kind::close) action = a.swarm.next_action();
  ASSERT_TRUE(action);
  EXPECT_EQ(action->reason, Errc::multistream_malformed);  // for the log
}

// Row 1 of the published attacks: CVE-2022-23486, CVE-2022-23487, CVE-2022-23492.
TEST_F(SwarmTest, Attack_Cve2022_23492_ConnectionsArePerGroupPerNodeAndPending) {
  Options options;
  options.limits.pending_inbound_max = 8;
  options.limits.group_connections_max = 4;
  options.limits.connections_max = 16;
  auto& a = network.add(1, options);
  std::size_t admitted = 0;
  for (int host = 0; host < 200; ++host) {
    const std::string from = "/ip4/192.0.2." + std::to_string(host) + "/tcp/1";
    if (a.swarm.accepted(address(from), network.now)) ++admitted;
  }
  EXPECT_EQ(admitted, 4U);
  EXPECT_EQ(a.swarm.counters().inbound_refused_group, 196U);
  for (int net = 0; net < 200; ++net)
    if (a.swarm.accepted(address("/ip4/10." + std::to_string(net) + ".0.1/tcp/1"), network.now))
      ++admitted;
  EXPECT_EQ(admitted, 4U + 4 + 3);  // three of the first group made room for other groups
  EXPECT_EQ(a.swarm.connections_count(), 8U);
  network.advance(11s);  // none of them said a word
  EXPECT_EQ(a.swarm.connections_count(), 0U);
  EXPECT_EQ(a.swarm.counters().ends.at("connection_slow"), 11U);
}

// Row 25: those who hold all places and say nothing do not keep the others out until their deadline.
TEST_F(SwarmTest, Attack_SlowLoris_TheSilentMakeRoomForTheNext) {
  Options options;
  options.limits.pending_inbound_max = 8;
  auto& a = network.add(1, options);
  const auto knock = [&](const std::string& from) {
    return a.swarm.accepted(address(from), network.now);
  };
  std::vector<ConnectionId> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(knock("/ip4/192.0.2.7/tcp/1").value());
  // Of a group that holds no more than its share, nobody has to go before it had a second.
  EXPECT_EQ(knock("/ip4/192.0.2.8/tcp/1").error(), Errc::limit_reached);
  // Another group gets its share at once, and the oldest goes.
  ASSERT_TRUE(knock("/ip4/10.0.1.1/tcp/1"));
  EXPECT_EQ(a.swarm.remote_of(silent[0]), nullptr);
  EXPECT_NE(a.swarm.remote_of(silent[1]), nullptr);
  network.advance(1s);
  ASSERT_TRUE(knock("/ip4/192.0.2.8/tcp/1"));
  EXPECT_EQ(a.swarm.remote_of(silent[1]), nullptr);
  EXPECT_EQ(a.swarm.connections_count(), 8U);
  EXPECT_EQ(a.swarm.counters().pending_evicted, 2U);
  EXPECT_EQ(a.swarm.counters().ends.at("connection_slow"), 2U);
  EXPECT_EQ(a.swarm.counters().inbound_refused_pending, 1U);
}

// Row 25: who knocks again and again is let in five times a second.
TEST_F(SwarmTest, Attack_SlowLoris_KnocksAreRateLimitedPerGroup) {
  auto& a = network.add(1);
  std::size_t admitted = 0;
  for (int second = 0; second < 20; ++second) {
    for (int i = 0; i < 50; ++i) {
      auto accepted = a.swarm.accepted(address("/ip4/192.0.2.7/tcp/1"), network.now);
      if (!accepted) continue;
      ++admitted;
      a.swarm.closed(*accepted, network.now);
    }
    network.advance(1s);
  }
  EXPECT_LE(admitted, 64U + 20 * 5);
  EXPECT_GE(admitted, 64U + 18 * 5);
}

TEST_F(SwarmTest, ReadsNoMoreFromThoseWhoFillTheBudget) {
  Options options;
  options.limits.unread_bytes_max = 300'000;
  auto& victim = network.add(1, options);
  auto& flooder = network.add(2);
  auto& honest = network.add(3);
  ASSERT_TRUE(flooder.swarm.dial(std::nullopt, {victim.listens_on}, network.now));
  ASSERT_TRUE(honest.swarm.dial(std::nullopt, {victim.listens_on}, network.now));
  network.settle();
  const ConnectionId connection = flooder.take(Kind::connected)->stream.connection;
  for (int i = 0; i < 40; ++i) {
    auto stream = flooder.swarm.open_stream(connection, {kEcho}, network.now);
    if (!stream) break;  // its own output is full: the victim has stopped reading
    while (flooder.swarm.write(*stream, Bytes(65'536), network.now).value_or(std::size_t{0}) > 0)
      network.settle();
  }
  std::size_t held = 0;
  for (const Event& event : victim.events)
    if (event.kind == Kind::opened) held += victim.swarm.readable(event.stream).size();
  EXPECT_LT(held, 300'000U + 400'000);  // the budget, and what was on its way
  EXPECT_GT(victim.swarm.counters().reads_held_back, 0U);
  victim.events.clear();
  auto stream = honest.swarm.open_stream(honest.take(Kind::connected)->stream.connection, {kEcho},
                                         network.now);
  ASSERT_TRUE(stream);
  ASSERT_TRUE(honest.swarm.write(*stream, as_bytes("still here"), network.now));
  network.settle();
  EXPECT_TRUE(victim.take(Kind::opened));
}

TEST(SwarmLimits, GroupAddressesAsTheyAreHandedOut) {
  EXPECT_EQ(address_group(address("/ip4/192.0.2.77/tcp/1")), "192.0.2.0/24");
  EXPECT_EQ(address_group(address("/ip6/2001:db8:1:2:3:4:5:6/tcp/1")), "2001:db8:1:2::/64");
  EXPECT_TRUE(is_loopback(address("/ip4/127.9.9.9/tcp/1")));
  EXPECT_TRUE(is_loopback(address("/ip6/::1/tcp/1")));
  EXPECT_FALSE(is_loopback(address("/ip6/::2/tcp/1")));
}

TEST(SwarmLimits, TablesOfTheWaitingAreBounded) {
  Limits limits;
  Backoff backoff(limits);
  RateLimit rate(5, 64);
  Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::string octets = std::to_string(i / 250) + "." + std::to_string(i % 250);
    backoff.failed(address("/ip4/10.1." + octets + "/tcp/1"), random, kStart);
    EXPECT_TRUE(rate.take(octets, kStart));
  }
  EXPECT_LE(backoff.size(), limits.backoffs_max);
  EXPECT_LE(rate.size(), 4096U);
}

}  // namespace
}  // namespace ghmesh::swarm
