// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/gossip/scenarios.h"

#include <fmt/format.h>

namespace ghmesh::sim::gossip {

void publish_some(Swarm& swarm, int messages_count, std::size_t data_bytes, Duration pause) {
  for (int i = 0; i < messages_count; ++i) {
    swarm.publish(swarm.some_honest(), data_bytes);
    swarm.run_for(pause);
  }
}

void churn(Swarm& swarm, double share_per_minute, Instant end) {
  const double mean_seconds = 60 / (share_per_minute * static_cast<double>(swarm.size()));
  const double pause_seconds = 2 * mean_seconds * swarm.random().unit();
  const Instant at = swarm.now() + Duration(static_cast<Duration::rep>(1e9 * pause_seconds));
  if (at > end) return;
  swarm.network().at(at, [&swarm, share_per_minute, end] {
    const NodeId node = swarm.some_honest();
    if (swarm.random().chance(0.5)) swarm.crash(node);
    else swarm.lose_power(node);
    const Instant back_at = swarm.now() + 5s + Duration(swarm.random().below(20'000'000'000));
    swarm.network().at(back_at, [&swarm, node] { swarm.restart(node); });
    churn(swarm, share_per_minute, end);
  });
}

void part(Swarm& swarm, Duration duration) {
  for (NodeId node = 0; node < swarm.size() / 2; ++node) swarm.network().move_to_island(node, 1);
  swarm.network().at(swarm.now() + duration, [&swarm] {
    for (NodeId node = 0; node < swarm.size() / 2; ++node) swarm.network().move_to_island(node, 0);
  });
}

std::string text_of(const SwarmReport& report) {
  return fmt::format("{} of {}, p50 {} ms, p99 {} ms, {:.2f} duplicates", report.delivered_count,
                     report.expected_count, report.latency_p50 / 1ms, report.latency_p99 / 1ms,
                     report.duplicates_per_delivery);
}

}  // namespace ghmesh::sim::gossip
