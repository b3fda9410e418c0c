// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/pattern.h"

#include <gtest/gtest.h>

namespace ghmesh::github {
namespace {

Pattern of(std::string_view text) { return Pattern::parse(text).value(); }

TEST(Pattern, NamesARepositoryOrAllOfAnOwner) {
  for (const char* target : {"/repos/octo-org/widgets", "/repos/Octo-Org/Widgets/pulls/7?x=1"})
    EXPECT_TRUE(of("octo-org/widgets").matches(target)) << target;
  for (const char* target :
       {"/repos/octo-org/widgets2", "/repos/octo-org", "/orgs/octo-org/widgets"})
    EXPECT_FALSE(of("octo-org/widgets").matches(target)) << target;
  EXPECT_TRUE(of("octo-org/*").matches("/repos/octo-org/any/pulls"));
  EXPECT_FALSE(of("octo-org/*").matches("/repos/other/any"));
}

TEST(Pattern, NamesPathsWithTheirQueriesOrOneOfThem) {
  const Pattern pulls = of("/repos/o/r/pulls");
  EXPECT_TRUE(pulls.matches("/repos/o/r/pulls"));
  EXPECT_TRUE(pulls.matches("/repos/o/r/pulls?state=all"));
  EXPECT_FALSE(pulls.matches("/repos/o/r/pulls/1"));
  EXPECT_TRUE(of("https://api.github.com/x?page=2").matches("/x?page=2"));
  EXPECT_FALSE(of("/x?page=2").matches("/x"));
}

TEST(Pattern, WildcardsStandForBytesOrForSegments) {
  EXPECT_TRUE(of("/repos/*/r*/pulls/**").matches("/repos/o/rr/pulls"));
  EXPECT_TRUE(of("/repos/*/r*/pulls/**").matches("/repos/o/r/pulls/1/files"));
  EXPECT_FALSE(of("/repos/*/r*/pulls/**").matches("/repos/o/x/pulls"));
  EXPECT_TRUE(of("/**/files").matches("/repos/o/r/pulls/1/files"));
  EXPECT_FALSE(of("/**/files").matches("/repos/o/r/pulls/1/files/x"));
  EXPECT_TRUE(of("/**").matches("/user"));
  EXPECT_TRUE(of("/a*b*c").matches("/axxbyybzc"));
  EXPECT_FALSE(of("/a*b*c").matches("/axxbyyb"));
}

TEST(Pattern, RefusesWhatNamesNothing) {
  for (const char* text : {"", "/", "widgets", "a/b/c", "/?x", "a/", "a/b?x"})
    EXPECT_FALSE(Pattern::parse(text)) << text;
  EXPECT_FALSE(Pattern::parse("/" + std::string(2000, 'x')));
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "/x";
  EXPECT_FALSE(Pattern::parse(deep));
}

TEST(Pattern, DoubtsTheSmallestPlaceThatHoldsItAll) {
  EXPECT_EQ(of("o/r").doubt(), (Doubt{.place = {"repos/o/r", ""}}));
  EXPECT_EQ(of("O/*").doubt(), (Doubt{.place = {"repos/o", ""}}));
  EXPECT_EQ(of("/repos/o/r/pulls/*").doubt(), (Doubt{.place = {"repos/o/r", "pulls"}}));
  EXPECT_EQ(of("/repos/o/r/pulls").doubt(),
            (Doubt{.place = {"repos/o/r", "pulls"}, .reach = Doubt::Reach::itself}));
  EXPECT_EQ(of("/repos/*/r").doubt().place.scope, "");
  EXPECT_EQ(of("/**").doubt().place.scope, "");
}

// Many stars against a long text: what would be exponential with a naive way back.
TEST(Pattern, IsQuickWhateverItIs) {
  std::string stars = "/";
  for (int i = 0; i < 400; ++i) stars += "*a";
  EXPECT_FALSE(of(stars).matches("/" + std::string(8000, 'b')));
  std::string deep;
  for (int i = 0; i < 15; ++i) deep += "/**/x";
  std::string path;
  for (int i = 0; i < 2000; ++i) path += "/y";
  EXPECT_FALSE(of(deep).matches(path));
}

}  // namespace
}  // namespace ghmesh::github
