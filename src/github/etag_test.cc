// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/etag.h"

#include <gtest/gtest.h>

#include <set>

namespace ghmesh::github {
namespace {

constexpr std::string_view kAccept = "application/vnd.github+json";
constexpr std::string_view kBearer = "Bearer hunter2";

TEST(Etag, MatchesThePublishedVectors) {
  EXPECT_EQ(compute_etag({}, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(compute_etag({}, kEmptyListBody),
            "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945");
  EXPECT_EQ(compute_etag({.accept = kAccept, .authorization = kBearer}, kEmptyListBody),
            "4ca3654066548c66635d8c4ff18efdef7630cfe4b140ed1c40f72fad4dbff62d");
}

TEST(Etag, JoinsAcceptThenAuthorizationThenCookie) {
  EXPECT_EQ(compute_etag({.accept = "a", .authorization = "b", .cookie = "c"}, "body"),
            compute_etag({}, "a:b:c:body"));
  EXPECT_EQ(compute_etag({.cookie = "c"}, "body"), compute_etag({}, "c:body"));
}

TEST(Etag, TellsAFieldSentEmptyFromOneNotSent) {
  EXPECT_EQ(compute_etag({.accept = ""}, "body"), compute_etag({}, ":body"));
  EXPECT_NE(compute_etag({.accept = ""}, "body"), compute_etag({}, "body"));
}

TEST(Etag, DiffersForEverySpellingOfTheInputs) {
  std::set<std::string> seen;
  for (std::string_view accept : {"", "*/*", "application/json", "application/vnd.github+json"})
    for (std::string_view authorization : {"token hunter2", "Bearer hunter2", "bearer hunter2"})
      EXPECT_TRUE(
          seen.insert(compute_etag({.accept = accept, .authorization = authorization}, "[]"))
              .second);
}

TEST(Vary, SelectsTheInputsThatItNames) {
  const EtagInputs sent{.accept = kAccept, .authorization = kBearer, .cookie = "c=1"};
  // The two values that api.github.com sends, with and without a credential.
  const auto with = select_by_vary(
      "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With",
      sent);
  EXPECT_EQ(with.accept, kAccept);
  EXPECT_EQ(with.authorization, kBearer);
  EXPECT_EQ(with.cookie, "c=1");
  const auto without = select_by_vary("Accept,Accept-Encoding, Accept, X-Requested-With", sent);
  EXPECT_EQ(without.accept, kAccept);
  EXPECT_FALSE(without.authorization);
  EXPECT_FALSE(without.cookie);
}

TEST(Vary, IgnoresCaseAndBlanks) {
  EXPECT_EQ(select_by_vary(" ,\tACCEPT\t,,", {.accept = kAccept}).accept, kAccept);
}

TEST(Vary, SelectsNothingThatWasNotSentOrNotNamed) {
  const auto selected = select_by_vary("Accept, Authorization", {.authorization = kBearer});
  EXPECT_FALSE(selected.accept);
  EXPECT_EQ(selected.authorization, kBearer);
  for (std::string_view vary : {"", "*", "Accept-Encoding", "X-Accept", "Accepts", "Acc ept"}) {
    EXPECT_FALSE(select_by_vary(vary, {.accept = kAccept}).accept) << vary;
  }
}

}  // namespace
}  // namespace ghmesh::github
