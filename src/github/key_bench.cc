// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the hit path asks of github/ for every request, and what rewriting a body costs on TCP. Aims: a route in 200 ns,
// target and key of a request as gh sends it in 500 ns, a body of 20 KB rewritten in a few microseconds.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "github/freshness.h"
#include "github/graphql_request.h"
#include "github/key.h"
#include "github/links.h"

namespace {

using namespace ghmesh;

constexpr std::array<std::string_view, 6> kPaths{
    "/repos/octo-org/hello-world",
    "/repos/octo-org/hello-world/pulls/1347",
    "/repos/octo-org/hello-world/actions/runs/123456789/attempts/2/jobs",
    "/repos/octo-org/hello-world/contents/src/main/java/org/example/Main.java",
    "/repositories/1296269/issues/1347/comments",
    "/orgs/octo-org/actions/runners"};

// As gh 2.23 sends it.
http::RequestHead gh_request(std::string_view target) {
  http::RequestHead head;
  head.method = "GET";
  head.target = target;
  head.host = "api.github.com";
  for (const http::FieldView& field :
       {http::FieldView{"Host", "api.github.com"},
        {"User-Agent", "GitHub CLI 2.23.0"},
        {"Accept", ""},
        {"Authorization", "token gho_0123456789abcdef0123456789abcdef0123"},
        {"Content-Type", "application/json; charset=utf-8"},
        {"Time-Zone", "Etc/UTC"},
        {"Accept-Encoding", "gzip"},
        {"Connection", "close"}})
    head.fields[head.fields_count++] = field;
  return head;
}

void classify(benchmark::State& state) {
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(github::classify_route(kPaths[i++ % kPaths.size()]));
}
BENCHMARK(classify);

void key_of_gh_request(benchmark::State& state) {
  const http::RequestHead head =
      gh_request("/repos/octo-org/hello-world/pulls?state=open&per_page=100");
  github::KeyedRequest keyed;
  for (auto _ : state) {
    const auto target = github::parse_target(head.host, head.target);
    github::key_request(*target, head, keyed);
    benchmark::DoNotOptimize(keyed.text.data());
  }
}
BENCHMARK(key_of_gh_request);

// What `gh pr list` posts.
void key_of_gh_query(benchmark::State& state) {
  const std::string body =
      R"({"query":"fragment pr on PullRequest{number,title,state,url,headRefName,headRepositoryOwner{id,login,)"
      R"(...on User{name}},isCrossRepository,isDraft,createdAt}\n\t\tquery PullRequestList(\n\t\t\t$owner: )"
      R"(String!,\n\t\t\t$repo: String!,\n\t\t\t$limit: Int!,\n\t\t\t$endCursor: String,\n\t\t\t$baseBranch: )"
      R"(String,\n\t\t\t$headBranch: String,\n\t\t\t$state: [PullRequestState!] = OPEN\n\t\t) {\n\t\t\t)"
      R"(repository(owner: $owner, name: $repo) {\n\t\t\t\tpullRequests(states: $state, baseRefName: $baseBranch, )"
      R"(headRefName: $headBranch, first: $limit, after: $endCursor, orderBy: {field: CREATED_AT, direction: )"
      R"(DESC}) {totalCount nodes {...pr} pageInfo {hasNextPage endCursor}}}}",)"
      R"("variables":{"limit":30,"owner":"octo-org","repo":"hello-world","state":["OPEN"]}})";
  http::RequestHead head = gh_request("/graphql");
  head.method = "POST";
  github::GraphqlReader reader;
  github::GraphqlRequest request;
  for (auto _ : state) {
    reader.read("api.github.com", head, body, request);
    benchmark::DoNotOptimize(request.key.data());
  }
  if (request.key.empty() || request.scope.empty()) state.SkipWithError("not understood");
}
BENCHMARK(key_of_gh_query);

// A list of pulls as GitHub sends it: most of it is URLs, some text, and every tenth URL is of another host.
std::string body_of(std::size_t bytes) {
  std::string body = "[";
  for (int i = 0; body.size() < bytes; ++i) {
    body += R"({"id":1347,"url":"https://api.github.com/repos/octo-org/hello-world/pulls/1347",)";
    body +=
        R"("html_url":"https://github.com/octo-org/hello-world/pull/1347","number":1347,"state":"open",)";
    body += R"("issue_url":"https://api.github.com/repos/octo-org/hello-world/issues/1347",)";
    body += R"("labels_url":"https://api.github.com/repos/octo-org/hello-world/labels{/name}",)";
    body +=
        R"("body":"Please pull these awesome changes in! It fixes what \"the other one\" broke."},)";
  }
  body.back() = ']';
  return body;
}

void rewrite_body(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  const github::Rewrite rewrite{.from = "https://api.github.com", .to = "http://127.0.0.1:8418"};
  for (auto _ : state) benchmark::DoNotOptimize(github::rewrite_json_urls(body, rewrite));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(rewrite_body)->Arg(2 << 10)->Arg(20 << 10)->Arg(1 << 20);

void judge_body(benchmark::State& state) {
  http::Answer answer{.status = 200,
                      .headers = {{"Content-Type", "application/json; charset=utf-8"}}};
  answer.body = http::make_body(R"({"total_count":1,"workflow_runs":)" +
                                body_of(static_cast<std::size_t>(state.range(0))) + "}");
  const github::Route route = github::classify_route("/repos/o/r/actions/runs");
  for (auto _ : state)
    benchmark::DoNotOptimize(github::judge_answer(route, answer, github::Visibility::unproven));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(answer.body_text().size()));
}
BENCHMARK(judge_body)->Arg(2 << 10)->Arg(20 << 10)->Arg(1 << 20);

}  // namespace
