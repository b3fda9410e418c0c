// SPDX-License-Identifier: Apache-2.0 OR MIT
// Members that break the rules of a swarm otherwise than by lying about GitHub, and members that cannot keep them.
#include <gtest/gtest.h>

#include <algorithm>

#include "mesh/ledger/conflict.h"
#include "mesh/wire/exchange.h"
#include "multiformats/delimited.h"
#include "sim/mesh/mesh_swarm.h"
#include "sim/network/test_seeds.h"

namespace ghmesh::sim {
namespace {

void answer_all(MeshSwarm& swarm, Duration patience = 60s) {
  ASSERT_TRUE(swarm.run_until([&] { return swarm.waiting_count() == 0; }, patience));
}

bool is_expelled(MeshSwarm& swarm, NodeId of, NodeId by) {
  return swarm.ledger(by).is_expelled(swarm.hosts().id(of), swarm.now().wall);
}

bool is_member(MeshSwarm& swarm, NodeId of, NodeId by) {
  const auto members = swarm.member(by).members();
  return std::ranges::find(members, swarm.hosts().id(of)) != members.end();
}

// Under its seal and its signature.
void say(MeshSwarm& swarm, NodeId node, const mesh::Announcement& said) {
  host::Host& host = swarm.hosts().host(node);
  const mesh::EpochKeys& keys = swarm.member(node).keyring().announce_keys();
  const auto context =
      mesh::statement_context(keys.topic, host.self().bytes(), host.gossip()->next_seqno());
  const auto plain = mesh::write_announcement(said);
  ASSERT_TRUE(plain);
  const auto sealed = mesh::Sealer().seal(keys.entry_key, context, *plain);
  ASSERT_TRUE(sealed);
  ASSERT_TRUE(host.publish(keys.topic, *sealed, swarm.now().instant));
  swarm.hosts().settle(node);
}

mesh::Fetched fetched(const MeshSwarm& swarm, NodeId node, int thing, const std::string& body) {
  mesh::Fetched said{.key = swarm.key_of(thing), .tag = swarm.tag_of(node)};
  said.upstream_date = swarm.now().wall;
  said.ttl = Seconds(60);
  said.body_digest = crypto::sha256(as_bytes(body));
  said.body_bytes = body.size();
  said.body = http::make_body(body);
  return said;
}

// Everybody sees it, everybody tells, and everybody is told; nobody takes that for a false accusation.
TEST(MeshAttacks, WhoSaysTwoThingsOfOneSecondIsExpelledAndItsAccusersAreNot) {
  MeshSwarm swarm({.seed = 11, .nodes_count = 5});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  const auto one = fetched(swarm, 4, 1, swarm.body_of(1, 8));
  const auto two = fetched(swarm, 4, 1, swarm.body_of(1, 9));
  say(swarm, 4, one);
  say(swarm, 4, two);
  swarm.run(2s);
  for (NodeId node = 0; node < 4; ++node) {
    EXPECT_TRUE(is_expelled(swarm, 4, node));
    EXPECT_FALSE(is_member(swarm, 4, node));
    EXPECT_EQ(swarm.member(node).members().size(), 3u);
    for (const auto& author : swarm.ledger(node).authors(swarm.now().wall))
      if (author.author != swarm.hosts().id(4)) {
        EXPECT_EQ(author.suspicion, 0);
      }
  }
}

// One heard the first, another the second: only together they know.
TEST(MeshAttacks, WhoTellsEachSomethingElseIsExpelledByOneWhoHearsBoth) {
  MeshSwarm swarm({.seed = 12, .nodes_count = 4});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  auto& network = swarm.hosts().network();
  const auto one = fetched(swarm, 3, 1, swarm.body_of(1, 8));
  const auto two = fetched(swarm, 3, 1, swarm.body_of(1, 9));
  network.move_to_island(2, 1);
  say(swarm, 3, one);
  swarm.run(1s);
  network.move_to_island(2, 0);
  swarm.run(5s);
  say(swarm, 3, two);
  swarm.run(5s);
  for (NodeId node = 0; node < 3; ++node) EXPECT_TRUE(is_expelled(swarm, 3, node));
}

TEST(MeshAttacks, TheExpelledAreNotLetInAfterARestartAndComeBackWhenTheirTimeIsOver) {
  MeshSwarm swarm({.seed = 13, .nodes_count = 3});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  for (int i = 0; i < 3; ++i)
    swarm.ledger(0).note_false_accusation(swarm.hosts().id(2), swarm.now().wall);
  swarm.member(0).tick(swarm.now());
  swarm.hosts().settle(0);
  ASSERT_TRUE(is_expelled(swarm, 2, 0));
  swarm.run(5s);
  EXPECT_FALSE(is_member(swarm, 2, 0));
  swarm.restart(0);
  for (int i = 0; i < 120; ++i) {
    swarm.run(1s);
    ASSERT_FALSE(is_member(swarm, 2, 0));
  }
  EXPECT_TRUE(is_member(swarm, 1, 0));
  EXPECT_TRUE(swarm.run_until([&] { return is_member(swarm, 2, 0); }, 15min));
}

// It holds the lease of its keys for ever: the first that waits is told to go after kLeaseMax, and no other waits for
// that home.
TEST(MeshAttacks, AHomeThatHoldsItsLeasesCostsTenSecondsOnce) {
  MeshSwarm swarm({.seed = 14, .nodes_count = 2});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  Duration longest{};
  int waited = 0;
  for (int thing = 0; thing < 32; ++thing) {
    static_cast<void>(swarm.member(1).ask_lease({swarm.key_of(thing), swarm.tag_of(1)},
                                                mesh::LeaseAsk::What::fetch, swarm.now()));
    swarm.request(0, thing);
    answer_all(swarm);
    const MeshAnswer& answer = swarm.answers().back();
    const Duration took = answer.answered_at - answer.asked_at;
    longest = std::max(longest, took);
    waited += took > 1s;
  }
  EXPECT_LE(longest, mesh::kLeaseMax + 100ms);
  EXPECT_EQ(waited, 1);
}

// A home of another make: it lets its askers wait, and says so again before their time is over.
TEST(MeshAttacks, AHomeThatSaysWaitAgainAndAgainHoldsNobodyUp) {
  MeshSwarm swarm({.seed = 15, .nodes_count = 2});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  struct Held {
    swarm::StreamRef stream;
    std::optional<mesh::ExchangeId> id;
    std::uint64_t said = 0;
  };
  std::vector<Held> held;
  swarm.on_event = [&](NodeId node, const host::Event& event) {
    const auto* stream = std::get_if<host::StreamEvent>(&event);
    if (node != 1 || !stream) return false;
    if (stream->kind == swarm::Event::Kind::opened && stream->protocol == mesh::kLeaseProtocol)
      held.push_back({.stream = stream->stream, .id = {}});
    return std::ranges::any_of(held, [&](const Held& one) { return one.stream == stream->stream; });
  };
  const auto say_wait = [&] {
    auto& host = swarm.hosts().host(1);
    const auto& keyring = swarm.member(1).keyring();
    for (Held& one : held) {
      if (!one.id) {
        ByteView readable = host.swarm().readable(one.stream);
        multiformats::DelimitedReader reader(mesh::kSealedFrameBytesMax);
        const auto frame = reader.next(readable);
        if (!frame || !*frame) continue;
        const auto plain = mesh::open_sealed(
            keyring.readable(),
            {.place = mesh::kLeaseProtocol, .sender = swarm.hosts().id(0).bytes(), .seqno = 0},
            **frame);
        if (!plain) continue;
        one.id = mesh::parse_lease_ask(*plain)->exchange;
      }
      const std::string place = mesh::exchange_place(mesh::kLeaseProtocol, *one.id);
      const auto sealed = mesh::Sealer().seal(
          keyring.announce_keys().entry_key,
          {.place = place, .sender = swarm.hosts().id(1).bytes(), .seqno = one.said++},
          *mesh::write_lease_answer(mesh::LeaseWait{mesh::kLeaseMax}));
      Bytes framed;
      multiformats::append_delimited(framed, *sealed);
      static_cast<void>(host.swarm().write(one.stream, framed, swarm.now().instant).has_value());
    }
    swarm.hosts().settle(1);
  };
  for (int thing = 0; thing < 8; ++thing) swarm.request(0, thing);
  for (int i = 0; i < 400 && swarm.waiting_count() > 0; ++i) {
    swarm.run(i < 10 ? 5ms : 1s);
    say_wait();
  }
  ASSERT_GT(held.size(), 0u);
  EXPECT_EQ(swarm.answers().size(), 8u);
  for (const MeshAnswer& answer : swarm.answers())
    EXPECT_LE(answer.answered_at - answer.asked_at, mesh::kLeaseMax + 1s);
  EXPECT_GT(swarm.member(0).counters().exchanges_broken, 0u);
}

// A burst of requests is not held up by the streams of those before.
TEST(MeshAttacks, LeasesLeaveNoHalfClosedStreamsBehind) {
  MeshSwarm swarm({.seed = 16, .nodes_count = 2});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  const auto streams_count = [&](NodeId node) {
    auto& host = swarm.hosts().host(node);
    std::size_t count = 0;
    for (const auto& peer : host.swarm().peers())
      for (const auto connection : host.swarm().connections_of(peer))
        count += host.swarm().find(connection)->streams_count();
    return count;
  };
  const std::size_t before = streams_count(0);
  for (int thing = 0; thing < 600; ++thing) {
    swarm.request(0, thing);
    swarm.run(5ms);
  }
  answer_all(swarm);
  swarm.run(200ms);
  EXPECT_EQ(swarm.member(0).counters().leases_silent, 0u);
  EXPECT_GT(swarm.member(0).counters().leases_asked, 200u);
  EXPECT_LE(streams_count(0), before);
  EXPECT_LE(streams_count(1), before);
  EXPECT_EQ(swarm.member(0).exchanges_count() + swarm.member(1).exchanges_count(), 0u);
}

// Whoever a newcomer asks first may be one itself.
TEST(MeshAttacks, ANewcomerIsNotLeftColdByAnotherNewcomer) {
  Seeds seeds{1, 2, 3, 4, 5, 6};
  for_each_seed(seeds, std::getenv(kSeedVariable), [](std::uint64_t seed) {
    MeshSwarm swarm({.seed = seed, .nodes_count = 4});
    swarm.introduce_all();
    ASSERT_TRUE(swarm.run_until_connected());
    for (int thing = 0; thing < 20; ++thing) swarm.request(0, thing);
    answer_all(swarm);
    for (const NodeId node : {2u, 3u, 1u}) swarm.restart(node, MeshSwarm::Memory::none);
    ASSERT_TRUE(swarm.run_until_connected());
    swarm.run(1s);
    for (NodeId node = 1; node < 4; ++node)
      EXPECT_GE(swarm.member(node).counters().warm_received, 20u);
  });
}

// --- the predecessor's promises ---

Result<void> fail_to_seal(const crypto::Secret&, ByteView, ByteView, ByteView, MutableByteView) {
  return Errc::crypto_failed;
}

// It publishes plaintext when it cannot encrypt. This one publishes nothing, and goes on by itself.
TEST(PredecessorPromises, NoPlaintextLeavesANodeThatCannotSeal) {
  MeshSwarm swarm({.seed = 21, .nodes_count = 3, .first_sealer = mesh::Sealer(fail_to_seal)});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until([&] { return swarm.member(0).members().size() == 2; }, 30s));
  swarm.run(5s);
  for (int thing = 0; thing < 30; ++thing)
    for (NodeId node = 0; node < 3; ++node) swarm.request(node, thing);
  answer_all(swarm);
  swarm.run(40s);
  EXPECT_EQ(swarm.answers().size(), 90u);
  EXPECT_EQ(swarm.check(), "");
  // All that it ever said: nothing.
  EXPECT_EQ(swarm.member(0).counters().told, 0u);
  EXPECT_GT(swarm.member(0).counters().untold, 30u);
  EXPECT_GT(swarm.member(0).counters().heard, 0u);
  for (NodeId node = 1; node < 3; ++node) {
    for (const auto& author : swarm.ledger(node).authors(swarm.now().wall))
      EXPECT_NE(author.author, swarm.hosts().id(0));
    EXPECT_EQ(swarm.member(node).counters().unsealed, 0u);
    EXPECT_EQ(swarm.member(node).counters().malformed, 0u);
    EXPECT_EQ(swarm.member(node).counters().exchanges_broken, 0u);
    EXPECT_FALSE(swarm.member(node).presences().contains(swarm.hosts().id(0)));
  }
  // It never answered as a home, and the others did not wait for it.
  for (const MeshAnswer& answer : swarm.answers())
    EXPECT_LE(answer.answered_at - answer.asked_at, 1s);
}

// Heard by a whole node, and then once more: by the same, after a restart, on another topic.
TEST(PredecessorPromises, ReplayIsRefusedByAWholeNode) {
  MeshSwarm swarm({.seed = 22, .nodes_count = 2});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  std::optional<gossipsub::Delivered> captured;
  swarm.on_event = [&](NodeId node, const host::Event& event) {
    const auto* gossip = std::get_if<gossipsub::Event>(&event);
    const auto* message = gossip ? std::get_if<gossipsub::Delivered>(gossip) : nullptr;
    if (node == 1 && message && !captured) captured = *message;
    return false;
  };
  swarm.request(0, 1);
  answer_all(swarm);
  swarm.run(1s);
  ASSERT_TRUE(captured);
  const auto replay = [&](const gossipsub::Delivered& message) {
    gossipsub::Delivered again = message;
    again.needs_verdict = false;  // its router has forgotten it
    const std::uint64_t before = swarm.ledger(1).counters().refused.replayed;
    swarm.member(1).handle(gossipsub::Event(again), swarm.now());
    return swarm.ledger(1).counters().refused.replayed == before + 1;
  };
  EXPECT_TRUE(replay(*captured));
  swarm.restart(1);
  EXPECT_TRUE(replay(*captured));
  ASSERT_TRUE(swarm.run_until_connected());
  gossipsub::Delivered elsewhere = *captured;
  for (const mesh::EpochKeys& keys : swarm.member(1).keyring().readable())
    if (keys.topic != elsewhere.topic) elsewhere.topic = keys.topic;
  const std::uint64_t unsealed = swarm.member(1).counters().unsealed;
  elsewhere.needs_verdict = false;
  swarm.member(1).handle(gossipsub::Event(elsewhere), swarm.now());
  EXPECT_EQ(swarm.member(1).counters().unsealed, unsealed + 1);
}

}  // namespace
}  // namespace ghmesh::sim
