// SPDX-License-Identifier: Apache-2.0 OR MIT
// What happens to a swarm: the stories that its tests and `make sim-gossip` share.
#pragma once

#include <string>

#include "sim/gossip/swarm.h"

namespace ghmesh::sim::gossip {

inline constexpr std::size_t kSmallBytes = 1024;
inline constexpr std::size_t kLargeBytes = 32 * 1024;
// Of a link, for large messages: 16 ms to send one, time enough to hear that it is not wanted.
inline constexpr std::uint64_t kLargeRate = 2'000'000;  // bytes per second

// Honest members at random publish, one after the other; the swarm lives on for `pause` after each.
void publish_some(Swarm& swarm, int messages_count, std::size_t data_bytes, Duration pause);

// Until `end`, so many of a hundred members end each minute, one half without a sign; 5 to 25 s later they come back.
// They end at random, not in turn: some twice, some never.
void churn(Swarm& swarm, double share_per_minute, Instant end);

// Half of the members are out of reach of the others for so long.
void part(Swarm& swarm, Duration duration);

// "1980 of 1980, p50 84 ms, p99 221 ms, 2.97 duplicates"
std::string text_of(const SwarmReport& report);

}  // namespace ghmesh::sim::gossip
