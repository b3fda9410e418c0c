// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "http/date.h"

#include <gtest/gtest.h>

namespace ghmesh::http {
namespace {

struct Known {
  std::string_view text;
  std::int64_t seconds;
};
constexpr Known kKnown[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784'111'777},  // the example of RFC 9110, 5.6.7
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
    {"Tue, 19 Jan 2038 03:14:07 GMT", 2'147'483'647},
    {"Tue, 19 Jan 2038 03:14:08 GMT", 2'147'483'648},
    {"Tue, 29 Feb 2000 12:00:00 GMT", 951'825'600},
    {"Thu, 29 Feb 2024 23:59:59 GMT", 1'709'251'199},
    {"Sun, 07 Feb 2106 06:28:16 GMT", 4'294'967'296},
    {"Fri, 31 Dec 9999 23:59:59 GMT", 253'402'300'799},
    {"Sat, 01 Jan 0000 00:00:00 GMT", -62'167'219'200},
};

TEST(Date, ReadsAndWritesKnownMoments) {
  for (const Known& known : kKnown) {
    const auto time = parse_date(known.text);
    ASSERT_TRUE(time) << known.text;
    EXPECT_EQ(to_seconds(*time), known.seconds) << known.text;
    EXPECT_EQ(write_date(wall_time(known.seconds)), known.text);
  }
}

TEST(Date, EveryDayOfFourHundredYearsComesBack) {
  // One whole cycle of the Gregorian calendar, each day at another second of it.
  std::int64_t seconds = wall_time(0).time_since_epoch().count();
  for (int day = 0; day < 146'097; ++day, seconds += 86'401) {
    const auto time = parse_date(write_date(wall_time(seconds)));
    ASSERT_TRUE(time && to_seconds(*time) == seconds) << write_date(wall_time(seconds));
  }
}

TEST(Date, WritesTheNearestNameOfAMomentWithoutOne) {
  EXPECT_EQ(write_date(wall_time(253'402'300'800)), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(write_date(WallTime::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(write_date(WallTime::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(Date, TakesTheLeapSecondForTheSecondAfter) {
  const auto leap = parse_date("Sat, 31 Dec 2016 23:59:60 GMT");
  ASSERT_TRUE(leap);
  EXPECT_EQ(write_date(*leap), "Sun, 01 Jan 2017 00:00:00 GMT");
}

TEST(Date, RefusesEverythingElse) {
  for (std::string_view text : {"",
                                "Sun",
                                "Mon, 06 Nov 1994 08:49:37 GMT",   // that was a Sunday
                                "Sunday, 06-Nov-94 08:49:37 GMT",  // RFC 850
                                "Sun Nov  6 08:49:37 1994",        // asctime
                                "Sun, 6 Nov 1994 08:49:37 GMT",
                                "sun, 06 Nov 1994 08:49:37 GMT",
                                "Sun, 06 nov 1994 08:49:37 GMT",
                                "Sun, 06 Nov 1994 08:49:37 gmt",
                                "Sun, 06 Nov 1994 08:49:37 UTC",
                                "Sun, 06 Nov 1994 08:49:37 +00",
                                "Sun, 06 Nov 1994 24:00:00 GMT",
                                "Sun, 06 Nov 1994 08:60:00 GMT",
                                "Sun, 06 Nov 1994 08:49:61 GMT",
                                "Sun, 00 Nov 1994 08:49:37 GMT",
                                "Thu, 31 Nov 1994 08:49:37 GMT",
                                "Wed, 29 Feb 2023 00:00:00 GMT",
                                "Mon, 29 Feb 2100 00:00:00 GMT",
                                "Sun, 06 Nov 1994 08:49:37 GMT ",
                                " Sun, 06 Nov 1994 08:49:37 GMT",
                                "Sun, 06 Nov -994 08:49:37 GMT",
                                "Sun, 06 Foo 1994 08:49:37 GMT",
                                "Sun, +6 Nov 1994 08:49:37 GMT"})
    EXPECT_FALSE(parse_date(text)) << text;
}

TEST(Date, RefusesEveryTruncation) {
  constexpr std::string_view kWhole = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (std::size_t bytes = 0; bytes < kWhole.size(); ++bytes)
    EXPECT_FALSE(parse_date(kWhole.substr(0, bytes))) << bytes;
}

}  // namespace
}  // namespace ghmesh::http
