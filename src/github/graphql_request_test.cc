// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/graphql_request.h"

#include <gtest/gtest.h>

#include "github/freshness.h"

namespace ghmesh::github {
namespace {

GraphqlRequest read(std::string_view body, std::vector<http::FieldView> fields = {}) {
  http::RequestHead head;
  head.method = "POST";
  for (const http::FieldView& field : fields) head.fields[head.fields_count++] = field;
  GraphqlReader reader;
  GraphqlRequest out;
  reader.read("api.github.com", head, body, out);
  return out;
}

std::string body_of(std::string_view query, std::string_view more = "") {
  return R"({"query":")" + std::string(query) + "\"" + std::string(more) + "}";
}

GraphqlClass freshness_of(std::string_view query) { return read(body_of(query)).freshness; }

http::Answer answer_of(int status, std::string body) {
  return {.status = status, .headers = {}, .body = http::make_body(std::move(body))};
}

TEST(GraphqlRequest, HasOneKeyForEveryLayoutOrderAndAbsentValue) {
  const std::string key = read(body_of("query Q($a: Int, $b: Int) { x(a: $a, b: $b) }",
                                       R"(,"variables":{"a":1,"b":[{"c":2,"d":null}]})"))
                              .key;
  ASSERT_FALSE(key.empty());
  EXPECT_EQ(read(R"({"variables":{ "b":[{"d":null,"c":2}], "a":1 }, "operationName":null,
                     "query":"query Q($a:Int $b:Int){x(a:$a b:$b)} # comment"})")
                .key,
            key);
  EXPECT_EQ(read(body_of("{ x }")).key, read(body_of("{ x }", R"(,"variables":{})")).key);
  EXPECT_EQ(read(body_of("{ x }")).key, read(body_of("{ x }", R"(,"variables":null)")).key);
}

TEST(GraphqlRequest, HasAnotherKeyForEverythingThatChangesTheAnswer) {
  const std::string key = read(body_of("{ x }", R"(,"variables":{"a":1})")).key;
  for (const std::string& other :
       {body_of("{ y }", R"(,"variables":{"a":1})"), body_of("{ x }", R"(,"variables":{"a":2})"),
        body_of("{ x }", R"(,"variables":{"a":1.0})"),
        body_of("{ x }", R"(,"variables":{"a":"1"})"),
        body_of("{ x }", R"(,"variables":{"a":[1]})"), body_of("{ x }", R"(,"variables":{"b":1})"),
        body_of("{ x(s: \\\"a  b\\\") }", R"(,"variables":{"a":1})"),
        body_of("query N { x }", R"(,"variables":{"a":1},"operationName":"N")")}) {
    EXPECT_FALSE(read(other).key.empty()) << other;
    EXPECT_NE(read(other).key, key) << other;
  }
  EXPECT_NE(read(body_of("{ x(s: \\\"a  b\\\") }")).key,
            read(body_of("{ x(s: \\\"a b\\\") }")).key);
  for (const char* name : {"Accept", "GraphQL-Features", "X-GitHub-Next-Global-ID"})
    EXPECT_NE(read(body_of("{ x }"), {{name, "1"}}).key, read(body_of("{ x }")).key) << name;
  EXPECT_EQ(read(body_of("{ x }"), {{"User-Agent", "a"}, {"Time-Zone", "b"}}).key,
            read(body_of("{ x }")).key);
}

// By parsing, and not by looking for a word.
TEST(GraphqlRequest, Trap14TellsMutationsFromQueriesThatSpeakOfThem) {
  EXPECT_EQ(read(body_of("query mutation { mutation: x(a: \\\"mutation\\\") }")).kind,
            GraphqlKind::query);
  EXPECT_EQ(read(body_of("# query\\n mutation { addStar }")).kind, GraphqlKind::mutation);
  EXPECT_EQ(read(body_of("subscription { x }")).kind, GraphqlKind::subscription);
  const std::string_view two = "query A { x } mutation B { y }";
  EXPECT_EQ(read(body_of(two, R"(,"operationName":"A")")).kind, GraphqlKind::query);
  EXPECT_EQ(read(body_of(two, R"(,"operationName":"B")")).kind, GraphqlKind::mutation);
  EXPECT_EQ(read(body_of(two)).kind, GraphqlKind::unreadable);
}

TEST(GraphqlRequest, LeavesWhatItCannotReadToGitHub) {
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"([{"query":"{ x }"}])"),
        std::string(R"({"query":7})"), body_of("{ x"), body_of("{ x }", R"(,"variables":[])"),
        body_of("{ x }", R"(,"variables":"{}")"), body_of("{ x }", R"(,"variables":{"a":1,"a":2})"),
        body_of("{ x }", R"(,"query":"mutation { y }")"), body_of("{ x }", R"(,"extensions":{})"),
        body_of("{ x }", R"(,"operationName":"Other")")}) {
    EXPECT_EQ(read(body).kind, GraphqlKind::unreadable) << body;
    EXPECT_TRUE(read(body).key.empty()) << body;
  }
  EXPECT_EQ(read(body_of("{ x }"), {{"Content-Encoding", "gzip"}}).kind, GraphqlKind::unreadable);
  EXPECT_EQ(read(body_of("{ x }"), {{"Content-Type", "text/plain"}}).kind, GraphqlKind::unreadable);
  std::string deep = body_of("{ x }", R"(,"variables":{"a":)");
  deep.pop_back();
  for (int i = 0; i < 100; ++i) deep += '[';
  for (int i = 0; i < 100; ++i) deep += ']';
  EXPECT_EQ(read(deep + "}}").kind, GraphqlKind::unreadable);
}

TEST(GraphqlRequest, AsksForMergeGatesEveryTime) {
  for (const char* gate : {"mergeable", "mergeStateStatus", "headRefOid", "baseRefOid", "state",
                           "merged", "mergedAt", "closedAt", "reviewDecision"}) {
    const std::string field(gate);
    EXPECT_EQ(freshness_of("{ repository(owner: 1, name: 2) { pullRequest(number: 3) { " + field +
                           " } } }"),
              GraphqlClass::live)
        << gate;
    EXPECT_EQ(freshness_of("{ node(id: 1) { ... on PullRequest { " + field + " } } }"),
              GraphqlClass::live)
        << gate;
    EXPECT_EQ(
        freshness_of(
            "query { s: search(query: 1) { nodes { ...pr } } } fragment pr on PullRequest { a: " +
            field + " }"),
        GraphqlClass::live)
        << gate;
    EXPECT_EQ(freshness_of("{ repository(owner: 1, name: 2) { issues(first: 3) { nodes { " + field +
                           " } } } }"),
              GraphqlClass::ordinary)
        << gate;
  }
}

TEST(GraphqlRequest, IsAsFreshAsTheLeastFreshOfItsFields) {
  EXPECT_EQ(freshness_of("{ viewer { login } }"), GraphqlClass::ordinary);
  EXPECT_EQ(freshness_of("{ viewer { login } rateLimit { cost } }"), GraphqlClass::never);
  EXPECT_EQ(freshness_of("{ repository(owner: 1) { object(oid: 2) { ... on Commit { "
                         "statusCheckRollup { id } } } } }"),
            GraphqlClass::checks);
  EXPECT_EQ(
      freshness_of("{ repository(owner: 1) { pullRequest(number: 1) { title headRefOid "
                   "commits(last: 1) { nodes { commit { statusCheckRollup { id } } } } } } }"),
      GraphqlClass::live);
  EXPECT_EQ(graphql_ttl(GraphqlClass::live), Seconds(0));
  EXPECT_LE(graphql_ttl(GraphqlClass::ordinary), kPrivateTtlMax);
}

TEST(GraphqlRequest, KnowsTheOneRepositoryThatItAsksAbout) {
  const std::string_view query =
      "query($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { id } }";
  EXPECT_EQ(read(body_of(query, R"(,"variables":{"owner":"Octocat","repo":"Hello-World"})")).scope,
            "repos/octocat/hello-world");
  EXPECT_EQ(read(body_of("{ repository(owner: \\\"o\\\", name: \\\"r\\\") { id } }")).scope,
            "repos/o/r");
  EXPECT_EQ(read(body_of(query)).scope, "");
  EXPECT_EQ(read(body_of(query, R"(,"variables":{"owner":"a/b","repo":"c"})")).scope, "");
  EXPECT_EQ(
      read(body_of("{ viewer { login } repository(owner: \\\"o\\\", name: \\\"r\\\") { id } }"))
          .scope,
      "");
  EXPECT_EQ(read(body_of("{ a: repository(owner: \\\"o\\\", name: \\\"r\\\") { id } "
                         "b: repository(owner: \\\"o\\\", name: \\\"s\\\") { id } }"))
                .scope,
            "");
}

TEST(GraphqlRequest, EndsFragmentsThatSpreadThemselvesOrMultiply) {
  EXPECT_EQ(freshness_of("{ ...a } fragment a on X { ...a b }"), GraphqlClass::ordinary);
  std::string text = "{ ...f0 }";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "...f" + std::to_string(i + 1);
    text += " fragment f" + std::to_string(i) + " on X { " + next + " " + next + " }";
  }
  EXPECT_EQ(freshness_of(text + " fragment f40 on X { x }"), GraphqlClass::never);
}

TEST(GraphqlRequest, Trap14KeepsNoErrorsNoPartialDataAndNoLimits) {
  EXPECT_TRUE(may_keep_graphql(answer_of(200, R"({"data":{"viewer":{"login":"octocat"}}})")));
  for (const char* body :
       {R"({"data":{"a":1},"errors":[{"type":"NOT_FOUND"}]})", R"({"data":{"a":1},"errors":[]})",
        R"({"errors":[{"type":"RATE_LIMITED"}]})", R"({"data":null})", R"({})", R"([])",
        R"({"data":)"})
    EXPECT_FALSE(may_keep_graphql(answer_of(200, body))) << body;
  EXPECT_FALSE(may_keep_graphql(answer_of(502, R"({"data":{}})")));
  EXPECT_FALSE(may_keep_graphql(
      answer_of(200, R"({"data":{"url":"https://x/y?X-Amz-Signature=0123456789abcdef"}})")));
  EXPECT_TRUE(is_graphql_limited(
      answer_of(200, R"({"errors":[{"type":"NOT_FOUND"},{"type":"RATE_LIMITED"}]})")));
  EXPECT_FALSE(is_graphql_limited(answer_of(200, R"({"errors":[{"type":"NOT_FOUND"}]})")));
  EXPECT_FALSE(is_graphql_limited(answer_of(200, R"({"data":{"type":"RATE_LIMITED"}})")));
  EXPECT_TRUE(is_graphql_limited(answer_of(429, "")));
}

}  // namespace
}  // namespace ghmesh::github
