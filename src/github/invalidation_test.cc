// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/invalidation.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ghmesh::github {
namespace {

bool makes_stale(std::string_view written, std::string_view read) {
  const Place place = place_of(read);
  const auto doubts = doubts_of_write(written);
  return std::ranges::any_of(
      doubts, [&](const Doubt& doubt) { return concerns(doubt, place.scope, place.rest); });
}

constexpr std::string_view kRepo = "/repos/octocat/hello-world";

bool stale(std::string_view written, std::string_view read) {
  return makes_stale(std::string(kRepo) + std::string(written),
                     std::string(kRepo) + std::string(read));
}

TEST(Invalidation, FindsThePlaceOfAPath) {
  EXPECT_EQ(place_of("/repos/Octocat/Hello-World/pulls/7"),
            (Place{"repos/octocat/hello-world", "pulls/7"}));
  EXPECT_EQ(place_of("/repos/o/r"), (Place{"repos/o/r", ""}));
  EXPECT_EQ(place_of("/repositories/1/issues"), (Place{"repositories/1", "issues"}));
  EXPECT_EQ(place_of("/orgs/GitHub/teams/a/repos/o/r"),
            (Place{"orgs/github", "teams/a/repos/o/r"}));
  EXPECT_EQ(place_of("/networks/o/r/events"), (Place{"repos/o/r", "events"}));
  EXPECT_EQ(place_of("/user/starred/o/r"), (Place{"user", "starred/o/r"}));
  EXPECT_EQ(place_of("/search/issues"), (Place{"search", "issues"}));
  EXPECT_EQ(place_of("/"), (Place{"", ""}));
  EXPECT_EQ(place_of("/repos/o"), (Place{"repos/o", ""}));
  EXPECT_EQ(place_of(""), (Place{"", ""}));
}

TEST(Invalidation, ReachesTheThingItsCollectionsAndAllBelow) {
  EXPECT_TRUE(stale("/issues/7", "/issues/7"));
  EXPECT_TRUE(stale("/issues/7", "/issues"));
  EXPECT_TRUE(stale("/issues/7", "/issues/7/comments"));
  EXPECT_TRUE(stale("/issues/7", ""));
  EXPECT_FALSE(stale("/hooks/7", "/hooks/8"));
  EXPECT_FALSE(stale("/hooks/7", "/issues"));
  EXPECT_FALSE(
      makes_stale("/repos/octocat/hello-world/issues/7", "/repos/octocat/hello-world2/issues/7"));
  EXPECT_TRUE(
      makes_stale("/repos/OCTOCAT/hello-world/issues/7", "/repos/octocat/Hello-World/issues"));
}

// A row for each of the table of writes in docs/freshness.md: what is written, and what it makes stale elsewhere.
TEST(Invalidation, ReachesAcrossTheTree) {
  struct Row {
    const char* written;
    std::vector<const char*> stale;
    std::vector<const char*> untouched;
  };
  const std::vector<Row> rows{
      {"/pulls/7/merge",
       {"/commits", "/branches/main", "/git/ref/heads/main", "/compare/a...b", "/contents/x",
        "/issues/7", "/pulls", "/actions/runs", "/check-runs/1", ""},
       {"/hooks", "/labels"}},
      {"/contents/README.md",
       {"/commits", "/readme", "/languages", "/git/trees/main", "/tags", "/pulls/7"},
       {"/milestones", "/hooks"}},
      {"/git/refs/heads/x", {"/branches", "/commits", "/pulls"}, {"/hooks"}},
      {"/merge-upstream", {"/commits", "/branches/main"}, {"/hooks"}},
      {"/issues/7/comments",
       {"/issues", "/pulls/7", "/issues/comments/1", "/events", ""},
       {"/branches", "/hooks"}},
      {"/issues/7/labels", {"/issues/7", "/pulls/7", "/labels"}, {"/commits"}},
      {"/pulls", {"/pulls", "/issues/7"}, {"/releases"}},
      {"/pulls/7/reviews", {"/pulls/7/reviews", "/pulls", "/issues/7"}, {"/releases"}},
      {"/releases/1/assets",
       {"/releases/latest", "/releases/tags/v1", "/tags", "/git/refs/tags/v1"},
       {"/issues"}},
      {"/dispatches",
       {"/actions/runs", "/actions/workflows/1/runs", "/check-suites/1", "/commits/a/status"},
       {"/issues"}},
      {"/actions/runs/1/rerun",
       {"/actions/runs", "/actions/jobs/1", "/commits/a/check-runs"},
       {"/issues"}},
      {"/statuses/abc", {"/commits/abc/status", "/commits/abc/statuses", "/pulls/7"}, {"/issues"}},
      {"/check-runs", {"/commits/abc/check-runs", "/check-suites/1", "/pulls/7"}, {"/issues"}},
      {"/actions/runners/1",
       {"/actions/runners", "/actions/runners/1/labels"},
       {"/actions/runs", "/issues"}},
      {"/collaborators/hubot", {"", "/issues", "/contents/x", "/actions/runs"}, {}},
      {"/transfer", {"", "/issues", "/contents/x"}, {}},
      {"", {"", "/issues", "/contents/x"}, {}},
  };
  for (const Row& row : rows) {
    for (const char* read : row.stale)
      EXPECT_TRUE(stale(row.written, read)) << row.written << " -> " << read;
    for (const char* read : row.untouched)
      EXPECT_FALSE(stale(row.written, read)) << row.written << " -> " << read;
  }
}

TEST(Invalidation, ReachesOutOfTheRepositoryAndIntoIt) {
  EXPECT_TRUE(makes_stale("/repos/o/r/issues", "/search/issues"));
  EXPECT_TRUE(makes_stale("/repos/o/r/issues/1/comments", "/notifications"));
  EXPECT_TRUE(makes_stale("/user/starred/o/r", "/user/starred"));
  EXPECT_TRUE(makes_stale("/user/starred/o/r", "/repos/o/r"));
  EXPECT_TRUE(makes_stale("/user/starred/o/r", "/repos/o/r/stargazers"));
  EXPECT_FALSE(makes_stale("/user/starred/o/r", "/repos/o/r/issues"));
  EXPECT_TRUE(makes_stale("/orgs/o/teams/t/repos/O/r", "/repos/o/r/contents/x"));
  EXPECT_TRUE(makes_stale("/orgs/o/memberships/hubot", "/orgs/o/members"));
  EXPECT_TRUE(makes_stale("/notifications/threads/1", "/notifications"));
  EXPECT_FALSE(makes_stale("/gists/1", "/gists/2"));
  EXPECT_TRUE(makes_stale("/gists", "/gists"));
}

}  // namespace
}  // namespace ghmesh::github
