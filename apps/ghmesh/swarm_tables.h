// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the daemon says of its swarm, in tables for a person.
//
// Names, agents and reasons were chosen by peers: whatever could move a terminal's cursor is shown as "?".
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>

namespace ghmesh::app {

// Of GET /api/v1/peers. `now` is the civil time in seconds. Throws std::exception for a text that has another shape.
std::string peers_text(const boost::json::value& report, std::int64_t now);

// Of GET /api/v1/stats?swarm=1. Throws likewise.
std::string swarm_stats_text(const boost::json::value& report, std::int64_t now);

// "95 s", "12 min", "3 h", "2 d"
std::string duration_text(std::int64_t seconds);

}  // namespace ghmesh::app
