// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "http/fields.h"

#include <gtest/gtest.h>

namespace ghmesh::http {
namespace {

TEST(CacheControl, ReadsWhatGitHubSends) {
  const auto control = parse_cache_control("private, max-age=60, s-maxage=60");
  EXPECT_TRUE(control.is_private);
  EXPECT_FALSE(control.is_public);
  EXPECT_EQ(control.max_age, Seconds(60));
  EXPECT_EQ(control.shared_max_age, Seconds(60));
  EXPECT_FALSE(control.no_store || control.no_cache || control.only_if_cached);
  EXPECT_FALSE(control.max_stale || control.min_fresh);
}

TEST(CacheControl, ReadsWhatCallersSend) {
  EXPECT_TRUE(parse_cache_control("no-cache").no_cache);
  EXPECT_TRUE(parse_cache_control("no-store").no_store);
  EXPECT_TRUE(parse_cache_control("only-if-cached").only_if_cached);
  EXPECT_TRUE(parse_cache_control("public").is_public);
  EXPECT_EQ(parse_cache_control("max-stale").max_stale, Seconds::max());
  EXPECT_EQ(parse_cache_control("max-stale=7").max_stale, Seconds(7));
  EXPECT_EQ(parse_cache_control("min-fresh=7").min_fresh, Seconds(7));
}

TEST(CacheControl, IgnoresCaseBlanksAndUnknownDirectives) {
  const auto control = parse_cache_control(" ,, MAX-AGE = 5 ,\tfoo=bar, immutable,No-Cache ,");
  EXPECT_EQ(control.max_age, Seconds(5));
  EXPECT_TRUE(control.no_cache);
  EXPECT_FALSE(control.no_store);
}

TEST(CacheControl, TakesQuotedArguments) {
  EXPECT_EQ(parse_cache_control("max-age=\"60\"").max_age, Seconds(60));
  const auto control = parse_cache_control("private=\"set-cookie, no-store\", max-age=1");
  EXPECT_TRUE(control.is_private);
  EXPECT_FALSE(control.no_store);  // that was the name of a field
  EXPECT_EQ(control.max_age, Seconds(1));
}

TEST(CacheControl, CountsAMalformedNumberAsZero) {
  for (auto value : {"max-age", "max-age=", "max-age=x", "max-age=-1", "max-age=1.5", "max-age=1 2",
                     "max-age=\"", "max-age=0x10"})
    EXPECT_EQ(parse_cache_control(value).max_age, Seconds(0)) << value;
}

TEST(CacheControl, CountsAnOverflowAsALongTime) {
  EXPECT_EQ(parse_cache_control("max-age=99999999999999999999999").max_age, Seconds(1ll << 31));
}

TEST(CacheControl, OfTwoValuesTakesTheOneThatTrustsLess) {
  EXPECT_EQ(parse_cache_control("max-age=60, max-age=5").max_age, Seconds(5));
  EXPECT_EQ(parse_cache_control("max-age=5, max-age=60").max_age, Seconds(5));
  EXPECT_EQ(parse_cache_control("max-stale, max-stale=3").max_stale, Seconds(3));
  EXPECT_EQ(parse_cache_control("min-fresh=3, min-fresh=9").min_fresh, Seconds(9));
}

TEST(EntityTag, YieldsItsOpaquePart) {
  EXPECT_EQ(entity_tag_opaque("\"abc\""), "abc");
  EXPECT_EQ(entity_tag_opaque("W/\"abc\""), "abc");
  EXPECT_EQ(entity_tag_opaque("\"\""), "");
  EXPECT_EQ(entity_tag_opaque(" \"a,b\" "), "a,b");
}

TEST(EntityTag, RefusesWhatIsNone) {
  for (auto tag : {"", "abc", "\"abc", "abc\"", "w/\"abc\"", "W/abc", "\"a\" \"b\"", "\"a b\"", "*",
                   "\"a\"b\"", "W/", "\"a\nb\""})
    EXPECT_FALSE(entity_tag_opaque(tag)) << tag;
}

TEST(IfNoneMatch, ComparesWeakly) {
  for (auto sent : {"\"a\"", "W/\"a\"", "\"x\", \"a\"", "\"x\",W/\"a\"", " , \"x\" ,, \"a\" , ",
                    "*", "\"x\", \"a\", \"y\""}) {
    EXPECT_TRUE(if_none_match_matches(sent, "\"a\"")) << sent;
    EXPECT_TRUE(if_none_match_matches(sent, "W/\"a\"")) << sent;
    EXPECT_TRUE(if_none_match_matches(sent, "a")) << sent;
  }
}

TEST(IfNoneMatch, DoesNotMatchAnythingElse) {
  for (auto sent : {"", "\"b\"", "\"A\"", "a", "\"a", "\"x\" \"a\"", "\"a\"b", "**", "\"*\"",
                    "\"x\", a", "\"b,a\"", "\"aa\""})
    EXPECT_FALSE(if_none_match_matches(sent, "\"a\"")) << sent;
}

TEST(IfNoneMatch, KeepsCommasInsideATag) {
  EXPECT_TRUE(if_none_match_matches("\"a,b\"", "\"a,b\""));
  EXPECT_FALSE(if_none_match_matches("\"a,b\"", "\"b\""));
}

TEST(GoDuration, ReadsWhatGoPrints) {
  struct Case {
    std::string_view text;
    std::int64_t seconds;
  };
  for (const Case& known : {Case{"1h0m0s", 3600},
                            {"90s", 90},
                            {"1.5h", 5400},
                            {"0s", 0},
                            {"0", 0},
                            {"2m30s", 150},
                            {"1500ms", 1},
                            {"999ms", 0},
                            {"1us", 0},
                            {"1\xc2\xb5s", 0},
                            {"1\xce\xbcs", 0},
                            {"1ns", 0},
                            {"1h1m1s1ms1us1ns", 3661},
                            {".5m", 30},
                            {"1.m", 60},
                            {"2562047h47m16.854775807s", 9'223'372'036},
                            {"0.000000000000000000001h", 0}})
    EXPECT_EQ(parse_go_duration(known.text), Seconds(known.seconds)) << known.text;
}

TEST(GoDuration, RefusesTheRest) {
  for (auto text :
       {"",     "1",     "s",    ".s",    ".",   "1x", "1h 2m",    "-1s",
        "+1s",  "1hh",   "1d",   "1h2",   " 1s", "1S", "2562048h", "99999999999999999999s",
        "1e3s", "1h-1m", "0x1s", "1.5.5s"})
    EXPECT_FALSE(parse_go_duration(text)) << text;
}

TEST(CacheStatus, SaysHowTheAnswerCameToBe) {
  EXPECT_EQ(write_cache_status({.detail = Detail::fresh, .ttl = Seconds(41)}),
            "ghmesh; hit; ttl=41; detail=fresh");
  EXPECT_EQ(write_cache_status({.detail = Detail::fetched,
                                .ttl = Seconds(60),
                                .forwarded_status = 200,
                                .is_stored = true}),
            "ghmesh; fwd=uri-miss; fwd-status=200; stored; ttl=60; detail=fetched");
  EXPECT_EQ(write_cache_status({.detail = Detail::revalidated,
                                .ttl = Seconds(60),
                                .forwarded_status = 304,
                                .is_stored = true}),
            "ghmesh; fwd=stale; fwd-status=304; stored; ttl=60; detail=revalidated");
  EXPECT_EQ(write_cache_status({.detail = Detail::proven, .forwarded_status = 304}),
            "ghmesh; fwd=uri-miss; fwd-status=304; detail=proven");
  EXPECT_EQ(write_cache_status({.detail = Detail::coalesced, .ttl = Seconds(60)}),
            "ghmesh; fwd=miss; collapsed; ttl=60; detail=coalesced");
  EXPECT_EQ(write_cache_status({.detail = Detail::passed, .forwarded_status = 201}),
            "ghmesh; fwd=bypass; fwd-status=201; detail=passed");
  EXPECT_EQ(write_cache_status({.detail = Detail::passed, .forward = Forward::method}),
            "ghmesh; fwd=method; detail=passed");
}

TEST(CacheStatus, OfAStaleAnswerTellsWhetherTheUpstreamWasAsked) {
  EXPECT_EQ(write_cache_status({.detail = Detail::stale, .ttl = Seconds(-7)}),
            "ghmesh; hit; ttl=-7; detail=stale");
  EXPECT_EQ(
      write_cache_status({.detail = Detail::stale, .ttl = Seconds(-7), .forwarded_status = 503}),
      "ghmesh; fwd=stale; fwd-status=503; ttl=-7; detail=stale");
}

TEST(Detail, HasOneNameEach) {
  std::string names;
  for (int i = 0; i < kDetailsCount; ++i) {
    names += detail_name(static_cast<Detail>(i));
    names += ' ';
  }
  EXPECT_EQ(names, "fresh revalidated proven coalesced peer fetched stale passed limited ");
}

}  // namespace
}  // namespace ghmesh::http
