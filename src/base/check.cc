// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace ghmesh {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "ghmesh: bug: %s does not hold (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace ghmesh
