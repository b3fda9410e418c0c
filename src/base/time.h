// SPDX-License-Identifier: Apache-2.0 OR MIT
// Two kinds of time, which never mix.
//
// Instant is monotonic: ages, deadlines and timers. WallTime is the civil clock in whole seconds since 1970: what
// GitHub's Date header says and what survives a restart. Machines and policies take both as arguments; only the shells
// (net/, proxy/, node/, and the store of cache/) read the clocks, so the simulator can live through a year in a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace ghmesh {

using Duration = std::chrono::nanoseconds;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
  static time_point now() {
    return time_point(std::chrono::steady_clock::now().time_since_epoch());
  }
};
using Instant = MonotonicClock::time_point;

// Seconds since 1970-01-01T00:00:00Z. Signed 64 bits: 2038 and clocks that were set wrong are ordinary values.
using Seconds = std::chrono::duration<std::int64_t>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Seconds>;

constexpr WallTime wall_time(std::int64_t seconds) { return WallTime(Seconds(seconds)); }
constexpr std::int64_t to_seconds(WallTime time) { return time.time_since_epoch().count(); }

// What a decision may know of time: one reading of both clocks.
struct Now {
  Instant instant;
  WallTime wall;
};
Now read_clocks();  // for shells only

}  // namespace ghmesh
