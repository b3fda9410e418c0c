// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include "sim/graphql/execute.h"

namespace ghmesh::sim::graphql {
namespace {

using world::Repository;
using world::World;

struct Asked {
  World world{1, {}};
  Viewer viewer{
      .login = "octocat",
      .may_read = [](const Repository& repository) { return repository.owner != "monalisa"; },
      .may_write = [](const Repository& repository) { return repository.owner == "octocat"; },
      .now_seconds = 1'790'000'000,
      .points_limit = 5000,
      .points_remaining = 4990};

  json::object ask(std::string_view query, json::object variables = {}) {
    return execute({{"query", query}, {"variables", std::move(variables)}}, world, viewer).body;
  }
  std::int64_t points(std::string_view query) {
    return execute({{"query", query}}, world, viewer).points;
  }
};

std::string first_error(const json::object& body) {
  const auto* errors = body.if_contains("errors");
  if (!errors || errors->as_array().empty()) return "";
  return std::string(world::text_at(errors->as_array().front().as_object(), "message"));
}

TEST(GraphqlExecute, ShowsTheDocumentsOfRestUnderItsOwnNames) {
  Asked asked;
  const auto body = asked.ask(R"({ repository(owner: "octocat", name: "hello-world") {
      __typename nameWithOwner isPrivate visibility owner { login __typename } viewerPermission } })");
  EXPECT_EQ(first_error(body), "");
  const auto& repository = world::value_at(body, "data.repository")->as_object();
  EXPECT_EQ(world::text_at(repository, "__typename"), "Repository");
  EXPECT_EQ(world::text_at(repository, "nameWithOwner"), "octocat/Hello-World");
  EXPECT_EQ(world::text_at(repository, "visibility"), "PUBLIC");
  EXPECT_EQ(world::text_at(repository, "owner.login"), "octocat");
  EXPECT_EQ(world::text_at(repository, "viewerPermission"), "ADMIN");
}

TEST(GraphqlExecute, PagesThroughAConnectionWithoutGapOrRepetition) {
  Asked asked;
  constexpr std::string_view kQuery =
      R"(query($after: String) { repository(owner: "octo-org", name: "widgets") {
      issues(first: 40, after: $after, states: [OPEN, CLOSED]) { totalCount nodes { number }
      pageInfo { hasNextPage endCursor } } } })";
  std::set<std::int64_t> numbers;
  json::value after = nullptr;
  std::int64_t total = 0;
  for (int page = 0; page < 10; ++page) {
    const auto body = asked.ask(kQuery, {{"after", after}});
    ASSERT_EQ(first_error(body), "");
    const auto& issues = world::value_at(body, "data.repository.issues")->as_object();
    total = static_cast<std::int64_t>(issues.at("totalCount").to_number<std::int64_t>());
    for (const auto& node : issues.at("nodes").as_array())
      EXPECT_TRUE(numbers.insert(world::number_at(node.as_object(), "number")).second);
    if (!world::value_at(issues, "pageInfo.hasNextPage")->as_bool()) break;
    after = *world::value_at(issues, "pageInfo.endCursor");
  }
  EXPECT_EQ(static_cast<std::int64_t>(numbers.size()), total);
  EXPECT_EQ(total, 104);  // 130 numbers, every fifth of which is a pull request
}

TEST(GraphqlExecute, FollowsAliasesFragmentsAndDirectives) {
  Asked asked;
  const auto body = asked.ask(R"(query($yes: Boolean = true) {
      me: viewer { ...user login @skip(if: $yes) ... on Organization { email } } }
      fragment user on Actor { name: login })");
  EXPECT_EQ(json::serialize(body), R"({"data":{"me":{"name":"octocat"}}})");
}

TEST(GraphqlExecute, HidesWhatTheViewerMayNotRead) {
  Asked asked;
  const auto body = asked.ask(R"({ repository(owner: "monalisa", name: "private") { name } })");
  EXPECT_TRUE(world::value_at(body, "data.repository")->is_null());
  EXPECT_EQ(first_error(body),
            "Could not resolve to a Repository with the name 'monalisa/private'.");
  const auto found = asked.ask(R"({ search(query: "is:issue", type: ISSUE, first: 100) { nodes {
      ... on Issue { repository { nameWithOwner } } } } })");
  EXPECT_EQ(json::serialize(found).find("monalisa/"), std::string::npos);
}

TEST(GraphqlExecute, NamesAFieldThatDoesNotExistAndItsPath) {
  Asked asked;
  const auto body =
      asked.ask(R"({ repository(owner: "octocat", name: "Hello-World") { id nonsense } })");
  EXPECT_EQ(first_error(body), "Field 'nonsense' doesn't exist on type 'Repository'");
  EXPECT_EQ(json::serialize(*world::value_at(body.at("errors").as_array()[0].as_object(), "path")),
            R"(["repository","nonsense"])");
}

TEST(GraphqlExecute, CountsPointsByConnectionsAndRefusesTooManyNodes) {
  Asked asked;
  EXPECT_EQ(asked.points("{ viewer { login } }"), 1);
  // 1 request for the repositories, 100 for their issues, 5,000 for those issues' labels: GitHub's own example gives
  // 51.
  EXPECT_EQ(
      asked.points(R"({ viewer { repositories(first: 100) { nodes { issues(first: 50) { nodes {
      labels(first: 60) { nodes { id } } } } } } } })"),
      51);
  EXPECT_EQ(first_error(asked.ask(
                R"({ viewer { repositories(first: 100) { nodes { issues(first: 100) { nodes {
      labels(first: 100) { nodes { id } } } } } } } })")),
            "This query requests more than 500,000 possible nodes.");
  EXPECT_NE(first_error(asked.ask("{ viewer { repositories(first: 101) { totalCount } } }")), "");
}

TEST(GraphqlExecute, ChangesTheWorldByMutations) {
  Asked asked;
  const auto found = asked.ask(R"({ repository(owner: "octocat", name: "Hello-World") { id } })");
  const std::string id(world::text_at(found, "data.repository.id"));
  const auto created =
      asked.ask(R"(mutation($id: ID!) { createIssue(input: {repositoryId: $id, title: "New"}) {
      issue { number title author { login } } } })",
                {{"id", id}});
  EXPECT_EQ(
      json::serialize(created),
      R"({"data":{"createIssue":{"issue":{"number":41,"title":"New","author":{"login":"octocat"}}}}})");
  EXPECT_TRUE(
      execute({{"query", "mutation { addStar(input: {starrableId: \"?\"}) { clientMutationId } }"}},
              asked.world, asked.viewer)
          .is_mutation);
}

TEST(GraphqlExecute, RefusesAMutationWithoutWriteAccess) {
  Asked asked;
  const auto found = asked.ask(
      R"({ repository(owner: "octo-org", name: "widgets") { issue(number: 1) { id } } })");
  const std::string id(world::text_at(found, "data.repository.issue.id"));
  const auto closed = asked.ask(
      R"(mutation($id: ID!) { closeIssue(input: {issueId: $id}) { issue { id } } })", {{"id", id}});
  EXPECT_NE(first_error(closed).find("does not have the correct permissions"), std::string::npos);
}

TEST(GraphqlExecute, EndsFragmentsThatSpreadThemselves) {
  Asked asked;
  const auto body = asked.ask(
      "{ viewer { ...a } } fragment a on User { ...b ...b } fragment b on User { ...a ...a }");
  EXPECT_NE(first_error(body), "");
}

}  // namespace
}  // namespace ghmesh::sim::graphql
