// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/doubts.h"

#include <gtest/gtest.h>

namespace ghmesh::proxy {
namespace {

github::Doubt doubt(std::string scope, std::string rest = "") {
  return {.place = {.scope = std::move(scope), .rest = std::move(rest)}};
}
void note(Doubts& doubts, const github::Doubt& one, int at) {
  doubts.note(std::span(&one, 1), wall_time(at));
}

TEST(Doubts, KnowNothingAtFirst) {
  const Doubts doubts;
  EXPECT_EQ(doubts.last_change("/repos/o/r"), WallTime::min());
  EXPECT_EQ(doubts.last_change_within("repos/o/r"), WallTime::min());
}

TEST(Doubts, RememberTheLastChangeOfEachPlace) {
  Doubts doubts;
  note(doubts, doubt("repos/o/r", "pulls"), 100);
  note(doubts, doubt("repos/o/r", "pulls"), 200);
  note(doubts, doubt("repos/o/r", "issues"), 300);
  EXPECT_EQ(doubts.last_change("/repos/O/R/pulls/7"), wall_time(200));
  EXPECT_EQ(doubts.last_change("/repos/o/r/issues"), wall_time(300));
  EXPECT_EQ(doubts.last_change("/repos/o/r/commits"), WallTime::min());
  EXPECT_EQ(doubts.last_change("/repos/o/other/pulls"), WallTime::min());
  EXPECT_EQ(doubts.last_change_within("repos/o/r"), wall_time(300));
}

TEST(Doubts, ReachARepositoryUnderBothOfItsNames) {
  Doubts doubts;
  doubts.learn_alias("repositories/7", "repos/o/r");
  note(doubts, doubt("repos/o/r", "pulls"), 100);
  EXPECT_EQ(doubts.last_change("/repositories/7/pulls"), wall_time(100));
  note(doubts, doubt("repositories/7", "issues"), 200);
  EXPECT_EQ(doubts.last_change("/repos/o/r/issues"), wall_time(200));
}

TEST(Doubts, TakeManyPlacesOfOneScopeForAllOfIt) {
  Doubts doubts;
  for (std::size_t i = 0; i <= kDoubtsPerScopeMax; ++i)
    note(doubts, doubt("repos/o/r", "x" + std::to_string(i)), 100);
  EXPECT_EQ(doubts.last_change("/repos/o/r/anything"), wall_time(100));
  EXPECT_EQ(doubts.last_change("/repos/o/other"), WallTime::min());
}

TEST(Doubts, ForgetOnTheSafeSide) {
  Doubts doubts;
  for (std::size_t i = 0; i <= kDoubtScopesMax; ++i)
    note(doubts, doubt("repos/o/r" + std::to_string(i)), 100 + static_cast<int>(i));
  // The first one had to go: whatever is older than its change is in doubt now, wherever it stands.
  EXPECT_EQ(doubts.last_change("/repos/o/r0"), wall_time(100));
  EXPECT_EQ(doubts.last_change("/repos/somebody/else"), wall_time(100));
  EXPECT_EQ(doubts.last_change("/repos/o/r7"), wall_time(107));
}

TEST(Doubts, EndWithTheLongestFreshness) {
  Doubts doubts;
  note(doubts, doubt("repos/o/old"), 100);
  note(doubts, doubt("repos/o/new"), 101 + static_cast<int>(kDoubtLifetime.count()));
  EXPECT_EQ(doubts.last_change("/repos/o/old"), WallTime::min());
}

}  // namespace
}  // namespace ghmesh::proxy
