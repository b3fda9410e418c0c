// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "http/headers.h"

#include <gtest/gtest.h>

namespace ghmesh::http {
namespace {

TEST(Headers, FindsNamesWithoutCase) {
  const Headers headers{{"Content-Type", "text/plain"}, {"LINK", "<a>"}};
  EXPECT_EQ(headers.get("content-type"), "text/plain");
  EXPECT_EQ(headers.get("Link"), "<a>");
  EXPECT_FALSE(headers.find("etag"));
  EXPECT_FALSE(headers.contains("content-typ"));
}

TEST(Headers, TellsAnEmptyFieldFromNone) {
  const Headers headers{{"Accept", ""}};
  ASSERT_TRUE(headers.find("accept"));
  EXPECT_EQ(*headers.find("accept"), "");
}

TEST(Headers, AnswersWithTheFirstOfSeveral) {
  Headers headers;
  headers.add("Vary", "Accept");
  headers.add("vary", "Cookie");
  EXPECT_EQ(headers.get("VARY"), "Accept");
  EXPECT_EQ(headers.size(), 2u);
}

TEST(Headers, SettingReplacesEveryFieldOfThatName) {
  Headers headers{{"Link", "1"}, {"Age", "0"}, {"link", "2"}};
  headers.set("LINK", "3");
  EXPECT_EQ(headers, (Headers{{"Age", "0"}, {"LINK", "3"}}));
}

TEST(Headers, SettingAFieldToItsOwnValueIsSafe) {
  Headers headers{{"Link", std::string(100, 'x')}, {"Age", "0"}};
  headers.set(headers.begin()->name, headers.get("link"));
  EXPECT_EQ(headers.get("link"), std::string(100, 'x'));
}

TEST(Headers, RemovingKeepsTheOrderOfTheRest) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}};
  headers.remove(headers.begin()->name);
  EXPECT_EQ(headers, (Headers{{"B", "2"}, {"C", "4"}}));
}

}  // namespace
}  // namespace ghmesh::http
