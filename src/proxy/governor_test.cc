// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/governor.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"

namespace ghmesh::proxy {
namespace {

using Word = Permit::Word;

constexpr Purse kCore{.principal = {std::byte{1}}, .resource = "core"};
constexpr Purse kOther{.principal = {std::byte{2}}, .resource = "core"};
constexpr Purse kGraphql{.principal = {std::byte{1}}, .resource = "graphql"};

struct Asked {
  Governor governor{7};
  Now now{.instant = Instant(1h), .wall = wall_time(1'790'000'000)};

  void pass(Seconds time) {
    now.instant += time;
    now.wall += time;
  }
  Permit ask(const Purse& purse = kCore, Cost cost = Cost::read,
             Urgency urgency = Urgency::interactive) {
    return governor.ask(purse, cost, urgency, now);
  }
  void told(std::uint64_t remaining, Seconds until_reset, bool is_limited = false, int status = 200,
            std::optional<int> retry_after = {}) {
    http::Headers headers{{"X-RateLimit-Limit", "5000"},
                          {"X-RateLimit-Remaining", std::to_string(remaining)},
                          {"X-RateLimit-Reset", std::to_string(to_seconds(now.wall + until_reset))},
                          {"X-RateLimit-Resource", "core"}};
    if (retry_after) headers.add("Retry-After", std::to_string(*retry_after));
    governor.note(kCore, status, headers, is_limited, now.wall);
  }
};

TEST(Governor, LetsEverybodyAskAtFirst) {
  Asked asked;
  EXPECT_EQ(asked.ask().word, Word::go);
  KnownBudget budget;
  EXPECT_FALSE(asked.governor.find(kCore, asked.now.wall, budget));
}

TEST(Governor, AsksNothingBeyondAnExhaustedBudgetUntilItsReset) {
  Asked asked;
  asked.told(0, Seconds(100), true, 403);
  const Permit permit = asked.ask();
  EXPECT_EQ(permit.word, Word::refuse);
  EXPECT_EQ(permit.reason, "primary limit");
  EXPECT_GT(permit.until, asked.now.wall + Seconds(100));
  EXPECT_LE(permit.until, asked.now.wall + Seconds(100) + kResetSpread);
  EXPECT_EQ(asked.ask(kOther).word, Word::go);
  EXPECT_EQ(asked.ask(kGraphql, Cost::query).word, Word::go);
  asked.pass(Seconds(100));
  EXPECT_EQ(asked.ask().word, Word::refuse);
  asked.pass(kResetSpread);
  EXPECT_EQ(asked.ask().word, Word::go);
}

TEST(Governor, Trap13NodesComeBackAtDifferentMoments) {
  std::set<std::int64_t> moments;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Governor governor(seed);
    const Now now{.instant = Instant(1h), .wall = wall_time(1'000)};
    governor.note(kCore, 403,
                  {{"X-RateLimit-Limit", "60"},
                   {"X-RateLimit-Remaining", "0"},
                   {"X-RateLimit-Reset", "2000"}},
                  true, now.wall);
    moments.insert(to_seconds(governor.ask(kCore, Cost::read, Urgency::interactive, now).until));
  }
  EXPECT_EQ(moments.size(), static_cast<std::size_t>(kResetSpread.count()));
  EXPECT_GT(*moments.begin(), 2000);
}

TEST(Governor, KeepsTheLastTwentiethForWhoeverWaits) {
  Asked asked;
  asked.told(250, Seconds(100));
  EXPECT_EQ(asked.ask().word, Word::go);
  EXPECT_EQ(asked.ask(kCore, Cost::read, Urgency::background).reason, "reserve");
  asked.told(251, Seconds(200));
  EXPECT_EQ(asked.ask(kCore, Cost::read, Urgency::background).word, Word::go);
}

TEST(Governor, Trap12OfWhatOtherNodesSayIsLeftOnlyWhatNobodyWaitsForIsHeldBack) {
  Governor governor(1);
  const Purse purse{.principal = {}, .resource = "core"};
  const Now now{Instant(1h), wall_time(1'000'000)};
  const KnownBudget low{.limit = 5000, .remaining = 250, .reset = wall_time(1'000'600)};
  const auto word = [&](Urgency urgency, const KnownBudget& told) {
    return governor.ask(purse, Cost::read, urgency, now, &told).word;
  };
  EXPECT_EQ(word(Urgency::background, low), Permit::Word::refuse);
  EXPECT_EQ(word(Urgency::interactive, low), Permit::Word::go);
  EXPECT_EQ(word(Urgency::background, {.limit = 5000, .remaining = 251, .reset = low.reset}),
            Permit::Word::go);
  EXPECT_EQ(word(Urgency::background, {.limit = 5000, .remaining = 0, .reset = now.wall}),
            Permit::Word::go);
}

TEST(Governor, BelievesTheLowestOfAnswersThatOvertakeEachOther) {
  Asked asked;
  asked.told(0, Seconds(100));
  asked.told(3, Seconds(100));
  EXPECT_EQ(asked.ask().word, Word::refuse);
  asked.told(4999, Seconds(3700));
  EXPECT_EQ(asked.ask().word, Word::go);
  asked.told(0, Seconds(100));  // of the hour before
  EXPECT_EQ(asked.ask().word, Word::go);
}

TEST(Governor, NeverAsksIntoASecondaryLimit) {
  Asked asked;
  asked.told(4000, Seconds(3000), true, 403, 30);
  EXPECT_EQ(asked.ask().reason, "secondary limit");
  asked.pass(Seconds(30));
  EXPECT_EQ(asked.ask().word, Word::refuse);
  asked.pass(Seconds(2));
  EXPECT_EQ(asked.ask().word, Word::go);
}

TEST(Governor, WaitsLongerEachTimeThatGitHubSaysNotHowLong) {
  Asked asked;
  Seconds before{0};
  for (int i = 0; i < 6; ++i) {
    asked.told(4000, Seconds(3000), true, 403);
    const Seconds wait = asked.ask().until - asked.now.wall;
    EXPECT_GE(wait, i == 0 ? kSecondaryWaitMin : before);
    EXPECT_LE(wait, kSecondaryWaitMax + Seconds(1));
    before = wait;
    asked.pass(wait + Seconds(1));
  }
  EXPECT_EQ(before, kSecondaryWaitMax + Seconds(1));
  asked.told(4000, Seconds(3000));
  asked.told(4000, Seconds(3000), true, 429);
  EXPECT_LE(asked.ask().until - asked.now.wall, kSecondaryWaitMin + Seconds(1));
}

// The whole of what GitHub allows in any sixty seconds, and not a point more.
TEST(Governor, Trap11SpendsNoMorePointsInAnyMinuteThanGitHubAllows) {
  Asked asked;
  std::vector<Instant> went;
  for (int step = 0; step < 3 * 60 * 20; ++step) {
    for (int i = 0; i < 3; ++i)
      if (asked.ask().word == Word::go) went.push_back(asked.now.instant);
    asked.now.instant += 50ms;
  }
  for (std::size_t i = 0, j = 0; i < went.size(); ++i) {
    while (went[i] - went[j] >= 60s) ++j;
    ASSERT_LE(i - j + 1, 900u);
  }
  EXPECT_GT(went.size(), 1'400u);
}

TEST(Governor, HoldsALittleTooMuchBackAndTellsTheRestToComeAgain) {
  Asked asked;
  Permit permit;
  int count = 0;
  while ((permit = asked.ask()).word == Word::go) ++count;
  EXPECT_EQ(count, 600);
  EXPECT_EQ(permit.word, Word::hold);
  EXPECT_LE(permit.wait, kHoldMax);
  count = 0;
  while ((permit = asked.ask(kCore, Cost::change)).word == Word::go) ++count;
  EXPECT_EQ(count, 0);
  asked.pass(Seconds(120));
  while ((permit = asked.ask(kCore, Cost::change)).word == Word::go) ++count;
  EXPECT_LE(count, 54);
}

TEST(Governor, SaysHonestlyWhenToComeBack) {
  Asked asked;
  asked.told(0, Seconds(100), true, 403);
  KnownBudget budget;
  ASSERT_TRUE(asked.governor.find(kCore, asked.now.wall, budget));
  const auto answer = write_refusal(asked.ask(), kCore, &budget, asked.now.wall);
  EXPECT_EQ(answer.status, 429);
  EXPECT_GE(*parse_decimal(answer.headers.get("retry-after")), 101u);
  EXPECT_EQ(answer.headers.get("x-ratelimit-remaining"), "0");
  EXPECT_EQ(answer.headers.get("x-ratelimit-resource"), "core");
  EXPECT_NE(answer.body_text().find("API rate limit exceeded"), std::string_view::npos);
}

TEST(Governor, ReadsHowUrgentARequestIs) {
  EXPECT_EQ(read_urgency(""), Urgency::interactive);
  EXPECT_EQ(read_urgency("u=3"), Urgency::interactive);
  EXPECT_EQ(read_urgency("i, u=7"), Urgency::background);
  EXPECT_EQ(read_urgency("u="), Urgency::interactive);
}

TEST(Governor, ForgetsTheLongestUnused) {
  Asked asked;
  asked.told(0, Seconds(1000), true, 403);
  for (std::size_t i = 0; i < kBudgetsKnownMax; ++i) {
    Purse purse{.principal = {}, .resource = "core"};
    store_big_endian<std::uint64_t>(MutableByteView(purse.principal).first(8), i + 100);
    EXPECT_EQ(asked.ask(purse).word, Word::go);
  }
  EXPECT_EQ(asked.ask().word, Word::go);  // GitHub will say it again
}

}  // namespace
}  // namespace ghmesh::proxy
