// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/graphql_witness.h"

#include <gtest/gtest.h>

#include "github/graphql_request.h"

namespace ghmesh::github {
namespace {

Witness witness_of(const std::string& fields, std::string_view variables = "{}") {
  const std::string body =
      R"({"query":"query($n: Int!) { repository(owner: \"O\", name: \"R\") { )" + fields +
      R"( } }","variables":)" + std::string(variables) + "}";
  http::RequestHead head;
  GraphqlReader reader;
  GraphqlRequest out;
  reader.read("api.github.com", head, body, out);
  EXPECT_EQ(out.kind, GraphqlKind::query) << fields;
  return out.witness;
}

std::string target_of(const std::string& fields, std::string_view variables = "{}") {
  return witness_target(witness_of(fields, variables), "repos/o/r");
}

TEST(GraphqlWitness, IsTheResourceOfWhatIsAskedFor) {
  EXPECT_EQ(target_of("pullRequest(number: 7) { state mergeable }"), "/repos/o/r/pulls/7");
  EXPECT_EQ(target_of("pullRequest(number: $n) { title }", R"({"n":8})"), "/repos/o/r/pulls/8");
  EXPECT_EQ(
      target_of("hasIssuesEnabled issue: issueOrPullRequest(number: 9) { ...on Issue { title } }"),
      "/repos/o/r/issues/9");
  const std::string list = "/repos/o/r/issues?state=all&sort=updated&direction=desc&per_page=1";
  EXPECT_EQ(target_of("issues(first: 5) { nodes { title state } }"), list);
  EXPECT_EQ(target_of("pullRequests(first: 5) { nodes { title state isDraft headRefOid } }"), list);
}

TEST(GraphqlWitness, ThereIsNoneForWhatNothingOfRestChangesWith) {
  for (const char* fields :
       {"pullRequest(number: 7) { reviewDecision }", "pullRequest(number: 7) { isInMergeQueue }",
        "pullRequest(number: 7) { baseRef { name } }",
        "pullRequests(first: 5) { nodes { mergeable } }",
        "issue(number: 7) { timelineItems(first: 1) { totalCount } }",
        "releases(first: 1) { totalCount }", "defaultBranchRef { name }",
        "pullRequest(number: 7) { title } releases(first: 1) { totalCount }",
        "pullRequest(number: 7) { title } issue(number: 8) { title }",
        "a: pullRequest(number: 7) { title } b: pullRequest(number: 8) { title }", "stargazerCount",
        "pullRequests(first: 5) { nodes { statusCheckRollup { state } } }",
        "pullRequest(number: 7) { ...unknown }", "pullRequest { title }",
        "issue(number: 0) { title }"})
    EXPECT_EQ(witness_of(fields).kind, WitnessKind::none) << fields;
  for (const char* variables : {"{}", R"({"n":"8"})", R"({"n":0})", R"({"n":-1})", R"({"n":1.5})"})
    EXPECT_EQ(witness_of("issue(number: $n) { title }", variables).kind, WitnessKind::none)
        << variables;
}

Witness witness_of_root(const std::string& root) {
  http::RequestHead head;
  GraphqlReader reader;
  GraphqlRequest out;
  reader.read("api.github.com", head,
              R"({"query":"query($id: ID!) { )" + root + R"( }","variables":{"id":"PR_7"}})", out);
  return out.witness;
}

TEST(GraphqlWitness, MayBeNamedByItsNode) {
  for (const char* root : {"node(id: $id) { ...on PullRequest { commits(last: 1) { nodes { commit "
                           "{ statusCheckRollup { state } } } } } }",
                           R"(node(id: \"PR_7\") { id ...on PullRequest { status { state } } })"}) {
    const Witness witness = witness_of_root(root);
    EXPECT_EQ(witness.kind, WitnessKind::pull) << root;
    EXPECT_EQ(witness.node, "PR_7");
    EXPECT_TRUE(witness.needs_checks);
  }
  for (const char* root :
       {"node(id: $id) { ...on Issue { title } }",
        "node(id: $id) { ...on PullRequest { reviewDecision } }",
        "node(id: $other) { ...on PullRequest { title } }", "node { ...on PullRequest { title } }",
        "node(id: $id) { ...on PullRequest { title } } viewer { login }"})
    EXPECT_EQ(witness_of_root(root).kind, WitnessKind::none) << root;
  EXPECT_EQ(node_id_of(R"({"node_id":"PR_7"})"), "PR_7");
  EXPECT_EQ(node_id_of(R"({"node_id":7})"), "");
}

TEST(GraphqlWitness, OfChecksAreThoseOfTheHead) {
  const Witness witness = witness_of(
      "pullRequest(number: 7) { commits(last: 1) { nodes { commit { statusCheckRollup { "
      "contexts(first: 100) { nodes { __typename } } } } } } }");
  EXPECT_TRUE(witness.needs_checks);
  EXPECT_FALSE(witness_of("pullRequest(number: 7) { title }").needs_checks);
  const std::string sha(40, 'a');
  EXPECT_EQ(check_targets("repos/o/r", R"({"head":{"sha":")" + sha + R"("}})"),
            (std::vector<std::string>{"/repos/o/r/commits/" + sha + "/check-runs?per_page=100",
                                      "/repos/o/r/commits/" + sha + "/status?per_page=100"}));
  for (const char* body : {"", "[]", "{}", R"({"head":{"sha":"main"}})", R"({"head":null})"})
    EXPECT_TRUE(check_targets("repos/o/r", body).empty()) << body;
}

TEST(GraphqlWitness, TellsWhenItLastChanged) {
  EXPECT_EQ(
      last_update(
          R"({"updated_at":"1970-01-01T00:00:09Z","x":{"updated_at": "1970-01-01T00:01:00Z"}})"),
      wall_time(60));
  for (const char* body :
       {"", R"("updated_at":)", R"("updated_at":null,"padding":"padding padding")",
        R"("updated_at":"2011-13-26T19:14:43Z","padding":"padding")"})
    EXPECT_EQ(last_update(body), WallTime::min()) << body;
}

}  // namespace
}  // namespace ghmesh::github
