// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/time.h"

namespace ghmesh {

Now read_clocks() {
  return {.instant = MonotonicClock::now(),
          .wall = std::chrono::floor<Seconds>(std::chrono::system_clock::now())};
}

}  // namespace ghmesh
