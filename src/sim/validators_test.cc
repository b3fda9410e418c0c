// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/validators.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "sim/test_model.h"

namespace ghmesh::sim {
namespace {

constexpr std::string_view kIssue = "/repos/octocat/Hello-World/issues/3";

std::string sha256_hex(std::string_view text) { return hex(crypto::sha256(as_bytes(text))); }

TEST(Validators, MatchThePublishedVector) {
  const EtagRequest request{
      .accept = {"application/vnd.github+json"}, .authorization = {"Bearer hunter2"}, .cookie = {}};
  EXPECT_EQ(github_etag(request, false, "[]"),
            "4ca3654066548c66635d8c4ff18efdef7630cfe4b140ed1c40f72fad4dbff62d");
  EXPECT_EQ(github_etag({}, true, "[]"),
            "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945");
}

TEST(Validators, HashEveryValueThatVaryNamesInOrder) {
  const EtagRequest request{.accept = {"a", ""}, .authorization = {"t"}, .cookie = {"c"}};
  EXPECT_EQ(github_etag(request, false, "body"), sha256_hex("a::t:c:body"));
  EXPECT_EQ(github_etag(request, true, "body"),
            sha256_hex("a::body"));  // an anonymous answer varies by Accept only
}

TEST(Validators, CompareWeakly) {
  EXPECT_TRUE(meets({"W/\"x\""}, "x"));
  EXPECT_TRUE(meets({"\"a\", W/\"x\" , \"b\""}, "x"));
  EXPECT_TRUE(meets({"\"a\"", "\"x\""}, "x"));  // two field lines
  EXPECT_TRUE(meets({"*"}, "x"));
  EXPECT_FALSE(meets({"\"y\"", "x", "\""}, "x"));  // without quotes it is no entity tag
  EXPECT_FALSE(meets({}, "x"));
}

TEST(ModelEtag, IsThatOfTheRawRequestAndTheBody) {
  TestModel model;
  const std::vector<http::FieldView> accept = {{"Accept", "application/vnd.github+json"}};
  const auto answer = model.ask(kIssue, {.token = kAlice, .fields = accept});
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(etag_of(answer), sha256_hex("application/vnd.github+json:token ghp_model_alice_1:" +
                                        std::string(answer.body_text())));
  const auto bearer =
      model.ask(kIssue, {.fields = {{"Authorization", "Bearer ghp_model_alice_1"}}});
  EXPECT_EQ(bearer.body_text(), answer.body_text());
  EXPECT_EQ(etag_of(bearer),
            sha256_hex("Bearer ghp_model_alice_1:" + std::string(answer.body_text())));
}

TEST(ModelEtag, LeavesTheCredentialOutOfAnonymousAnswers) {
  TestModel model;
  const auto answer = model.ask(kIssue, {.fields = {{"Cookie", "a=b"}}});
  EXPECT_EQ(etag_of(answer), sha256_hex(answer.body_text()));
  EXPECT_EQ(answer.headers.get("Vary").find("Authorization"), std::string_view::npos);
}

TEST(ModelEtag, IsThatOfTheBodyBeforeItIsIndentedForPeople) {
  TestModel model;
  const auto plain = model.get(kIssue);
  const auto pretty = model.ask(kIssue, {.fields = {{"User-Agent", "curl/7.88.1"}}});
  EXPECT_TRUE(pretty.body_text().starts_with("{\n  \"id\": "));
  EXPECT_EQ(boost::json::parse(pretty.body_text()), boost::json::parse(plain.body_text()));
  EXPECT_EQ(etag_of(pretty), etag_of(plain));
}

TEST(ModelEtag, IsWeakOnAZippedBodyAndStrongOnItsNotModified) {
  TestModel model;
  const auto zipped = model.ask(kIssue, {.token = kAlice, .fields = {{"Accept-Encoding", "gzip"}}});
  EXPECT_EQ(zipped.headers.get("Content-Encoding"), "gzip");
  EXPECT_TRUE(zipped.body_text().starts_with("\x1f\x8b"));
  EXPECT_TRUE(zipped.headers.get("ETag").starts_with("W/\""));
  const std::string tag(zipped.headers.get("ETag"));
  const auto again = model.ask(
      kIssue, {.token = kAlice, .fields = {{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.headers.get("ETag"), "\"" + etag_of(zipped) + "\"");
  EXPECT_TRUE(again.body_text().empty());
}

TEST(ModelEtag, IsAnObjectIdOfADirectoryWhoeverAsks) {
  TestModel model;
  const auto anonymous = model.get("/repos/octocat/Hello-World/contents/");
  const auto alice = model.get("/repos/octocat/Hello-World/contents/", kAlice);
  ASSERT_EQ(anonymous.status, 200);
  EXPECT_EQ(etag_of(anonymous).size(), 40u);
  EXPECT_EQ(etag_of(anonymous), etag_of(alice));
  EXPECT_EQ(etag_of(model.get("/repos/octocat/Hello-World/contents/README.md", kAlice)).size(),
            64u);
}

TEST(ModelEtag, CanNotBeComputedOnceTheRuleIsBroken) {
  TestModel model;
  model.control("mode?etag=opaque");
  const auto answer = model.get(kIssue, kAlice);
  EXPECT_EQ(etag_of(answer).size(), 40u);
  const std::string tag = "\"" + etag_of(answer) + "\"";
  EXPECT_EQ(model.ask(kIssue, {.token = kAlice, .fields = {{"If-None-Match", tag}}}).status, 304);
}

TEST(ModelEtag, AnswersTheGuessOfAnEmptyListForFree) {
  TestModel model;
  const std::string tag = "\"" + sha256_hex("token ghp_model_alice_1:[]") + "\"";
  const auto answer = model.ask("/repos/octo-org/empty/issues",
                                {.token = kAlice, .fields = {{"If-None-Match", tag}}});
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(model.stat("charged_total"), 0);
}

}  // namespace
}  // namespace ghmesh::sim
