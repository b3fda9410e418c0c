// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/links.h"

#include <gtest/gtest.h>

namespace ghmesh::github {
namespace {

constexpr Rewrite kRewrite{.from = "https://api.github.com", .to = "http://127.0.0.1:8418"};
constexpr Rewrite kEnterprise{.from = "https://api.github.com",
                              .to = "http://127.0.0.1:8418/api/v3"};

TEST(Links, Trap8RewritesEveryTargetOfALinkField) {
  EXPECT_EQ(rewrite_urls("<https://api.github.com/repositories/1/issues?page=2>; rel=\"next\", "
                         "<https://api.github.com/repositories/1/issues?page=9>; rel=\"last\"",
                         kRewrite),
            "<http://127.0.0.1:8418/repositories/1/issues?page=2>; rel=\"next\", "
            "<http://127.0.0.1:8418/repositories/1/issues?page=9>; rel=\"last\"");
}

TEST(Links, Trap8RewritesALocation) {
  EXPECT_EQ(rewrite_urls("https://api.github.com/repositories/1", kEnterprise),
            "http://127.0.0.1:8418/api/v3/repositories/1");
  EXPECT_EQ(rewrite_urls("https://api.github.com", kRewrite), "http://127.0.0.1:8418");
  EXPECT_EQ(rewrite_urls("https://api.github.com?a=b", kRewrite), "http://127.0.0.1:8418?a=b");
}

TEST(Links, LeaveOtherHostsAlone) {
  for (std::string_view text :
       {"https://api.github.com.evil.example/x", "https://api.github.community/x",
        "https://api.github.com:8443/x", "https://api.github.com@evil.example/",
        "http://api.github.com/x", "https://uploads.github.com/x",
        "<https://evil.example/?u=https://api.github.com/x>", "", "/relative",
        "HTTPS://API.GITHUB.COM/x"})
    EXPECT_EQ(rewrite_urls(text, kRewrite), text);
}

TEST(JsonLinks, RewritesValuesOnly) {
  EXPECT_EQ(
      rewrite_json_urls(
          R"({"url":"https://api.github.com/a","list":["https://api.github.com/b","https://api.github.com/c"]})",
          kRewrite),
      R"({"url":"http://127.0.0.1:8418/a","list":["http://127.0.0.1:8418/b","http://127.0.0.1:8418/c"]})");
  EXPECT_EQ(rewrite_json_urls(R"({"url" : "https://api.github.com/a"})", kRewrite),
            R"({"url" : "http://127.0.0.1:8418/a"})");
  constexpr std::string_view kNames =
      R"({"https://api.github.com/a":1, "https://api.github.com/b" : 2})";
  EXPECT_EQ(rewrite_json_urls(kNames, kRewrite), kNames);
}

TEST(JsonLinks, LeavesTextThatSpeaksOfTheHostAlone) {
  for (std::string_view body :
       {R"({"body":"see https://api.github.com/a"})",
        R"({"body":"say \"https://api.github.com/a\""})",
        R"({"body":"\\\"https://api.github.com/a"})",
        R"({"html_url":"https://github.com/api.github.com/"})",
        R"({"u":"https://api.github.com.evil.example/"})", R"({"u":"http://api.github.com/"})",
        R"({"u":"https://uploads.github.com/repos/o/r/releases/1/assets{?name,label}"})", "", "[]",
        R"("api.github.com")", "api.github.com", "https://api.github.com/x"})
    EXPECT_EQ(rewrite_json_urls(body, kRewrite), body);
}

TEST(JsonLinks, AQuoteAfterAnEscapedBackslashIsReal) {
  EXPECT_EQ(rewrite_json_urls(R"(["a\\","https://api.github.com/b"])", kRewrite),
            R"(["a\\","http://127.0.0.1:8418/b"])");
}

TEST(JsonLinks, KeepsUrlTemplatesWhole) {
  EXPECT_EQ(rewrite_json_urls(R"({"a":"https://api.github.com/repos/o/r/pulls{/number}",)"
                              R"("b":"https://api.github.com{/x}","c":"https://api.github.com"})",
                              kEnterprise),
            R"({"a":"http://127.0.0.1:8418/api/v3/repos/o/r/pulls{/number}",)"
            R"("b":"http://127.0.0.1:8418/api/v3{/x}","c":"http://127.0.0.1:8418/api/v3"})");
}

TEST(JsonLinks, KeepsSlashesEscapedWhereTheyWere) {
  EXPECT_EQ(
      rewrite_json_urls(
          R"({"url":"https:\/\/api.github.com\/a\/b","v":"https://api.github.com/c"})",
          kEnterprise),
      R"({"url":"http:\/\/127.0.0.1:8418\/api\/v3\/a\/b","v":"http://127.0.0.1:8418/api/v3/c"})");
}

TEST(JsonLinks, RewritesAnOriginWithAPath) {
  const Rewrite enterprise{.from = "https://ghe.example/api/v3", .to = "http://localhost:1"};
  EXPECT_EQ(rewrite_json_urls(R"(["https://ghe.example/api/v3/user","https://ghe.example/u"])",
                              enterprise),
            R"(["http://localhost:1/user","https://ghe.example/u"])");
  EXPECT_EQ(rewrite_json_urls(R"(["https:\/\/ghe.example\/api\/v3\/user"])", enterprise),
            R"(["http:\/\/localhost:1\/user"])");
}

TEST(JsonLinks, AreFoundAtEveryOffset) {
  // The search looks at sixteen places at once: no place of a block, and no tail behind the last block, may be missed.
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 40; ++after) {
      const std::string head = "[\"" + std::string(before, 'm') + "\",\"";
      const std::string tail = "/" + std::string(after, 'a') + "\"]";
      ASSERT_EQ(rewrite_json_urls(head + "https://api.github.com" + tail, kRewrite),
                head + "http://127.0.0.1:8418" + tail)
          << before << ' ' << after;
    }
  }
}

TEST(JsonLinks, GrowsByABoundedAmountPerUrl) {
  const std::string long_name(kRewriteBytesMax + 1, 'h');
  const std::string_view body = R"(["https://api.github.com/a"])";
  EXPECT_EQ(rewrite_json_urls(body, {.from = "https://api.github.com", .to = long_name}), body);
  EXPECT_EQ(
      rewrite_urls("https://api.github.com/a", {.from = "https://api.github.com", .to = long_name}),
      "https://api.github.com/a");
}

TEST(JsonLinks, AnEmptyOriginRewritesNothing) {
  EXPECT_EQ(rewrite_json_urls(R"(["x"])", {.from = "", .to = "y"}), R"(["x"])");
  EXPECT_EQ(rewrite_urls("x", {.from = "", .to = "y"}), "x");
  EXPECT_EQ(rewrite_json_urls(R"(["https://x"])", {.from = "https://", .to = "y"}),
            R"(["https://x"])");
}

TEST(Link, IsFoundByItsRelation) {
  constexpr std::string_view kLink =
      R"(<https://a/?page=2>; rel="next", <https://a/?q=1,2&page=9>; title="x, y; rel=\"first\""; rel=last,)"
      R"( <https://a/3>;REL="prev up")";
  EXPECT_EQ(find_link(kLink, "next"), "https://a/?page=2");
  EXPECT_EQ(find_link(kLink, "last"), "https://a/?q=1,2&page=9");
  EXPECT_EQ(find_link(kLink, "up"), "https://a/3");
  EXPECT_EQ(find_link(kLink, "PREV"), "https://a/3");
  EXPECT_EQ(find_link(kLink, "first"), "");
}

TEST(Link, FitsOnlyWhereItStaysWithItsAnswer) {
  constexpr std::string_view kOrigin = "https://api.github.com";
  constexpr std::string_view kPath = "/repos/o/r/issues";
  const auto fits = [&](std::string_view link) { return links_fit(link, kOrigin, kPath); };
  EXPECT_TRUE(fits(""));
  EXPECT_TRUE(fits(R"(<https://api.github.com/repos/o/r/issues?page=2>; rel="next")"));
  EXPECT_TRUE(fits(R"(<https://api.github.com/repositories/7/issues?page=2>; rel="next", )"
                   R"(<https://api.github.com/repositories/7/issues?page=9>; rel="last")"));
  EXPECT_FALSE(
      fits(R"(<https://api.github.com.evil.example/repos/o/r/issues?page=2>; rel="next")"));
  EXPECT_FALSE(fits(R"(<https://api.github.com@evil.example/repos/o/r/issues>; rel="next")"));
  EXPECT_FALSE(fits(R"(<http://api.github.com/repos/o/r/issues?page=2>; rel="next")"));
  EXPECT_FALSE(fits(R"(<https://api.github.com/repos/o/other/issues?page=2>; rel="next")"));
  EXPECT_FALSE(fits(R"(<https://api.github.com/repositories/7/pulls?page=2>; rel="next")"));
  EXPECT_FALSE(fits(R"(<https://api.github.com/repositories/7/issues?page=2>; rel="next", <x>)"));
  EXPECT_FALSE(fits(R"(<https://api.github.com/repos/o/r/issues?page=2)"));
}

TEST(Link, IsNotFoundInWhatIsNone) {
  for (std::string_view text : {"", "<", "<a", "<a>", "<a>; rel", "<a>; rel=", "a; rel=\"next\"",
                                "<a>; rel=\"prev\"; rel=\"next\"", "<a>; x=\"rel=next\""})
    EXPECT_EQ(find_link(text, "next"), "") << text;
}

}  // namespace
}  // namespace ghmesh::github
