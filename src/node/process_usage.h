// SPDX-License-Identifier: Apache-2.0 OR MIT
// What this process takes from the machine, as Linux tells it in /proc/self. Not a door.
#pragma once

#include <cstdint>

namespace ghmesh::node {

struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads_count = 0;
  std::uint64_t descriptors_count = 0;
  std::uint64_t descriptors_count_max = 0;
  double started_at = 0;  // seconds since 1970
};

// What cannot be read stays 0.
ProcessUsage read_process_usage();

}  // namespace ghmesh::node
