// SPDX-License-Identifier: Apache-2.0 OR MIT
// gossip_swarm: `make sim-gossip`. Swarms of gossipsub routers in the simulator, a line for each scenario and seed.
// Fails when a message does not reach whom it should, or when an aim is missed by more than a quarter, and then says
// how to see that again. README.md explains the scenarios and the columns.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "sim/gossip/scenarios.h"
#include "sim/gossip/siege.h"

namespace ghmesh::sim::gossip {
namespace {

struct Aims {
  double delivered_share_min = 1;
  // 0: none
  Duration latency_p50_max{};
  Duration latency_p99_max{};
  double duplicates_max = 0;
};
// The latencies are those of published simulations of 1,000 nodes.
constexpr Aims kSmallAims{.latency_p50_max = 221ms, .latency_p99_max = 353ms, .duplicates_max = 3};
constexpr Aims kLargeAims{.duplicates_max = 2};
constexpr double kBadlyMissed = 1.25;

struct Scenario {
  const char* name;
  std::size_t data_bytes = kSmallBytes;
  std::uint64_t rate_bytes_per_second = 0;
  Duration pause = 500ms;  // between messages
  int messages_count = 20;
  int earlier_messages_count = 0;  // before anything is measured: the routers learn from them
  bool holds_redundant = true;
  double churn_per_minute = 0;
  Duration parted{};         // for so long, while it is measured
  Duration parted_before{};  // ... or before, and a minute to grow together again
  Aims aims = {};
};

constexpr Scenario kScenarios[] = {
    // Nobody has learned yet which copies are needed, so there is no aim for duplicates.
    {.name = "1KB-first", .aims = {.latency_p50_max = 221ms, .latency_p99_max = 353ms}},
    {.name = "1KB-settled", .earlier_messages_count = 30, .aims = kSmallAims},
    {.name = "1KB-at-once", .holds_redundant = false},  // as others do it, to compare
    {.name = "64KB-settled",
     .data_bytes = 64 * 1024,
     .rate_bytes_per_second = kLargeRate,
     .pause = 1s,
     .earlier_messages_count = 30,
     .aims = kLargeAims},
    {.name = "64KB-at-once",
     .data_bytes = 64 * 1024,
     .rate_bytes_per_second = kLargeRate,
     .pause = 1s,
     .holds_redundant = false},
    {.name = "128KB-settled",
     .data_bytes = 128 * 1024,
     .rate_bytes_per_second = kLargeRate,
     .pause = 2s,
     .earlier_messages_count = 30,
     .aims = kLargeAims},
    {.name = "churn-30",
     .pause = 3s,
     .churn_per_minute = 0.3,
     .aims = {.delivered_share_min = 0.99}},
    {.name = "parted-10s", .parted = 10s},
    {.name = "parted-60s", .parted_before = 60s},
};
constexpr Aims kSiegeAims{.delivered_share_min = 0.99};

struct Plan {
  std::size_t nodes_count = 1000;
  std::size_t besieged_count = 200;  // of each siege, a quarter of them attackers
  std::uint64_t seed_first = 1;
  std::uint64_t seed_last = 3;
  std::string only;

  bool wants(std::string_view name) const { return only.empty() || only == name; }
};

SwarmReport run(const Scenario& scenario, const Plan& plan, std::uint64_t seed) {
  SwarmOptions options{.seed = seed, .nodes_count = plan.nodes_count};
  options.link.rate_bytes_per_second = scenario.rate_bytes_per_second;
  options.router.hold_redundant = scenario.holds_redundant;
  options.router.limits.message_bytes_max =
      std::max(options.router.limits.message_bytes_max, scenario.data_bytes);
  Swarm swarm(options);
  swarm.run_for(5s);
  publish_some(swarm, scenario.earlier_messages_count, scenario.data_bytes, scenario.pause);
  if (scenario.parted_before > 0s) {
    part(swarm, scenario.parted_before);
    swarm.run_for(scenario.parted_before + 60s);
  }
  swarm.begin_measuring();
  if (scenario.parted > 0s) part(swarm, scenario.parted);
  if (scenario.churn_per_minute > 0)
    churn(swarm, scenario.churn_per_minute, swarm.now() + scenario.messages_count * scenario.pause);
  publish_some(swarm, scenario.messages_count, scenario.data_bytes, scenario.pause);
  swarm.run_for(20s);
  return swarm.report();
}

SwarmReport run(const Attack& attack, const Plan& plan, std::uint64_t seed) {
  const std::size_t hostile_count = plan.besieged_count / 4;
  Siege siege({.seed = seed,
               .honest_count = plan.besieged_count - hostile_count,
               .hostile_count = hostile_count},
              attack);
  if (attack.is_eclipse) {
    siege.eclipse();
    siege.swarm().run_for(5s);
  }
  if (attack.turns_traitor) {
    siege.publish(20);
    siege.is_traitor = true;
    siege.swarm().begin_measuring();
  }
  siege.publish(20);
  return siege.swarm().report();
}

double in_milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

struct Judgement {
  std::string missed;  // which aims; empty: all are met
  bool has_failed = false;
};

Judgement judge(const SwarmReport& report, const Aims& aims) {
  Judgement judgement;
  const auto at_most = [&judgement](const char* name, double measured, double aim) {
    if (aim == 0 || measured <= aim) return;
    judgement.missed += std::string(" ") + name;
    judgement.has_failed = judgement.has_failed || measured > kBadlyMissed * aim;
  };
  at_most("p50", in_milliseconds(report.latency_p50), in_milliseconds(aims.latency_p50_max));
  at_most("p99", in_milliseconds(report.latency_p99), in_milliseconds(aims.latency_p99_max));
  at_most("duplicates", report.duplicates_per_delivery, aims.duplicates_max);
  if (report.delivered_share() < aims.delivered_share_min) {
    judgement.missed += " delivery";
    judgement.has_failed = true;
  }
  return judgement;
}

// False: failed.
template <class Story>
bool run_and_print(const std::string& name, const Story& story, const Aims& aims, const Plan& plan,
                   std::uint64_t seed) {
  const auto began_at = std::chrono::steady_clock::now();
  const SwarmReport report = run(story, plan, seed);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_at;
  const Judgement judgement = judge(report, aims);
  std::printf("%-16s %4llu %9zu %10.4f %6.0f %6.0f %6.0f %10.2f %10.0f %7.1f  %s\n", name.c_str(),
              static_cast<unsigned long long>(seed), report.expected_count,
              100 * report.delivered_share(), in_milliseconds(report.latency_p50),
              in_milliseconds(report.latency_p99), in_milliseconds(report.latency_max),
              report.duplicates_per_delivery, report.wire_bytes_per_delivery, took.count(),
              judgement.missed.empty() ? "met" : ("missed:" + judgement.missed).c_str());
  if (judgement.has_failed)
    std::printf("FAILED; again: gossip_swarm --nodes %zu --besieged %zu --only %s --seeds %llu\n",
                plan.nodes_count, plan.besieged_count, name.c_str(),
                static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return !judgement.has_failed;
}

int run_all(const Plan& plan) {
  std::printf(
      "%zu nodes; in sieges %zu, a quarter of them hostile; links of 25 to 30 ms, 1 %% loss\n",
      plan.nodes_count, plan.besieged_count);
  std::printf("%-16s %4s %9s %10s %6s %6s %6s %10s %10s %7s  %s\n", "scenario", "seed", "expected",
              "delivered%", "p50ms", "p99ms", "maxms", "dup/deliv", "bytes/del", "seconds", "aims");
  bool is_good = true;
  const auto run_seeds = [&](const std::string& name, const auto& story, const Aims& aims) {
    if (!plan.wants(name)) return;
    for (std::uint64_t seed = plan.seed_first; seed <= plan.seed_last; ++seed)
      is_good = run_and_print(name, story, aims, plan, seed) && is_good;
  };
  for (const Scenario& scenario : kScenarios) run_seeds(scenario.name, scenario, scenario.aims);
  for (const Attack& attack : attacks()) run_seeds(std::string(attack.name), attack, kSiegeAims);
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace ghmesh::sim::gossip

int main(int argc, char** argv) {
  ghmesh::sim::gossip::Plan plan;
  std::vector<std::uint64_t> seeds = {plan.seed_first, plan.seed_last};
  CLI::App app("Swarms of gossipsub routers in the simulator");
  app.add_option("--nodes", plan.nodes_count, "how many")->check(CLI::Range(2, 10'000));
  app.add_option("--besieged", plan.besieged_count, "how many in a siege")
      ->check(CLI::Range(8, 10'000));
  app.add_option("--seeds", seeds, "one, or the first and the last")->expected(1, 2);
  app.add_option("--only", plan.only, "the name of one scenario or attack");
  CLI11_PARSE(app, argc, argv);
  plan.seed_first = seeds.front();
  plan.seed_last = seeds.back();
  return ghmesh::sim::gossip::run_all(plan);
}
