// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/route.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "github/route_table.h"

namespace ghmesh::github {
namespace {

constexpr std::string_view kSha = "0123456789abcdef0123456789abcdef01234567";

std::string with_sha(std::string_view before, std::string_view after = "") {
  return std::string(before) + std::string(kSha) + std::string(after);
}

struct Case {
  std::string path;
  std::string_view name;
  RouteClass route_class;
};

TEST(Route, NamesThePathsThatClientsAskFor) {
  using enum RouteClass;
  const Case cases[] = {
      {"/meta", "/meta", root},
      {"/user", "/user", identity},
      {"/user/repos", "/user/repos", repository_list},
      {"/orgs/o/repos", "/orgs/{org}/repos", repository_list},
      {"/repos/o/r", "/repos/{owner}/{repo}", repository},
      {"/repos/o/r/languages", "/repos/{owner}/{repo}/languages", repository_detail},
      {"/repos/o/r/readme", "/repos/{owner}/{repo}/readme", contents},
      {"/repos/o/r/branches", "/repos/{owner}/{repo}/branches", reference},
      {"/repos/o/r/git/ref/heads/main", "/repos/{owner}/{repo}/git/ref/{ref}", reference},
      {"/repos/o/r/commits", "/repos/{owner}/{repo}/commits", commit_list},
      {"/repos/o/r/commits/main/check-runs", "/repos/{owner}/{repo}/commits/{ref}/check-runs",
       checks},
      {"/repos/o/r/commits/main/status", "/repos/{owner}/{repo}/commits/{ref}/status", checks},
      {"/repos/o/r/pulls", "/repos/{owner}/{repo}/pulls", pull_list},
      {"/repos/o/r/pulls/7", "/repos/{owner}/{repo}/pulls/{pull_number}", pull},
      {"/repos/o/r/pulls/7/files", "/repos/{owner}/{repo}/pulls/{pull_number}/files", pull_files},
      {"/repos/o/r/pulls/comments", "/repos/{owner}/{repo}/pulls/comments", comments},
      {"/repos/o/r/issues", "/repos/{owner}/{repo}/issues", issue_list},
      {"/repos/o/r/issues/7", "/repos/{owner}/{repo}/issues/{issue_number}", issue},
      {"/repos/o/r/issues/7/comments", "/repos/{owner}/{repo}/issues/{issue_number}/comments",
       comments},
      {"/repos/o/r/releases", "/repos/{owner}/{repo}/releases", release_list},
      {"/repos/o/r/releases/latest", "/repos/{owner}/{repo}/releases/latest", release_list},
      {"/repos/o/r/releases/5", "/repos/{owner}/{repo}/releases/{release_id}", release},
      {"/repos/o/r/releases/tags/v1", "/repos/{owner}/{repo}/releases/tags/{tag}", release},
      {"/repos/o/r/actions/runs", "/repos/{owner}/{repo}/actions/runs", run_list},
      {"/repos/o/r/actions/runs/5", "/repos/{owner}/{repo}/actions/runs/{run_id}", run},
      {"/repos/o/r/actions/runs/5/jobs", "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
       run_list},
      {"/repos/o/r/actions/jobs/5", "/repos/{owner}/{repo}/actions/jobs/{job_id}", run},
      {"/repos/o/r/actions/runs/5/attempts/2",
       "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}", run_attempt},
      {"/repos/o/r/actions/workflows/ci.yml/runs",
       "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", run_list},
      {"/repos/o/r/actions/workflows/ci.yml",
       "/repos/{owner}/{repo}/actions/workflows/{workflow_id}", workflow},
      {"/orgs/o/actions/runners", "/orgs/{org}/actions/runners", runner_list},
      {"/repos/o/r/deployments", "/repos/{owner}/{repo}/deployments", deployment},
      {"/repos/o/r/code-scanning/alerts", "/repos/{owner}/{repo}/code-scanning/alerts", alerts},
      {"/repos/o/r/branches/main/protection", "/repos/{owner}/{repo}/branches/{branch}/protection",
       settings},
      {"/search/issues", "/search/issues", search},
      {"/repos/o/r/events", "/repos/{owner}/{repo}/events", events},
      {"/notifications", "/notifications", notifications},
      {"/orgs/o", "/orgs/{org}", organization},
      {"/users/u", "/users/{username}", user},
      {"/gists/abc", "/gists/{gist_id}", gist},
      {"/orgs/o/packages", "/orgs/{org}/packages", package},
      {"/orgs/o/projectsV2", "/orgs/{org}/projectsV2", project},
      {"/rate_limit", "/rate_limit", live},
      {"/app/installations/1/access_tokens", "/app/installations/{installation_id}/access_tokens",
       secret},
  };
  for (const Case& c : cases) {
    const Route route = classify_route(c.path);
    EXPECT_EQ(route.name, c.name) << c.path;
    EXPECT_EQ(route_class_name(route.route_class), route_class_name(c.route_class)) << c.path;
  }
}

// Fills a template with values that no literal looks like.
std::string example_path(std::string_view prefix, std::string_view suffix) {
  std::string path;
  std::string text(prefix);
  text += suffix;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      path += text[i];
      continue;
    }
    path += text[i + 1] == '+' ? std::string_view("a/b") : std::string_view("x-1");
    i = text.find('}', i);
  }
  return path;
}

TEST(Route, EveryRowIsReachedByItsOwnExample) {
  int rows_count = 0;
  for (const Section& section : route_sections()) {
    for (const Row& row : section.rows) {
      const Route route = classify_route(example_path(section.prefix, row.suffix));
      std::string name = std::string(section.prefix) + std::string(row.suffix);
      if (const auto plus = name.find("{+"); plus != std::string::npos) name.erase(plus + 1, 1);
      EXPECT_EQ(route.name, name);
      EXPECT_EQ(route.is_list, row.shape == Shape::list) << name;
      EXPECT_EQ(route.may_keep, row.reach != Reach::none) << name;
      EXPECT_EQ(route.may_share, row.reach == Reach::all) << name;
      ++rows_count;
    }
  }
  EXPECT_GT(rows_count, 600);
}

TEST(Route, EveryClassHasARowAndAName) {
  std::set<RouteClass> used;
  for (const Section& section : route_sections())
    for (const Row& row : section.rows) used.insert(row.route_class);
#define X(name) \
  EXPECT_EQ(route_class_name(RouteClass::name), #name); \
  EXPECT_EQ(used.contains(RouteClass::name), RouteClass::name != RouteClass::unknown) << #name;
  GHMESH_ROUTE_CLASSES(X)
#undef X
}

TEST(Route, WhatIsNeverKeptIsExactlyLiveAndSecret) {
  for (const Section& section : route_sections()) {
    for (const Row& row : section.rows) {
      const bool is_never_kept =
          row.route_class == RouteClass::live || row.route_class == RouteClass::secret;
      EXPECT_EQ(row.reach == Reach::none, is_never_kept) << section.prefix << row.suffix;
    }
  }
}

TEST(Route, Trap19NeverKeepsWhatCarriesSecrets) {
  for (auto path : {"/app/installations/1/access_tokens",
                    "/repos/o/r/actions/runners/registration-token",
                    "/orgs/o/actions/runners/registration-token",
                    "/orgs/o/actions/runners/remove-token",
                    "/enterprises/e/actions/runners/remove-token",
                    "/repos/o/r/actions/runners/generate-jitconfig",
                    "/orgs/o/actions/runners/downloads",
                    "/repos/o/r/hooks",
                    "/repos/o/r/hooks/1",
                    "/orgs/o/hooks/1/config",
                    "/orgs/o/hooks/1/deliveries/2",
                    "/app/hook/config",
                    "/feeds",
                    "/authorizations",
                    "/authorizations/1",
                    "/applications/x/token",
                    "/app-manifests/x/conversions",
                    "/orgs/o/personal-access-tokens",
                    "/repos/o/r/secret-scanning/alerts/1",
                    "/orgs/o/secret-scanning/alerts",
                    "/enterprises/e/audit-log/stream-key",
                    "/orgs/o/copilot/metrics/reports/users-1-day",
                    "/manage/v1/config/settings",
                    "/admin/tokens"}) {
    const Route route = classify_route(path);
    EXPECT_EQ(route_class_name(route.route_class), "secret") << path;
    EXPECT_FALSE(route.may_keep || route.may_share) << path;
  }
}

TEST(Route, Trap9NeverKeepsRedirectsToSignedUrls) {
  for (auto path : {"/repos/o/r/tarball/main", "/repos/o/r/tarball/feature/x", "/repos/o/r/zipball",
                    "/repos/o/r/zipball/v1", "/repos/o/r/actions/runs/1/logs",
                    "/repos/o/r/actions/runs/1/attempts/2/logs", "/repos/o/r/actions/jobs/1/logs",
                    "/repos/o/r/actions/artifacts/1/zip", "/orgs/o/migrations/1/archive",
                    "/user/migrations/1/archive", "/repos/o/r/code-scanning/codeql/databases/cpp",
                    "/repositories/5/actions/runs/1/logs", "/repositories/5/tarball/main"}) {
    EXPECT_FALSE(classify_route(path).may_keep) << path;
  }
}

TEST(Route, AsksLiveRoutesEveryTime) {
  for (auto path :
       {"/", "/rate_limit", "/graphql", "/repos/o/r/pulls/1/merge", "/orgs/o/audit-log"}) {
    EXPECT_EQ(route_class_name(classify_route(path).route_class), "live") << path;
    EXPECT_FALSE(classify_route(path).may_keep) << path;
  }
}

TEST(Route, Trap21OnlyFullHashesNameWhatIsImmutable) {
  using enum RouteClass;
  const Case cases[] = {
      {with_sha("/repos/o/r/git/commits/"), "", git_object},
      {with_sha("/repos/o/r/git/trees/"), "", git_object},
      {with_sha("/repos/o/r/git/blobs/"), "", git_object},
      {with_sha("/repos/o/r/git/trees/", "0123456789abcdef01234567"), "", git_object},  // SHA-256
      {"/repos/o/r/git/trees/main", "", contents},
      {"/repos/o/r/git/trees/0123456", "", contents},
      {"/repos/o/r/git/trees/feature/x", "", contents},
      {with_sha("/repos/o/r/git/trees/", "0"), "", contents},
      {with_sha("/repos/o/r/commits/"), "", commit},
      {"/repos/o/r/commits/main", "", reference},
      {"/repos/o/r/commits/feature/x", "", reference},
      {"/repos/o/r/commits/0123456789ABCDEF0123456789ABCDEF01234567", "", reference},
  };
  for (const Case& c : cases)
    EXPECT_EQ(route_class_name(classify_route(c.path).route_class), route_class_name(c.route_class))
        << c.path;
}

TEST(Route, SpellingsByIdAreTheRoutesOfWhatTheyName) {
  struct Pair {
    std::string_view by_id, by_name;
  };
  for (const Pair& pair :
       {Pair{"/repositories/5", "/repos/o/r"},
        {"/repositories/5/pulls/7", "/repos/o/r/pulls/7"},
        {"/repositories/5/commits/main/status", "/repos/o/r/commits/main/status"},
        {"/repositories/5/contents/a/b.txt", "/repos/o/r/contents/a/b.txt"},
        {"/organizations/5/repos", "/orgs/o/repos"},
        {"/organizations/5/team/6/members", "/teams/6/members"},
        {"/organizations/5/team/6", "/teams/6"},
        {"/user/5/repos", "/users/u/repos"},
        {"/user/5", "/users/u"}}) {
    const Route by_id = classify_route(pair.by_id);
    const Route by_name = classify_route(pair.by_name);
    EXPECT_EQ(by_id.name, by_name.name) << pair.by_id;
    EXPECT_EQ(by_id.route_class, by_name.route_class) << pair.by_id;
    EXPECT_EQ(by_id.is_list, by_name.is_list) << pair.by_id;
    EXPECT_TRUE(by_id.owner.empty() && by_id.repository.empty()) << pair.by_id;
  }
  EXPECT_EQ(classify_route("/repositories").name, "/repositories");
  EXPECT_EQ(classify_route("/organizations").name, "/organizations");
  EXPECT_EQ(classify_route("/repositories/o/pulls").name, "unknown");
  EXPECT_EQ(classify_route("/user/keys/5").name, "/user/keys/{key_id}");
}

TEST(Route, FindsOwnerAndRepository) {
  const std::string path = "/repos/Octo-Org/Hello.World/pulls/7";
  const Route route = classify_route(path);
  EXPECT_EQ(route.owner, "Octo-Org");
  EXPECT_EQ(route.repository, "Hello.World");
  EXPECT_EQ(route.owner.data(), path.data() + 7);  // a view into the path
  EXPECT_EQ(classify_route("/networks/o/r/events").repository, "r");
  EXPECT_EQ(classify_route("/orgs/Org/repos").owner, "Org");
  EXPECT_EQ(classify_route("/users/U").owner, "U");
  EXPECT_EQ(classify_route("/orgs/Org").repository, "");
  EXPECT_EQ(classify_route("/repos/o/r/nobody/knows").repository, "r");
  for (auto none : {"/repos", "/repos/", "/repos/o", "/repos/o/", "/repos//r", "/user", "/"})
    EXPECT_EQ(classify_route(none).repository, "") << none;
}

TEST(Route, ListsAreJsonArraysAndNothingElse) {
  for (auto path : {"/repos/o/r/pulls", "/repos/o/r/issues", "/orgs/o/repos", "/repos/o/r/commits",
                    "/repos/o/r/issues/7/comments", "/user/repos", "/notifications"})
    EXPECT_TRUE(classify_route(path).is_list) << path;
  // These wrap their members in an object, or are one thing, or are sometimes an array.
  for (auto path :
       {"/repos/o/r/actions/runs", "/search/issues", "/repos/o/r/commits/main/check-runs",
        "/repos/o/r/pulls/7", "/repos/o/r/contents/a", "/installation/repositories"})
    EXPECT_FALSE(classify_route(path).is_list) << path;
}

TEST(Route, AnUnknownPathIsKeptForItsOwnPrincipalOnly) {
  for (auto path : {"/nobody/knows/this", "/repos", "/repos/o", "/repos/o/r/", "/repos/o/r/pulls/",
                    "//repos/o/r", "/repos//r", "/Repos/o/r", "/repos/o/r/PULLS",
                    "/repos/o/r;x/pulls/7/y", "/rate_limit/", "/%72ate_limit"}) {
    const Route route = classify_route(path);
    EXPECT_EQ(route.name, "unknown") << path;
    EXPECT_EQ(route.route_class, RouteClass::unknown) << path;
    EXPECT_TRUE(route.may_keep) << path;
    EXPECT_FALSE(route.may_share || route.is_list) << path;
  }
}

TEST(Route, TakesNoPathWithoutASlash) {
  EXPECT_EQ(classify_route("").name, "unknown");
  EXPECT_EQ(classify_route("repos/o/r").name, "unknown");
  EXPECT_EQ(classify_route("*").name, "unknown");
}

TEST(Route, AVeryDeepPathCostsNoStack) {
  const std::string deep = "/repos/o/r/contents" + std::string(8000, '/') + "x";
  EXPECT_NE(classify_route(deep).route_class, RouteClass::secret);
  std::string segments = "/repos/o/r/contents";
  for (int i = 0; i < 4000; ++i) segments += "/a";
  EXPECT_EQ(classify_route(segments).name, "/repos/{owner}/{repo}/contents/{path}");
}

}  // namespace
}  // namespace ghmesh::github
