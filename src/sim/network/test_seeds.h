// SPDX-License-Identifier: Apache-2.0 OR MIT
// With which seeds a simulated test runs, and how a person runs one of them again.
//
//   TEST(Swarm, DeliversToAll) {
//     sim::for_each_seed({1, 2, 3}, std::getenv(sim::kSeedVariable), [](std::uint64_t seed) { ... });
//   }
//
// Before each run the command that replays it alone is logged: a failure, a crash and a test that hangs all say what to
// do. The variable takes one seed, 7, or a range to search in, 1-500.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

namespace ghmesh::sim {

inline constexpr const char* kSeedVariable = "GHMESH_SIM_SEED";

using Seeds = std::vector<std::uint64_t>;

inline Seeds chosen_seeds(Seeds seeds, const char* wanted) {
  if (wanted == nullptr) return seeds;
  std::string_view last = wanted;
  const auto from = parse_decimal(take_until(last, '-'));
  const auto to = last.empty() ? from : parse_decimal(last);
  GHMESH_CHECK(from && to);
  seeds.clear();
  for (std::uint64_t seed = *from; seed <= *to; ++seed) seeds.push_back(seed);
  return seeds;
}

inline void for_each_seed(Seeds seeds, const char* wanted,
                          const std::function<void(std::uint64_t)>& run) {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  for (const std::uint64_t seed : chosen_seeds(std::move(seeds), wanted)) {
    const std::string replay = std::string(kSeedVariable) + "=" + std::to_string(seed) + " " +
                               program + " --gtest_filter=" + test.test_suite_name() + "." +
                               test.name();
    log::info("simulation", {{"seed", seed}, {"replay", replay}});
    const testing::ScopedTrace trace(__FILE__, __LINE__, replay);
    run(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace ghmesh::sim
