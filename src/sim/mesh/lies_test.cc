// SPDX-License-Identifier: Apache-2.0 OR MIT
// Members that have the secret and lie, in whole swarms; and honest ones, whose answers look like lies when what they
// watch changes all the time. Rules: docs/belief.md.
#include <gtest/gtest.h>

#include <algorithm>

#include "mesh/ledger/conflict.h"
#include "sim/mesh/mesh_swarm.h"
#include "sim/network/test_seeds.h"

namespace ghmesh::sim {
namespace {

void for_seeds(std::uint64_t last, const std::function<void(std::uint64_t)>& run) {
  Seeds seeds;
  for (std::uint64_t seed = 1; seed <= last; ++seed) seeds.push_back(seed);
  for_each_seed(std::move(seeds), std::getenv(kSeedVariable), run);
}

// What a member's own code would never say, under its seal and its signature.
class Liar {
 public:
  Liar(MeshSwarm& swarm, NodeId node, int things_count)
      : swarm_(swarm), node_(node), things_count_(things_count), random_(node) {}

  void say(const mesh::Announcement& lie) {
    const auto plain = mesh::write_announcement(lie);
    ASSERT_TRUE(plain);
    host::Host& host = swarm_.hosts().host(node_);
    const mesh::EpochKeys& keys = swarm_.member(node_).keyring().announce_keys();
    const auto context =
        mesh::statement_context(keys.topic, host.self().bytes(), host.gossip()->next_seqno());
    const auto sealed = mesh::Sealer().seal(keys.entry_key, context, *plain);
    ASSERT_TRUE(sealed);
    // Refused where it knows nobody any more.
    static_cast<void>(host.publish(keys.topic, *sealed, swarm_.now().instant).has_value());
    swarm_.hosts().settle(node_);
  }

  mesh::Fetched fetched(int thing, const std::string& body) const {
    mesh::Fetched said{.key = swarm_.key_of(thing), .tag = swarm_.tag_of(node_)};
    said.upstream_date = swarm_.now().wall;
    said.ttl = Seconds(60);
    said.body_digest = crypto::sha256(as_bytes(body));
    said.body_bytes = body.size();
    said.body = http::make_body(body);
    return said;
  }

  // One of six kinds, in turn.
  void lie() {
    const int thing = static_cast<int>(random_.below(static_cast<std::uint64_t>(things_count_)));
    const int version = swarm_.version_of(thing);
    const int number = ++lies_;
    const auto tag = swarm_.tag_of(node_);
    switch (number % 6) {
      case 0: return say(fetched(thing, swarm_.body_of(thing, 1'000'000 + number)));
      case 1: return say(fetched(thing, swarm_.body_of(thing, std::max(0, version - 1))));
      case 2: {
        mesh::Fetched said = fetched(thing, swarm_.body_of(thing, 2'000'000 + number));
        if (random_.chance(0.5)) said.body = nullptr;
        return say(said);
      }
      case 3: return say(fetched(thing, swarm_.body_of((thing + 1) % things_count_, version)));
      case 4:
        return say(mesh::Budget{.tag = tag,
                                .resource = "core",
                                .limit = 5'000,
                                .remaining = 0,
                                .reset = swarm_.now().wall + Seconds(3'000),
                                .upstream_date = swarm_.now().wall});
      default:
        return say(mesh::Gone{
            .key = swarm_.key_of(thing), .tag = tag, .upstream_date = swarm_.now().wall});
    }
  }

  int lies_count() const { return lies_; }

 private:
  MeshSwarm& swarm_;
  const NodeId node_;
  const int things_count_;
  Random random_;
  int lies_ = 0;
};

struct Tally {
  std::size_t answers = 0, false_ones = 0, of_peers = 0;
  void add(const MeshSwarm& swarm) {
    for (const MeshAnswer& answer : swarm.answers()) {
      ++answers;
      of_peers += answer.from == MeshAnswer::From::peer;
      false_ones += !swarm.was_true_within_a_minute(answer);
    }
  }
};

std::size_t expelled_count(MeshSwarm& swarm, NodeId by) {
  return swarm.ledger(by).counters().authors_expelled;
}

mesh::AuthorFigures figures_of(MeshSwarm& swarm, NodeId of, NodeId by) {
  for (const auto& author : swarm.ledger(by).authors(swarm.now().wall))
    if (author.author == swarm.hosts().id(of)) return author;
  return {};
}

TEST(LyingMember, TenThousandLiesOfSixKindsServeNothingInVerify) {
  constexpr int kThings = 40;
  constexpr NodeId kLiar = 2;
  MeshSwarm swarm({.seed = 1, .nodes_count = 3, .trust = mesh::Trust::verify});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  Liar liar(swarm, kLiar, kThings);
  Random random(1);
  Tally tally;
  int identities = 1;
  while (liar.lies_count() < 10'000) {
    if (random.chance(0.2)) swarm.change(static_cast<int>(random.below(kThings)));
    for (NodeId node = 0; node < kLiar; ++node)
      for (int i = 0; i < 2; ++i) swarm.request(node, static_cast<int>(random.below(kThings)));
    for (int i = 0; i < 50; ++i) liar.lie();
    swarm.run(1s);
    const auto& id = swarm.hosts().id(kLiar);
    if (swarm.ledger(0).is_expelled(id, swarm.now().wall) &&
        swarm.ledger(1).is_expelled(id, swarm.now().wall)) {
      swarm.replace(kLiar);
      ++identities;
    }
    tally.add(swarm);
    swarm.forget_answers();
  }
  EXPECT_EQ(tally.false_ones, 0u);
  EXPECT_EQ(tally.of_peers, 0u);
  EXPECT_GT(tally.answers, 500u);
  EXPECT_GT(swarm.member(0).counters().heard, 1'000u);
  std::printf("verify: %d lies by %d identities, %zu answers, 0 false\n", liar.lies_count(),
              identities, tally.answers);
}

// One identity, until everybody has expelled it. Then a minute, after which nothing of it is left.
TEST(LyingMember, InSwarmModeItIsExpelledAndItsLiesEndWithTheirMinute) {
  for_seeds(3, [](std::uint64_t seed) {
    constexpr int kThings = 40;
    constexpr NodeId kLiar = 4;
    MeshSwarm swarm({.seed = seed, .nodes_count = 5});
    swarm.introduce_all();
    ASSERT_TRUE(swarm.run_until_connected());
    Random random(seed);
    Liar liar(swarm, kLiar, kThings);
    Tally tally;
    const auto ask = [&] {
      if (random.chance(0.2)) swarm.change(static_cast<int>(random.below(kThings)));
      for (NodeId node = 0; node < kLiar; ++node)
        for (int i = 0; i < 2; ++i) swarm.request(node, static_cast<int>(random.below(kThings)));
      swarm.run(1s);
      tally.add(swarm);
      swarm.forget_answers();
    };
    for (int second = 0; second < 60; ++second) ask();
    ASSERT_EQ(tally.false_ones, 0u);
    const auto is_expelled = [&] {
      for (NodeId node = 0; node < kLiar; ++node)
        if (!swarm.ledger(node).is_expelled(swarm.hosts().id(kLiar), swarm.now().wall))
          return false;
      return true;
    };
    int seconds = 0;
    for (; seconds < 300 && !is_expelled(); ++seconds) {
      liar.lie();  // more in a second, and it contradicts itself
      ask();
    }
    ASSERT_TRUE(is_expelled());
    std::uint64_t audits = 0;
    for (NodeId node = 0; node < kLiar; ++node) {
      const mesh::Figures figures = figures_of(swarm, kLiar, node).figures;
      audits = std::max(audits, figures.proven + figures.refuted + figures.changed);
    }
    const std::size_t false_ones = tally.false_ones;
    for (int second = 0; second < 62; ++second) ask();
    tally = {};
    for (int second = 0; second < 60; ++second) ask();
    EXPECT_EQ(tally.false_ones, 0u);
    for (NodeId node = 0; node < kLiar; ++node) EXPECT_EQ(expelled_count(swarm, node), 1u);
    std::printf(
        "swarm, seed %d: expelled by all four after %d s, %d lies, at most %d audits of one; %zu "
        "false answers until then\n",
        static_cast<int>(seed), seconds, liar.lies_count(), static_cast<int>(audits), false_ones);
  });
}

// Every lie is about something that nobody has asked for before: no single one can be refuted.
TEST(LyingMember, OneThatLiesOfNewThingsOnlyIsBelievedNothingUnproven) {
  constexpr NodeId kLiar = 2;
  MeshSwarm swarm({.seed = 7, .nodes_count = 3});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  Liar liar(swarm, kLiar, 1);
  Random random(7);
  for (int second = 0; second < 120; ++second) {  // what is usual here
    swarm.request(static_cast<NodeId>(random.below(2)), static_cast<int>(random.below(5)));
    swarm.run(1s);
  }
  swarm.forget_answers();
  int thing = 100;
  std::size_t false_late = 0;
  for (int second = 0; second < 120; ++second) {
    ++thing;
    liar.say(liar.fetched(thing, swarm.body_of(thing, 1'000'000)));
    swarm.run(100ms);
    for (NodeId node = 0; node < kLiar; ++node) swarm.request(node, thing);
    swarm.run(3s);
    if (second < 40) continue;
    for (const MeshAnswer& answer : swarm.answers())
      false_late += answer.thing == thing && !answer.is_true;
  }
  EXPECT_EQ(false_late, 0u);
}

// A 304 that nobody got: it keeps what others hold themselves fresh, and each time it is somebody's word.
TEST(LyingMember, OneThatCallsOldThingsCurrentIsBelievedForAWhileOnly) {
  constexpr NodeId kLiar = 2;
  MeshSwarm swarm({.seed = 8, .nodes_count = 3});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  Liar liar(swarm, kLiar, 1);
  for (int thing = 0; thing < 40; ++thing) swarm.request(0, thing);
  swarm.run(1s);
  for (int thing = 0; thing < 40; ++thing) swarm.change(thing);
  swarm.run(50s);
  std::size_t late = 0;
  for (int minute = 0; minute < 10; ++minute) {
    for (int thing = 0; thing < 40; ++thing)
      liar.say(mesh::Valid{.key = swarm.key_of(thing),
                           .tag = swarm.tag_of(kLiar),
                           .body_digest = crypto::sha256(as_bytes(swarm.body_of(thing, 0))),
                           .upstream_date = swarm.now().wall});
    swarm.run(15s);
    swarm.forget_answers();
    for (int thing = 0; thing < 40; ++thing) {
      swarm.request(0, thing);
      swarm.run(1s);
    }
    for (const MeshAnswer& answer : swarm.answers()) late += answer.version == 0;
    swarm.run(5s);
    if (minute == 0) {
      EXPECT_GT(late, 0u);
    } else if (minute >= 3) {
      EXPECT_EQ(late, 0u);
    }
    late = 0;
  }
}

TEST(LyingMember, DatesAheadOfTimeFalseAccusationsAndFloodsLeaveTheOthersAlone) {
  constexpr NodeId kLiar = 3;
  MeshSwarm swarm({.seed = 9, .nodes_count = 4});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  Liar liar(swarm, kLiar, 1);
  swarm.request(0, 1);
  swarm.run(1s);
  mesh::Fetched ahead = liar.fetched(1, swarm.body_of(1, 1'000'000));
  ahead.upstream_date += Seconds(31);
  liar.say(ahead);
  ahead.upstream_date += Seconds(60 * 60 * 24 * 365 * 50LL);
  liar.say(ahead);
  for (int i = 0; i < 3; ++i)
    liar.say(mesh::Conflict{.first = copy_bytes(as_bytes("not signed by anybody")),
                            .second = copy_bytes(as_bytes("nor this"))});
  for (int i = 0; i < 6'000; ++i) liar.say(liar.fetched(1'000 + i, "a flood"));
  swarm.run(2s);
  for (NodeId node = 0; node < kLiar; ++node) swarm.request(node, 1);
  ASSERT_TRUE(swarm.run_until([&] { return swarm.waiting_count() == 0; }, 10s));
  EXPECT_EQ(swarm.check(), "");
  EXPECT_EQ(swarm.bill().charged, 1u);
  for (NodeId node = 0; node < kLiar; ++node) {
    EXPECT_EQ(swarm.ledger(node).counters().refused.from_future, 2u);
    EXPECT_TRUE(swarm.ledger(node).is_expelled(swarm.hosts().id(kLiar), swarm.now().wall));
    EXPECT_EQ(expelled_count(swarm, node), 1u);
  }
}

// --- honest members ---

// Half an hour has been tried; what is weighed is of the last minutes.
constexpr int kHonestSeconds = 10 * 60;

struct Busy {
  int busy_things = 20, quiet_things = 0;
  std::uint64_t seconds_between_changes = 4;  // of each busy thing
  bool first_watches_busy_only = false;
};

void run_honest(std::uint64_t seed, const Busy& busy) {
  constexpr std::size_t kNodes = 4;
  MeshSwarm swarm({.seed = seed, .nodes_count = kNodes});
  swarm.introduce_all();
  ASSERT_TRUE(swarm.run_until_connected());
  Random random(seed);
  Tally tally;
  MeshBill bill;
  const auto things = static_cast<std::uint64_t>(busy.busy_things + busy.quiet_things);
  for (int second = 0; second < kHonestSeconds; ++second) {
    for (int thing = 0; thing < busy.busy_things; ++thing)
      if (random.below(busy.seconds_between_changes) == 0) swarm.change(thing);
    for (NodeId node = 0; node < kNodes; ++node) {
      const bool is_watcher = node == 0 && busy.first_watches_busy_only;
      const auto among = is_watcher ? static_cast<std::uint64_t>(busy.busy_things) : things;
      swarm.request(node, static_cast<int>(random.below(among)));
    }
    swarm.run(1s);
    tally.add(swarm);
    bill.charged += swarm.bill().charged;
    bill.audits += swarm.bill().audits;
    swarm.forget_answers();
  }
  EXPECT_EQ(tally.false_ones, 0u);
  double most_doubt = 0, most_suspicion = 0;
  for (NodeId node = 0; node < kNodes; ++node) {
    EXPECT_EQ(expelled_count(swarm, node), 0u);
    for (const auto& author : swarm.ledger(node).authors(swarm.now().wall)) {
      most_suspicion = std::max(most_suspicion, author.suspicion);
      most_doubt = std::max(most_doubt, author.doubt);
    }
  }
  std::printf(
      "honest, seed %d: %zu answers, %zu of peers, %zu charged, %zu audits; suspicion %.0f, doubt "
      "%.1f\n",
      static_cast<int>(seed), tally.answers, tally.of_peers, bill.charged, bill.audits,
      most_suspicion, most_doubt);
}

TEST(HonestMember, IsNotExpelledWhereEverythingChangesEveryFewSeconds) {
  for_seeds(3, [](std::uint64_t seed) { run_honest(seed, {}); });
}
TEST(HonestMember, IsNotExpelledWhereSomeThingsAreBusyAndMostAreNot) {
  for_seeds(1, [](std::uint64_t seed) { run_honest(seed, {.quiet_things = 100}); });
}
TEST(HonestMember, IsNotExpelledForWatchingOnlyWhatIsBusy) {
  for_seeds(1, [](std::uint64_t seed) {
    run_honest(seed, {.quiet_things = 200, .first_watches_busy_only = true});
  });
}

}  // namespace
}  // namespace ghmesh::sim
