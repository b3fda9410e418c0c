// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace ghmesh {
namespace {

// Computed apart from this program from the published algorithms: splitmix64 for the state, then xoshiro256**.
TEST(Random, GivesTheSameNumbersForEver) {
  Random numbers(42);
  for (std::uint64_t expected :
       {0x15780b2e0c2ec716u, 0x6104d9866d113a7eu, 0xae17533239e499a1u, 0xecb8ad4703b360a1u})
    EXPECT_EQ(numbers(), expected);
}

TEST(Random, GivesOtherNumbersForAnotherSeed) {
  Random one(1), two(2);
  int equal_count = 0;
  for (int i = 0; i < 1'000; ++i) equal_count += one() == two();
  EXPECT_EQ(equal_count, 0);
}

TEST(Random, StaysBelowItsBound) {
  Random random(3);
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t bound : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{7},
                              std::uint64_t{1} << 32, (std::uint64_t{1} << 63) + 1, kMax})
    for (int i = 0; i < 1'000; ++i) EXPECT_LT(random.below(bound), bound);
}

TEST(Random, ReachesEveryValueBelowItsBoundEquallyOften) {
  Random random(4);
  std::array<int, 10> counts{};
  for (int i = 0; i < 100'000; ++i) ++counts[random.below(counts.size())];
  for (int count : counts) EXPECT_NEAR(count, 10'000, 500);  // five standard deviations
}

TEST(Random, IsNotBiasedByABoundJustAboveAPowerOfTwo) {
  // Of 2^63 + 2^62 values a plain multiply-shift would give every third one twice as often.
  Random random(5);
  const std::uint64_t bound = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 62);
  std::array<int, 3> counts{};
  for (int i = 0; i < 90'000; ++i) ++counts[random.below(bound) % 3];
  for (int count : counts) EXPECT_NEAR(count, 30'000, 750);
}

TEST(Random, RefusesABoundOfZero) {
  Random random(6);
  EXPECT_DEATH(static_cast<void>(random.below(0)), "bug");
}

TEST(Random, DrawsUnitsFromZeroToBelowOne) {
  Random random(7);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double unit = random.unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    sum += unit;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

TEST(Random, TakesChancesWithTheirProbability) {
  Random random(8);
  int taken_count = 0;
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_FALSE(random.chance(0.0));
    EXPECT_TRUE(random.chance(1.0));
    taken_count += random.chance(0.25);
  }
  EXPECT_NEAR(taken_count, 25'000, 700);
}

}  // namespace
}  // namespace ghmesh
