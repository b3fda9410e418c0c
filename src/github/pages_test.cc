// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/pages.h"

#include <gtest/gtest.h>

namespace ghmesh::github {
namespace {

TEST(Pages, AreReadFromTheQuery) {
  EXPECT_EQ(read_page("").number, 1U);
  EXPECT_EQ(read_page("").size, 30U);
  EXPECT_EQ(read_page("state=all&page=7&per_page=100").number, 7U);
  EXPECT_EQ(read_page("state=all&page=7&per_page=100").size, 100U);
  EXPECT_EQ(read_page("per_page=1000").size, 100U);
  for (const char* odd : {"page=", "page=x", "page=0", "page=-1", "page", "&&", "page=1x"})
    EXPECT_EQ(read_page(odd).number, 1U) << odd;
}

TEST(Pages, HaveNeighboursOfTheSameList) {
  EXPECT_EQ(target_of_page("/x", 2), "/x?page=2");
  EXPECT_EQ(target_of_page("/x?state=all", 2), "/x?state=all&page=2");
  EXPECT_EQ(target_of_page("/x?page=2&state=all", 3), "/x?state=all&page=3");
  EXPECT_EQ(target_of_page("/x?page=2&per_page=5", 1), "/x?per_page=5");
  EXPECT_EQ(target_of_page("/x?page=2", 1), "/x");
}

TEST(Pages, CountWhatIsOnThem) {
  EXPECT_EQ(count_elements("[]"), 0U);
  EXPECT_EQ(count_elements(" [ \n ] "), 0U);
  EXPECT_EQ(count_elements("[1]"), 1U);
  EXPECT_EQ(count_elements("[[]]"), 1U);
  EXPECT_EQ(count_elements(R"(["a,b","]",{"x":[1,2,3],"y":"\",\\"}, null])"), 4U);
  for (const char* odd : {"", "{}", "null", "[", "[1", R"(["abc)", R"(["abc\)", "]"})
    EXPECT_EQ(count_elements(odd), 0U) << odd;
}

TEST(Pages, Trap7AFullLastPageMayHaveGrown) {
  const std::string_view next =
      R"(<https://api.github.com/repositories/1/issues?page=2>; rel="next")";
  EXPECT_TRUE(may_have_grown("per_page=2", "", "[1,2]"));
  EXPECT_TRUE(may_have_grown("per_page=2&page=4",
                             R"(<https://api.github.com/x?page=3>; rel="prev")", "[1,2]"));
  EXPECT_FALSE(may_have_grown("per_page=2", next, "[1,2]"));
  EXPECT_FALSE(may_have_grown("per_page=3", "", "[1,2]"));
  EXPECT_FALSE(may_have_grown("", "", "[1,2]"));
}

TEST(Pages, NameTheirRepositoryByItsNumber) {
  EXPECT_EQ(repository_number_scope(
                R"(<https://api.github.com/repositories/1296269/issues?page=2>; rel="next")"),
            "repositories/1296269");
  EXPECT_EQ(repository_number_scope("https://api.github.com/repositories/7"), "repositories/7");
  for (const char* odd : {"", "/repositories/", "/repositories/x", "/repos/o/r/issues?page=2"})
    EXPECT_EQ(repository_number_scope(odd), "") << odd;
}

}  // namespace
}  // namespace ghmesh::github
