// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/text.h"
#include "sim/accounts.h"
#include "sim/test_model.h"

namespace ghmesh::sim {
namespace {

TEST(Accounts, FindTheTokenInEverySpelling) {
  EXPECT_EQ(token_of("token x"), "x");
  EXPECT_EQ(token_of("Bearer x"), "x");
  EXPECT_EQ(token_of("basic " + base64(as_bytes("user:x"))), "x");
  EXPECT_EQ(token_of("basic " + base64(as_bytes("x:x-oauth-basic"))), "x");
  EXPECT_EQ(token_of("basic ?"), "");
  EXPECT_EQ(token_of("x"), "");
}

TEST(ModelAccess, HidesPrivateRepositoriesBehindA404) {
  TestModel model;
  for (const char* path : {"/repos/octo-org/secret", "/repos/octo-org/secret/issues",
                           "/repos/octo-org/secret/contents/"}) {
    EXPECT_EQ(model.get(path, kAlice).status, 404) << path;
    EXPECT_EQ(model.get(path).status, 404) << path;
    EXPECT_EQ(model.get(path, kOctocat).status, 200) << path;
  }
  const auto id = boost::json::parse(model.get("/repos/octo-org/secret", kOctocat).body_text())
                      .at("id")
                      .as_int64();
  EXPECT_EQ(model.get("/repositories/" + std::to_string(id), kAlice).status, 404);
}

TEST(ModelAccess, GivesEveryInventedUserAPrivateRepository) {
  TestModel model;
  EXPECT_EQ(model.get("/repos/alice/private", kAlice).status, 200);
  EXPECT_EQ(model.get("/repos/alice/private", "ghp_model_bob_1").status, 404);
  EXPECT_NE(model.get("/repos/alice/private/issues/1", kAlice).body_text().find("alice/private"),
            std::string_view::npos);
}

TEST(ModelAccess, ComesAndGoes) {
  TestModel model;
  model.control("grant?token=ghp_model_alice_1&repo=octo-org/secret");
  EXPECT_EQ(model.get("/repos/octo-org/secret", kAlice).status, 200);
  EXPECT_EQ(model.get("/repos/octo-org/secret", kAliceToo).status, 404);  // of that token only
  model.control("revoke?token=ghp_model_alice_1&repo=octo-org/secret");
  EXPECT_EQ(model.get("/repos/octo-org/secret", kAlice).status, 404);
  model.control("grant?user=alice&repo=octo-org/secret");
  EXPECT_EQ(model.get("/repos/octo-org/secret", kAliceToo).status, 200);
  model.control("revoke?user=alice&repo=octo-org/secret");
  EXPECT_EQ(model.get("/repos/octo-org/secret", kAliceToo).status, 404);
}

TEST(ModelAccess, RefusesBadAndRevokedCredentials) {
  TestModel model;
  EXPECT_EQ(model.get("/repos/octocat/Hello-World", "nonsense").status, 401);
  EXPECT_EQ(model.get("/repos/octocat/Hello-World", kAlice).status, 200);
  model.control("revoke?token=ghp_model_alice_1");
  EXPECT_EQ(model.get("/repos/octocat/Hello-World", kAlice).status, 401);
  EXPECT_EQ(model.get("/repos/octocat/Hello-World", kAliceToo).status, 200);
}

TEST(ModelAccess, RefusesASuspendedUser) {
  TestModel model;
  model.control("suspend?user=alice");
  const auto answer = model.get("/repos/octocat/Hello-World", kAlice);
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body_text().find("suspended"), std::string_view::npos);
}

TEST(ModelAccess, SaysThatARepositoryIsBlocked) {
  TestModel model;
  EXPECT_EQ(model.get("/repos/octo-org/blocked", kAlice).status, 451);
}

TEST(ModelAccess, RedirectsARenamedRepositoryToItsId) {
  TestModel model;
  const auto id =
      boost::json::parse(model.get("/repos/octocat/Hello-World").body_text()).at("id").as_int64();
  model.control("rename?repo=octocat/Hello-World&to=Greetings");
  const auto moved = model.get("/repos/octocat/hello-world/issues?state=all");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.headers.get("Location"),
            "https://api.github.com/repositories/" + std::to_string(id) + "/issues?state=all");
  const auto followed = model.get("/repositories/" + std::to_string(id));
  EXPECT_EQ(boost::json::parse(followed.body_text()).at("full_name").as_string(),
            "octocat/Greetings");
  EXPECT_EQ(model.get("/repos/octocat/Greetings").body_text(), followed.body_text());
}

TEST(ModelAccess, MovesFromPublicToPrivate) {
  TestModel model;
  EXPECT_EQ(model.get("/repos/octo-org/widgets", kAlice).status, 200);
  model.control("private?repo=octo-org/widgets");
  EXPECT_EQ(model.get("/repos/octo-org/widgets", kAlice).status, 404);
  EXPECT_EQ(model.get("/repos/octo-org/widgets", kOctocat).status, 200);
}

TEST(ModelAccess, KeepsPrivateRepositoriesOutOfListsAndSearches) {
  TestModel model;
  for (const char* path : {"/orgs/octo-org/repos", "/search/repositories?q=octo-org",
                           "/search/issues?q=is:issue&per_page=100"}) {
    EXPECT_EQ(model.get(path, kAlice).body_text().find("octo-org/secret"), std::string_view::npos)
        << path;
    EXPECT_NE(model.get(path, kOctocat).body_text().find("octo-org/"), std::string_view::npos)
        << path;
  }
}

TEST(ModelAccess, MintsLongInstallationTokensForAnAppOnly) {
  TestModel model;
  const std::string_view path = "/app/installations/7/access_tokens";
  EXPECT_EQ(model.ask(path, {.method = "POST", .token = kAlice}).status, 401);
  const auto minted = model.ask(path, {.method = "POST", .token = "eyJhbGciOi.eyJpYXQiOj.c2ln"});
  ASSERT_EQ(minted.status, 201);
  const std::string token(boost::json::parse(minted.body_text()).at("token").as_string());
  EXPECT_GT(token.size(), 300u);
  EXPECT_EQ(model.get("/repos/octo-org/secret", token).status, 200);
  EXPECT_EQ(model.get("/user", token).status, 403);
}

}  // namespace
}  // namespace ghmesh::sim
