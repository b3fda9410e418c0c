// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/github.h"

#include "sim/test_model.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view kRepository = "/repos/octocat/Hello-World";

std::string under(std::string_view rest) {
  return std::string(kRepository) + "/" + std::string(rest);
}
json::value body_of(const http::Answer& answer) { return json::parse(answer.body_text()); }

TEST(Model, GivesTheSameBytesForTheSameSeedAndRequests) {
  TestModel one, two;
  Options other_options;
  other_options.seed = 2;
  TestModel other(std::move(other_options));
  two.get("/repos/bob/private",
          "ghp_model_bob_1");  // the order in which users appear makes no difference
  for (const char* path : {"/repos/octocat/Hello-World/issues", "/repos/alice/private", "/user"})
    EXPECT_EQ(one.get(path, kAlice).body_text(), two.get(path, kAlice).body_text()) << path;
  EXPECT_NE(one.get(under("issues")).body_text(), other.get(under("issues")).body_text());
}

TEST(Model, SendsTheHeadersThatWereCaptured) {
  TestModel model;
  const auto answer = model.get(kRepository, kAlice);
  EXPECT_EQ(answer.headers.get("Cache-Control"), "private, max-age=60, s-maxage=60");
  EXPECT_EQ(
      answer.headers.get("Vary"),
      "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With");
  EXPECT_EQ(answer.headers.get("X-GitHub-Media-Type"), "github.v3; format=json");
  EXPECT_EQ(answer.headers.get("X-GitHub-Api-Version-Selected"), "2022-11-28");
  EXPECT_EQ(answer.headers.get("X-OAuth-Scopes"), "repo, read:org, workflow");
  EXPECT_EQ(answer.headers.get("Content-Length"), std::to_string(answer.body_text().size()));
  for (const char* name : {"Date", "X-GitHub-Request-Id", "X-RateLimit-Reset", "X-RateLimit-Used"})
    EXPECT_TRUE(answer.headers.contains(name)) << name;
  const auto anonymous = model.get(kRepository);
  EXPECT_EQ(anonymous.headers.get("Cache-Control"), "public, max-age=60, s-maxage=60");
  EXPECT_EQ(anonymous.headers.get("Vary"), "Accept,Accept-Encoding, Accept, X-Requested-With");
  EXPECT_FALSE(anonymous.headers.contains("X-OAuth-Scopes"));
}

TEST(Model, LinksPagesByTheIdOfTheRepository) {
  TestModel model;
  const auto id = std::to_string(body_of(model.get("/repos/octo-org/widgets")).at("id").as_int64());
  const auto answer = model.get("/repos/octo-org/widgets/issues?state=all&per_page=50&page=2");
  const std::string base =
      "<https://api.github.com/repositories/" + id + "/issues?state=all&per_page=50&page=";
  EXPECT_EQ(answer.headers.get("Link"), base + "1>; rel=\"prev\", " + base + "3>; rel=\"next\", " +
                                            base + "3>; rel=\"last\", " + base +
                                            "1>; rel=\"first\"");
  EXPECT_EQ(body_of(answer).as_array().size(), 50u);
  EXPECT_FALSE(model.get(under("branches")).headers.contains("Link"));
  EXPECT_EQ(model.get("/repositories/" + id + "/issues?state=all&per_page=50&page=2").body_text(),
            answer.body_text());
}

TEST(Model, ShowsEveryElementOnExactlyOnePage) {
  TestModel model;
  std::set<std::int64_t> numbers;
  for (int page = 1; page <= 5; ++page) {
    const auto answer =
        model.get("/repos/octo-org/widgets/issues?state=all&page=" + std::to_string(page));
    const json::value issues = body_of(answer);
    for (const auto& issue : issues.as_array()) numbers.insert(issue.at("number").as_int64());
  }
  EXPECT_EQ(numbers.size(), 130u);
}

TEST(Model, ChangesTheBodyWithTheMediaTypeAndTheVersion) {
  TestModel model;
  const auto with = [&](std::string_view path, std::string_view accept) {
    return model.ask(path, {.fields = {{"Accept", accept}}});
  };
  const auto plain = model.get(under("issues/1"));
  for (const char* same : {"", "*/*", "application/json", "application/vnd.github.v3+json",
                           "application/vnd.github.x-preview"})
    EXPECT_EQ(with(under("issues/1"), same).body_text(), plain.body_text()) << same;
  EXPECT_NE(
      with(under("issues/1"), "application/vnd.github.html+json").body_text().find("body_html"),
      std::string::npos);
  EXPECT_EQ(
      with(under("contents/README.md"), "application/vnd.github.raw").headers.get("Content-Type"),
      "application/vnd.github.raw; charset=utf-8");
  EXPECT_TRUE(
      with(under("pulls/5"), "application/vnd.github.diff").body_text().starts_with("diff --git"));
  EXPECT_EQ(with(under("commits/main"), "application/vnd.github.sha").body_text().size(), 40u);
  EXPECT_EQ(with(under("issues/1"), "text/xml").status, 415);
  const auto next =
      model.ask(under("issues/1"), {.fields = {{"X-GitHub-Api-Version", "2026-03-10"}}});
  EXPECT_EQ(next.headers.get("X-GitHub-Api-Version-Selected"), "2026-03-10");
  EXPECT_FALSE(body_of(next).as_object().contains("assignee"));
  EXPECT_TRUE(body_of(plain).as_object().contains("assignee"));
  EXPECT_EQ(model.ask(kRepository, {.fields = {{"X-GitHub-Api-Version", "1999-01-01"}}}).status,
            400);
}

TEST(Model, AnswersHeadAsGetWithoutABody) {
  TestModel model;
  const auto get = model.get(kRepository);
  const auto head = model.ask(kRepository, {.method = "HEAD"});
  EXPECT_EQ(head.headers.get("ETag"), get.headers.get("ETag"));
  EXPECT_EQ(head.headers.get("Content-Length"), get.headers.get("Content-Length"));
  EXPECT_TRUE(head.body_text().empty());
}

TEST(Model, ComputesMergeabilityAndStatisticsLater) {
  TestModel model;
  std::string path;
  const json::value pulls = body_of(model.get(under("pulls")));
  for (const auto& pull : pulls.as_array())
    path = under("pulls/" + std::to_string(pull.at("number").as_int64()));
  ASSERT_FALSE(path.empty());
  EXPECT_TRUE(body_of(model.get(path)).at("mergeable").is_null());
  EXPECT_TRUE(body_of(model.get(path)).at("mergeable").as_bool());
  EXPECT_EQ(model.get(under("stats/commit_activity")).status, 202);
  EXPECT_EQ(model.get(under("stats/commit_activity")).status, 200);
}

TEST(Model, RedirectsArchivesAndLogsToSignedUrlsElsewhere) {
  TestModel model;
  const auto answer = model.get(under("tarball/main"), kAlice);
  EXPECT_EQ(answer.status, 302);
  const std::string location(answer.headers.get("Location"));
  ASSERT_TRUE(location.starts_with(
      "https://codeload.github.com/octocat/Hello-World/legacy.tar.gz/main?token="));
  EXPECT_FALSE(answer.headers.contains("ETag"));
  const std::string path = location.substr(std::string("https://codeload.github.com").size());
  const std::vector<http::FieldView> host = {{"Host", "codeload.github.com"}};
  EXPECT_EQ(model.ask(path, {.fields = host}).status, 200);
  EXPECT_EQ(model.ask(path + "0", {.fields = host}).status, 403);
  EXPECT_EQ(model.ask(location).status, 200);  // absolute-form
}

TEST(Model, SaysWhenASearchIsIncompleteAndWhenToPollAgain) {
  TestModel model;
  EXPECT_FALSE(body_of(model.get("/search/issues?q=cache")).at("incomplete_results").as_bool());
  EXPECT_TRUE(body_of(model.get("/search/issues?q=slowly")).at("incomplete_results").as_bool());
  EXPECT_EQ(model.get(under("events")).headers.get("X-Poll-Interval"), "60");
}

TEST(Model, SeesItsMutations) {
  TestModel model;
  const auto before = model.get(under("issues"));
  const auto created =
      model.ask(under("issues"), {.method = "POST", .token = kAlice, .body = R"({"title":"New"})"});
  ASSERT_EQ(created.status, 201);
  EXPECT_EQ(created.headers.get("Location"),
            "https://api.github.com/repos/octocat/Hello-World/issues/41");
  EXPECT_NE(model.get(under("issues")).headers.get("ETag"), before.headers.get("ETag"));
  EXPECT_EQ(body_of(model.get(under("issues/41"))).at("title").as_string(), "New");
  EXPECT_EQ(model
                .ask(under("issues/41/comments"),
                     {.method = "POST", .token = kAlice, .body = R"({"body":"x"})"})
                .status,
            201);
  EXPECT_EQ(body_of(model.get(under("issues/41"))).at("comments").as_int64(), 1);
  EXPECT_EQ(
      model
          .ask(under("contents/new.txt"),
               {.method = "PUT", .token = kOctocat, .body = R"({"message":"m","content":"aGk="})"})
          .status,
      201);
  EXPECT_EQ(
      model.ask(under("contents/new.txt"), {.fields = {{"Accept", "application/vnd.github.raw"}}})
          .body_text(),
      "hi");
  EXPECT_EQ(body_of(model.get(under("commits"))).at(0).at("commit").at("message").as_string(), "m");
}

TEST(Model, RemembersTopicsAndStatuses) {
  TestModel model;
  const std::string_view topics = R"({"names":["cache"]})";
  EXPECT_EQ(model.ask(under("topics"), {.method = "PUT", .token = kOctocat, .body = topics}).status,
            200);
  EXPECT_EQ(model.get(under("topics")).body_text(), topics);
  const auto sha =
      model.ask(under("commits/main"), {.fields = {{"Accept", "application/vnd.github.sha"}}});
  const std::string path = under("statuses/" + std::string(sha.body_text()));
  EXPECT_EQ(model.ask(path, {.method = "POST", .token = kOctocat, .body = R"({"state":"success"})"})
                .status,
            201);
  EXPECT_EQ(body_of(model.get(under("commits/main/status"))).at("state").as_string(), "success");
}

TEST(Model, SurvivesTargetsThatNobodyShouldSend) {
  TestModel model;
  for (const char* target : {"",
                             "*",
                             "/",
                             "//",
                             "/repos",
                             "/repos/",
                             "/repos/octocat",
                             "/repos//",
                             "/repos/%00/%zz/%",
                             "/repositories/",
                             "/repositories/99999999999999999999",
                             "/repos/octocat/Hello-World/",
                             "/repos/octocat/Hello-World/compare/...",
                             "/repos/octocat/Hello-World/git",
                             "http://",
                             "?",
                             "/repos/octocat/Hello-World/issues/99999999999999999999/comments",
                             "/search/",
                             "/repos/octocat/Hello-World/contents/?ref=../..",
                             "/users/",
                             "/%2e%2e"})
    for (const char* method : {"GET", "POST", "DELETE", "PATCH"})
      EXPECT_GE(model.ask(target, {.method = method, .token = kOctocat, .body = "{\"labels\":[1]}"})
                    .status,
                200)
          << target;
}

TEST(Model, MergesAPullRequestOnce) {
  TestModel model;
  const auto pulls = body_of(model.get(under("pulls")));
  const std::string path = under("pulls/" + std::to_string(pulls.at(0).at("number").as_int64()));
  EXPECT_EQ(model.ask(path + "/merge", {.method = "PUT", .token = kAlice}).status, 403);
  EXPECT_EQ(model.ask(path + "/merge", {.method = "PUT", .token = kOctocat}).status, 200);
  EXPECT_TRUE(body_of(model.get(path)).at("merged").as_bool());
  EXPECT_EQ(model.ask(path + "/merge", {.method = "PUT", .token = kOctocat}).status, 405);
}

TEST(Model, KeepsTheIdOfARunThatIsRunAgain) {
  TestModel model;
  const auto run =
      body_of(model.get(under("actions/runs?status=completed"))).at("workflow_runs").at(0);
  const std::string path = under("actions/runs/" + std::to_string(run.at("id").as_int64()));
  EXPECT_EQ(model.ask(path + "/rerun", {.method = "POST", .token = kOctocat}).status, 201);
  EXPECT_EQ(body_of(model.get(path)).at("status").as_string(), "queued");
  EXPECT_EQ(body_of(model.get(path)).at("run_attempt").as_int64(), 2);
}

TEST(Model, RefusesMutationsOfStrangersAndOfNobody) {
  TestModel model;
  EXPECT_EQ(model.ask(under("issues"), {.method = "POST", .body = R"({"title":"x"})"}).status, 401);
  EXPECT_EQ(
      model.ask(under("labels"), {.method = "POST", .token = kAlice, .body = R"({"name":"x"})"})
          .status,
      403);
  EXPECT_EQ(
      model.ask("/repos/octo-org/secret/issues", {.method = "POST", .token = kAlice, .body = "{}"})
          .status,
      404);
  EXPECT_EQ(model.ask(under("issues"), {.method = "POST", .token = kAlice, .body = "{"}).status,
            400);
}

TEST(ModelControl, ChangesExactlyWhatItIsToldTo) {
  TestModel model;
  const auto issue = model.get(under("issues/3"));
  const auto other = model.get(under("issues/4"));
  model.control("change?path=/repos/octocat/Hello-World/issues/3");
  const auto changed = model.get(under("issues/3"));
  EXPECT_NE(changed.body_text(), issue.body_text());
  EXPECT_EQ(model.get(under("issues/4")).body_text(), other.body_text());
  model.control("change?path=/repos/octocat/Hello-World/issues/3");
  EXPECT_NE(model.get(under("issues/3")).body_text(), changed.body_text());
  for (const char* path :
       {"", "/issues", "/contents/README.md", "/commits", "/actions/runs", "/releases/latest"}) {
    const auto before = model.get(std::string(kRepository) + path);
    model.control("change?path=/repos/octocat/Hello-World" + std::string(path));
    EXPECT_NE(model.get(std::string(kRepository) + path).body_text(), before.body_text()) << path;
  }
}

TEST(ModelControl, ExpectsWithoutCounting) {
  TestModel model;
  const auto expected =
      model.ask("/_model/expect?path=/repos/alice/private&token=ghp_model_alice_1");
  EXPECT_EQ(expected.headers.get("X-Model-Status"), "200");
  EXPECT_EQ(model.stat("calls_total"), 0);
  EXPECT_EQ(model.get("/repos/alice/private", kAlice).body_text(), expected.body_text());
  const auto hidden = model.ask("/_model/expect?path=/repos/alice/private");
  EXPECT_EQ(hidden.headers.get("X-Model-Status"), "404");
  EXPECT_EQ(model.stat("calls_total"), 1);
}

TEST(ModelControl, MakesFaultsAsOftenAsItIsTold) {
  TestModel model;
  model.control("fault?kind=502&count=2&path=/repos/octocat");
  EXPECT_EQ(model.get("/user", kAlice).status, 200);
  EXPECT_EQ(model.get(kRepository).status, 502);
  EXPECT_EQ(model.get(kRepository).status, 502);
  EXPECT_EQ(model.get(kRepository).status, 200);
  model.control("fault?kind=reset");
  EXPECT_EQ(model.reply(kRepository).transport, Transport::reset);
  model.control("fault?kind=truncated");
  EXPECT_EQ(model.reply(kRepository).transport, Transport::truncated);
  model.control("fault?kind=slow&ms=700");
  EXPECT_EQ(model.reply(kRepository).delay, 700ms);
  model.control("fault?kind=secondary");
  EXPECT_TRUE(model.get(kRepository, kAlice).headers.contains("Retry-After"));
  EXPECT_EQ(model.ask("/_model/fault?kind=nonsense", {.method = "POST"}).status, 404);
}

TEST(ModelControl, LeavesEtagAndLinkOutOfA304WhenToldTo) {
  TestModel model;
  const auto list = model.get("/repos/octo-org/widgets/issues");
  const std::string tag(list.headers.get("ETag"));
  const auto full =
      model.ask("/repos/octo-org/widgets/issues", {.fields = {{"If-None-Match", tag}}});
  EXPECT_EQ(full.headers.get("Link"), list.headers.get("Link"));
  model.control("mode?not_modified=bare");
  const auto bare =
      model.ask("/repos/octo-org/widgets/issues", {.fields = {{"If-None-Match", tag}}});
  EXPECT_EQ(bare.status, 304);
  EXPECT_FALSE(bare.headers.contains("ETag"));
  EXPECT_FALSE(bare.headers.contains("Link"));
}

TEST(ModelControl, MasksTokensInItsLog) {
  TestModel model;
  model.get(kRepository, kAlice);
  const std::string masked(model.ask("/_model/log").body_text());
  EXPECT_EQ(masked.find("ghp_model_alice"), std::string::npos);
  EXPECT_NE(masked.find("Authorization"), std::string::npos);
  model.control("mode?log_tokens=true");
  model.get(kRepository, kAlice);
  EXPECT_NE(model.ask("/_model/log").body_text().find("ghp_model_alice"), std::string_view::npos);
}

TEST(ModelFixtures, ServeRecordedAnswersExamplesAndShapes) {
  Options options;
  options.fixtures = R"({
    "shapes": {"issue": {"number": 1347, "id": 1, "title": "", "state": "open",
                         "extra": "octocat/Hello-World/issues/1347"}},
    "routes": [{"path": "/repos/{owner}/{repo}/topic-of-examples", "body": {"names": ["x"]}}],
    "recorded": [{"path": "/repos/octokit-fixture-org/hello-world?a=b", "body": [1],
                  "headers": {"link": "<x>; rel=\"next\""}}]})";
  TestModel model(std::move(options));
  EXPECT_EQ(body_of(model.get(under("issues/3"))).at("extra").as_string(),
            "octocat/Hello-World/issues/3");
  EXPECT_EQ(model.get(under("topic-of-examples")).body_text(), R"({"names":["x"]})");
  EXPECT_EQ(model.get("/repos/nobody/nothing/topic-of-examples").status, 404);
  const auto recorded = model.get("/repos/octokit-fixture-org/hello-world?a=b");
  EXPECT_EQ(recorded.body_text(), "[1]");
  EXPECT_EQ(recorded.headers.get("Link"), "<x>; rel=\"next\"");
}

TEST(ModelUrls, BeginWithThePublicAddress) {
  Options options;
  options.public_url = "http://127.0.0.1:8418";
  TestModel model(std::move(options));
  const auto answer = model.get("/repos/octo-org/widgets/issues");
  EXPECT_TRUE(answer.headers.get("Link").starts_with("<http://127.0.0.1:8418/repositories/"));
  EXPECT_EQ(answer.body_text().find("https://api.github.com"), std::string_view::npos);
}

}  // namespace
}  // namespace ghmesh::sim
