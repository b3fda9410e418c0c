// SPDX-License-Identifier: Apache-2.0 OR MIT
// An hour of a machine that works with twenty repositories: alone, and as a newcomer to a swarm that is at it already.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "sim/mesh/mesh_swarm.h"

namespace ghmesh::sim {
namespace {

// What a thing is decides how often it is asked for and how often it changes.
struct Kind {
  int count_of_repository;
  double weight;            // of requests
  double changes_per_hour;  // of each
};
constexpr std::array kKinds{
    Kind{1, 4, 0.2},    // the repository itself
    Kind{2, 6, 1.0},    // lists of issues and pull requests
    Kind{8, 8, 0.3},    // single ones
    Kind{4, 8, 0.5},    // checks and runs of commits
    Kind{10, 4, 0.02},  // contents, commits, trees
    Kind{2, 2, 0.05},   // releases, tags
};
constexpr int kRepositories = 20;

class Trace {
 public:
  Trace() {
    for (int repository = 0; repository < kRepositories; ++repository)
      for (const Kind& kind : kKinds)
        for (int i = 0; i < kind.count_of_repository; ++i) {
          // Some repositories are worked on more than others (Zipf), and so are their newest things.
          const double share = kind.weight / kind.count_of_repository / (1 + repository);
          total_ += share / std::sqrt(1 + i);
          until_.push_back(total_);
          rates_.push_back(kind.changes_per_hour * 3 / (1 + repository) / (1 + i));
        }
  }
  int count() const { return static_cast<int>(until_.size()); }
  int ask(Random& random) const {
    const double at = total_ * static_cast<double>(random.below(1'000'000)) / 1e6;
    return static_cast<int>(std::ranges::upper_bound(until_, at) - until_.begin());
  }
  bool changes(int thing, Random& random) const {  // within this second
    return random.chance(rates_[static_cast<std::size_t>(thing)] / 3600);
  }

 private:
  double total_ = 0;
  std::vector<double> until_, rates_;
};

constexpr int kAskedEverySeconds = 2;  // by each node: 1,800 requests an hour

// What is measured begins at `from`, when the last node comes; the others have been there since the beginning.
MeshBill run(std::size_t nodes_count, int from, int seconds, std::size_t& distinct) {
  const Trace trace;
  MeshSwarm swarm({.seed = 31, .nodes_count = nodes_count});
  const NodeId newcomer = static_cast<NodeId>(nodes_count - 1);
  swarm.introduce_all();
  EXPECT_TRUE(swarm.run_until_connected());
  Random changes(1), others(2), ours(3);
  std::set<int> asked;
  for (int second = 0; second < from + seconds; ++second) {
    if (second == from && nodes_count > 1) {
      swarm.restart(newcomer, MeshSwarm::Memory::none);
      EXPECT_TRUE(swarm.run_until_connected());
      swarm.run(1s);
      swarm.forget_answers();
    }
    for (int thing = 0; thing < trace.count(); ++thing)
      if (trace.changes(thing, changes)) swarm.change(thing);
    // Before, in a quarter of an hour as much as in two.
    for (NodeId node = 0; node < newcomer; ++node)
      for (int i = 0; i < (second < from ? 8 : 1); ++i)
        if (others.below(kAskedEverySeconds) == 0) swarm.request(node, trace.ask(others));
    if (second >= from && second % kAskedEverySeconds == 0) {
      const int thing = trace.ask(ours);
      asked.insert(thing);
      swarm.request(newcomer, thing);
    }
    swarm.run(1s);
  }
  EXPECT_EQ(swarm.check(), "");
  distinct = asked.size();
  return swarm.bill_of(newcomer);
}

// What the newcomer pays of what it pays alone.
double share_paid(std::size_t nodes_count, int warm_seconds, int seconds) {
  std::size_t distinct = 0;
  const MeshBill alone = run(1, 0, seconds, distinct);
  const MeshBill joined = run(nodes_count, warm_seconds, seconds, distinct);
  const double share = static_cast<double>(joined.charged) / static_cast<double>(alone.charged);
  std::printf(
      "%d requests for %zu things of %d: alone %zu charged, %zu free; as the newcomer of %zu nodes "
      "%zu charged, "
      "%zu free, %zu audits: %.1f %%\n",
      seconds / kAskedEverySeconds, distinct, Trace().count(), alone.charged, alone.free,
      nodes_count, joined.charged, joined.free, joined.audits, 100 * share);
  return share;
}

// A quarter of an hour as a part of every check; the whole hour, and a larger swarm, by `make sim-trace`.
TEST(MeshTrace, ANewcomerToAWarmSwarmPaysATwentiethOfWhatALoneNodePays) {
  const bool is_whole_hour = std::getenv("GHMESH_SIM_HOUR") != nullptr;
  const double share =
      is_whole_hour ? share_paid(8, 15 * 60, 60 * 60) : share_paid(4, 10 * 60, 15 * 60);
  EXPECT_LE(share, 0.05);
}

}  // namespace
}  // namespace ghmesh::sim
