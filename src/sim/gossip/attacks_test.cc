// SPDX-License-Identifier: Apache-2.0 OR MIT
// Every attack of siege.h on a small swarm in which every fourth member attacks. Where an advisory is about it, the
// name says which; the advisories on one router alone are in libp2p/gossipsub/attacks_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "sim/gossip/siege.h"
#include "sim/network/test_seeds.h"

namespace ghmesh::sim::gossip {
namespace {

using gossipsub::Counters;
using gossipsub::Holdings;

void expect_honest_delivery(Siege& siege) {
  const SwarmReport report = siege.swarm().report();
  EXPECT_GE(report.delivered_share(), 0.99)
      << report.delivered_count << " of " << report.expected_count;
  EXPECT_EQ(report.expected_count, report.messages_count * (siege.honest().size() - 1));
}

// The honest ones must not notice; what else they did about it, `check` asks.
void with_siege(const char* attack, const std::function<void(Siege&)>& check) {
  for_each_seed({1}, std::getenv(kSeedVariable), [&](std::uint64_t seed) {
    Siege siege({.seed = seed}, attack_named(attack));
    siege.publish();
    expect_honest_delivery(siege);
    check(siege);
  });
}

// Of those attackers whom an honest member has an opinion of.
template <class Predicate>
double share_of_scores(Siege& siege, Predicate predicate) {
  const std::vector<double> scores = siege.scores_of_attackers();
  if (scores.empty()) return 0;
  return static_cast<double>(std::ranges::count_if(scores, predicate)) /
         static_cast<double>(scores.size());
}
bool is_negative(double score) { return score < 0; }
bool is_graylisted(double score) { return score < gossipsub::Scoring().graylist_threshold; }

// GHSA-77r2-q4c3-v635, CVE-2022-47547: who never forwards must not stay because it does nothing else.
TEST(SwarmAttacks, Cve2022_47547_SybilsThatNeverForward) {
  with_siege("sybils", [](Siege& siege) { EXPECT_GT(siege.mesh_share_of_attackers(), 0.1); });
}

TEST(SwarmAttacks, SybilsThatForwardUntilTheyAreTrusted) {
  with_siege("traitors", [](Siege& siege) {
    EXPECT_GT(siege.mesh_share_of_attackers(), 0.1);
    siege.is_traitor = true;
    siege.swarm().begin_measuring();
    siege.publish();
    expect_honest_delivery(siege);
  });
}

TEST(SwarmAttacks, EclipseOfOneNode) {
  for_each_seed({1}, std::getenv(kSeedVariable), [](std::uint64_t seed) {
    Siege siege({.seed = seed, .hostile_count = 16}, attack_named("eclipse"));
    siege.eclipse();
    EXPECT_GT(siege.mesh_share_of_attackers(Siege::kVictim), 0.9);
    siege.swarm().run_for(5s);
    siege.publish(20);
    expect_honest_delivery(siege);
  });
}

TEST(SwarmAttacks, GraftFlood) {
  with_siege("graft-flood", [](Siege& siege) {
    EXPECT_GT(siege.count(&Counters::grafts_in_backoff), 0u);
    EXPECT_GT(share_of_scores(siege, is_graylisted), 0.9);
    EXPECT_EQ(siege.mesh_share_of_attackers(), 0);
  });
}

TEST(SwarmAttacks, Cve2026_33040_and_34219_PruneWithABackoffOfCenturies) {
  with_siege("prune-for-ever", [](Siege& siege) {
    EXPECT_GT(siege.count(&Counters::backoffs_clamped), 0u);
    EXPECT_LE(siege.most_held(&Holdings::backoffs), siege.swarm().size());
  });
}

TEST(SwarmAttacks, PruneThatSuggestsStrangers) {
  with_siege("px-strangers",
             [](Siege& siege) { EXPECT_GT(siege.count(&Counters::px_ignored), 0u); });
}

TEST(SwarmAttacks, Cve2020_12821_IHaveFloodWithoutDelivering) {
  with_siege("ihave-flood", [](Siege& siege) {
    EXPECT_GT(siege.count(&Counters::promises_broken), 0u);
    EXPECT_GT(share_of_scores(siege, is_negative), 0.9);
    EXPECT_LE(siege.most_held(&Holdings::promises), 20'000u);
  });
}

TEST(SwarmAttacks, IHaveOfRealMessagesThatNeverCome) {
  with_siege("ihave-bait", [](Siege& siege) {
    EXPECT_GT(siege.count(&Counters::iwant_sent), 0u);  // they were believed
  });
}

TEST(SwarmAttacks, Cve2020_12821_IWantFlood) {
  with_siege("iwant-flood", [](Siege& siege) {
    // Three answers for each message and asker at most, however often it asks.
    std::uint64_t links_count = 0;
    for (const NodeId node : siege.hostile()) links_count += siege.swarm().linked(node).size();
    EXPECT_LE(siege.count(&Counters::iwant_answered), siege.ids().size() * 3 * links_count + 1000);
    EXPECT_GT(siege.count(&Counters::iwant_over_limit), 0u);
  });
}

TEST(SwarmAttacks, IDontWantFlood) {
  with_siege("idontwant-flood", [](Siege& siege) {
    EXPECT_GT(siege.count(&Counters::idontwant_over_limit), 0u);
    EXPECT_LE(siege.most_held(&Holdings::known_ids), 6000u * siege.hostile().size() + 1000);
  });
}

TEST(SwarmAttacks, Cve2026_46679_SubscriptionsToTopicsWithoutEnd) {
  with_siege("topic-flood", [](Siege& siege) {
    EXPECT_LE(siege.most_held(&Holdings::subscriptions), siege.swarm().size());
    EXPECT_LE(siege.most_held(&Holdings::other_topics), 64 * siege.hostile().size());
  });
}

TEST(SwarmAttacks, Cve2026_86040_EmptySubscriptions) {
  with_siege("empty-flood", [](Siege& siege) {
    EXPECT_LE(siege.most_held(&Holdings::subscriptions), siege.swarm().size());
    EXPECT_LE(siege.most_held(&Holdings::other_topics), siege.hostile().size());
  });
}

TEST(SwarmAttacks, Cve2026_95859_GraftsOfNovelTopics) {
  with_siege("novel-grafts", [](Siege& siege) {
    EXPECT_GT(siege.count(&Counters::not_allowed), 1000u);
    EXPECT_LE(siege.most_held(&Holdings::backoffs), siege.swarm().size());
    EXPECT_LE(siege.most_held(&Holdings::subscriptions), siege.swarm().size());
  });
}

TEST(SwarmAttacks, ForgedMessagesOfHonestAuthors) {
  with_siege("forgeries", [](Siege& siege) {
    EXPECT_GT(siege.count(&Counters::invalid), 0u);
    EXPECT_GT(share_of_scores(siege, is_graylisted), 0.9);
    EXPECT_EQ(siege.mesh_share_of_attackers(), 0);
  });
}

TEST(SwarmAttacks, ReplayOfOldMessages) {
  with_siege("replay", [](Siege& siege) {
    EXPECT_EQ(siege.count(&Counters::delivered), siege.ids().size() * (siege.honest().size() - 1));
  });
}

TEST(SwarmAttacks, MalformedRpcs) {
  with_siege("malformed",
             [](Siege& siege) { EXPECT_GT(siege.count(&Counters::rpcs_malformed), 0u); });
}

// A new attack is in the tests, or it is not in the list.
TEST(SwarmAttacks, AllOfThemAreTriedHere) { EXPECT_EQ(attacks().size(), 16u); }

}  // namespace
}  // namespace ghmesh::sim::gossip
