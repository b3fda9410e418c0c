// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/decide.h"

#include <gtest/gtest.h>

namespace ghmesh::proxy {
namespace {

Situation fresh_entry() {
  return {.has_entry = true, .time_left = Seconds(40), .age = Seconds(20)};
}
Situation stale_entry() {
  return {.has_entry = true, .time_left = Seconds(-100), .age = Seconds(160)};
}

TEST(Decide, ServesWhatIsJustPastItsTimeAndAsksBehind) {
  Situation stale{.has_entry = true, .time_left = Seconds(-9), .age = Seconds(69)};
  EXPECT_EQ(decide(stale), Action::ask);
  stale.stale_while_revalidate = Seconds(10);
  EXPECT_EQ(decide(stale), Action::serve_and_ask);
  stale.time_left = Seconds(-10);
  EXPECT_EQ(decide(stale), Action::ask);
  stale.time_left = Seconds(-9);
  for (void (*wish)(Situation&) :
       {+[](Situation& s) { s.caller.no_cache = true; },
        +[](Situation& s) { s.caller.max_age = Seconds(100); },
        +[](Situation& s) { s.caller.min_fresh = Seconds(0); },
        +[](Situation& s) { s.is_outdated = true; }, +[](Situation& s) { s.has_entry = false; }}) {
    Situation other = stale;
    wish(other);
    EXPECT_EQ(decide(other), Action::ask);
  }
  stale.caller.only_if_cached = true;
  EXPECT_EQ(decide(stale), Action::serve_and_ask);
}

TEST(Decide, OfflineServesWhateverThereIsAndRefusesTheRest) {
  Situation held{.has_entry = true, .time_left = Seconds(-100'000), .is_outdated = true};
  held.is_offline = true;
  held.caller.no_cache = true;
  EXPECT_EQ(decide(held), Action::serve);
  held.has_entry = false;
  EXPECT_EQ(decide(held), Action::refuse);
}

TEST(Decide, AsksWhenNothingIsHeld) { EXPECT_EQ(decide({}), Action::ask); }

TEST(Decide, ServesWhatIsFresh) { EXPECT_EQ(decide(fresh_entry()), Action::serve); }

TEST(Decide, AsksAgainWhenStale) { EXPECT_EQ(decide(stale_entry()), Action::ask); }

TEST(Decide, AnEntryWithoutTimeLeftIsStale) {
  EXPECT_EQ(decide({.has_entry = true, .time_left = Seconds(0)}), Action::ask);
}

TEST(Decide, NoCacheMeansAskAgain) {
  Situation s = fresh_entry();
  s.caller = http::parse_cache_control("no-cache");
  EXPECT_EQ(decide(s), Action::ask);
}

TEST(Decide, MaxAgeOfTheCallerIsHonoured) {
  Situation s = fresh_entry();
  s.caller = http::parse_cache_control("max-age=20");
  EXPECT_EQ(decide(s), Action::serve);
  s.caller = http::parse_cache_control("max-age=19");
  EXPECT_EQ(decide(s), Action::ask);
  s.caller = http::parse_cache_control("max-age=0");
  EXPECT_EQ(decide(s), Action::ask);
}

TEST(Decide, MinFreshOfTheCallerIsHonoured) {
  Situation s = fresh_entry();
  s.caller = http::parse_cache_control("min-fresh=41");
  EXPECT_EQ(decide(s), Action::ask);
  s.caller = http::parse_cache_control("min-fresh=40");
  EXPECT_EQ(decide(s), Action::serve);
}

TEST(Decide, MaxStaleOfTheCallerIsHonouredForWhatMayBeStale) {
  Situation s = stale_entry();
  s.caller = http::parse_cache_control("max-stale");
  EXPECT_EQ(decide(s), Action::ask);  // private: access may have been taken away since
  s.may_be_stale = true;
  s.caller = http::parse_cache_control("max-stale=99");
  EXPECT_EQ(decide(s), Action::ask);
  s.caller = http::parse_cache_control("max-stale=100");
  EXPECT_EQ(decide(s), Action::serve);
  s.caller = http::parse_cache_control("max-stale");
  EXPECT_EQ(decide(s), Action::serve);
}

TEST(Decide, CacheTtlOfGhWidensFreshness) {
  Situation s = stale_entry();
  s.caller_ttl = Seconds(3600);
  EXPECT_EQ(decide(s), Action::serve);
  s.caller_ttl = Seconds(160);
  EXPECT_EQ(decide(s), Action::ask);
}

TEST(Decide, WhoHasWrittenReadsAnew) {
  Situation s = fresh_entry();
  s.is_outdated = true;
  EXPECT_EQ(decide(s), Action::ask);
  s.caller_ttl = Seconds(3600);
  EXPECT_EQ(decide(s), Action::ask);
}

TEST(Decide, OnlyIfCachedNeverAsks) {
  Situation s;
  s.caller = http::parse_cache_control("only-if-cached");
  EXPECT_EQ(decide(s), Action::refuse);
  s = stale_entry();
  s.caller = http::parse_cache_control("only-if-cached");
  EXPECT_EQ(decide(s), Action::refuse);
  s = fresh_entry();
  s.caller = http::parse_cache_control("only-if-cached");
  EXPECT_EQ(decide(s), Action::serve);
}

TEST(StandIn, ALimitLetsThePrincipalsOwnEntryStandIn) {
  EXPECT_TRUE(may_stand_in({.has_entry = true, .time_left = Seconds(-10)}, Trouble::limited));
  EXPECT_FALSE(may_stand_in({.has_entry = false}, Trouble::limited));
}

TEST(StandIn, PrivateDataDoesNotOutliveTheConnectionUnlessAllowed) {
  EXPECT_FALSE(may_stand_in({.has_entry = true, .time_left = Seconds(-10)}, Trouble::unreachable));
  EXPECT_TRUE(may_stand_in({.has_entry = true, .is_public = true, .time_left = Seconds(-10)},
                           Trouble::unreachable));
  EXPECT_TRUE(
      may_stand_in({.has_entry = true, .time_left = Seconds(-10), .operator_allows_stale = true},
                   Trouble::unreachable));
}

TEST(StandIn, ADayOldIsTheOldest) {
  EXPECT_TRUE(may_stand_in({.has_entry = true, .time_left = -kStaleMax}, Trouble::limited));
  EXPECT_FALSE(
      may_stand_in({.has_entry = true, .time_left = -kStaleMax - Seconds(1)}, Trouble::limited));
}

}  // namespace
}  // namespace ghmesh::proxy
