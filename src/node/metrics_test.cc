// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <thread>

namespace ghmesh::node {
namespace {

using http::Detail;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPull = "/repos/{owner}/{repo}/pulls/{number}";
constexpr std::string_view kSearch = "/search/issues";

http::Headers budget_headers(std::string_view resource, std::string_view remaining) {
  return {{"X-RateLimit-Resource", std::string(resource)},
          {"X-RateLimit-Limit", "5000"},
          {"X-RateLimit-Remaining", std::string(remaining)},
          {"X-RateLimit-Reset", "1900000000"}};
}

TEST(Metrics, CountsRequestsByRouteAndDetail) {
  Metrics metrics;
  for (int i = 0; i < 3; ++i) metrics.answered(kPull, Detail::fresh, 200, 50us);
  metrics.answered(kPull, Detail::fetched, 404, 30ms);
  metrics.answered(kSearch, Detail::revalidated, 200, 20ms);
  const std::string text = metrics.render({});
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(ghmesh_requests_total{route="/repos/{owner}/{repo}/pulls/{number}",api="rest",result="fresh"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_responses_total{status="200"} 4)"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_responses_total{status="404"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_quota_saved_total{resource="core",reason="fresh"} 3)"));
  EXPECT_THAT(text,
              HasSubstr(R"(ghmesh_quota_saved_total{resource="search",reason="revalidated"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(reason="fetched")")));
}

TEST(Metrics, TellsOfTheMeshWhereThereIsOne) {
  Metrics metrics;
  EXPECT_THAT(metrics.render({}), Not(HasSubstr("ghmesh_mesh_")));
  Snapshot snapshot;
  snapshot.mesh.emplace();
  snapshot.mesh->members.resize(3);
  snapshot.mesh->counters.admitted = 4;
  snapshot.mesh->ledger.refused.replayed = 5;
  const std::string text = metrics.render(snapshot);
  EXPECT_THAT(text, HasSubstr("ghmesh_mesh_members 3"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_mesh_admissions_total{result="admitted"} 4)"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_mesh_statements_refused_total{reason="replayed"} 5)"));
}

TEST(Metrics, PutsDurationsIntoTheirBuckets) {
  Metrics metrics;
  metrics.answered(kPull, Detail::fresh, 200, 100us);  // on the bound: inside
  metrics.answered(kPull, Detail::fresh, 200, 101us);
  metrics.answered(kPull, Detail::fresh, 200, 11s);
  const std::string text = metrics.render({});
  EXPECT_THAT(text,
              HasSubstr(R"(ghmesh_request_duration_seconds_bucket{result="fresh",le="0.0001"} 1)"));
  EXPECT_THAT(
      text, HasSubstr(R"(ghmesh_request_duration_seconds_bucket{result="fresh",le="0.00025"} 2)"));
  EXPECT_THAT(text,
              HasSubstr(R"(ghmesh_request_duration_seconds_bucket{result="fresh",le="10"} 2)"));
  EXPECT_THAT(text,
              HasSubstr(R"(ghmesh_request_duration_seconds_bucket{result="fresh",le="+Inf"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_request_duration_seconds_count{result="fresh"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_request_duration_seconds_sum{result="fresh"} 11.000201)"));
}

TEST(Metrics, TellsWhatGitHubCountedFromWhatItDidNot) {
  Metrics metrics;
  metrics.asked(kPull, 200, budget_headers("core", "4999"), 20ms);
  metrics.asked(kPull, 304, budget_headers("core", "4999"), 20ms);
  metrics.asked(kPull, 0, {}, 10s);
  const Totals totals = metrics.totals();
  EXPECT_EQ(totals.upstream_count, 3u);
  EXPECT_EQ(totals.upstream_free_count, 1u);
  EXPECT_EQ(totals.upstream_failed_count, 1u);
  EXPECT_EQ(totals.charged_count(), 1u);
}

TEST(Metrics, RemembersTheLastBudgetOfAResource) {
  Metrics metrics;
  metrics.asked(kPull, 200, budget_headers("core", "4999"), 1ms);
  metrics.asked(kPull, 200, budget_headers("core", "4998"), 1ms);
  metrics.asked(kPull, 200, {{"X-RateLimit-Resource", "search"}, {"X-RateLimit-Limit", "x"}}, 1ms);
  ASSERT_EQ(metrics.budgets().size(), 1u);
  EXPECT_EQ(metrics.budgets()[0].remaining, 4998u);
  EXPECT_THAT(metrics.render({}), HasSubstr(R"(ghmesh_ratelimit_remaining{resource="core"} 4998)"));
}

TEST(Metrics, HasABoundedSetOfLabelsWhateverTheUpstreamSays) {
  Metrics metrics;
  for (int i = 0; i < 5000; ++i)
    metrics.asked(kPull, 200 + i, budget_headers("resource" + std::to_string(i), "1"), 1ms);
  const std::string text = metrics.render({});
  EXPECT_THAT(text, Not(HasSubstr("resource4999")));
  EXPECT_THAT(text, HasSubstr(R"(resource="other")"));
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 1000);
}

TEST(Metrics, CountsRoutesBeyondItsTableAsOther) {
  Metrics metrics;
  std::vector<std::string> routes;
  for (std::size_t i = 0; i < 3 * kRouteSlotsCount; ++i)
    routes.push_back("/route/" + std::to_string(i));
  for (const std::string& route : routes) metrics.answered(route, Detail::passed, 200, 1ms);
  metrics.answered({}, Detail::passed, 200, 1ms);
  EXPECT_EQ(metrics.totals().requests_count, routes.size() + 1);
  EXPECT_THAT(metrics.render({}), HasSubstr(R"(route="other",api="other",result="passed")"));
}

TEST(Metrics, AddsUpOneRouteThatHasTwoAddresses) {
  Metrics metrics;
  const std::string first(kPull), second(kPull);
  metrics.answered(first, Detail::fresh, 200, 1us);
  metrics.answered(second, Detail::fresh, 200, 1us);
  EXPECT_THAT(metrics.render({}), HasSubstr(R"(pulls/{number}",api="rest",result="fresh"} 2)"));
}

TEST(Metrics, LosesNothingBetweenManyThreads) {
  Metrics metrics;
  constexpr int kThreads = 24;  // more than there are shards
  constexpr int kEach = 2000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i)
        metrics.answered(i % 2 ? kPull : kSearch, Detail::fresh, 200, 1us);
    });
  for (int i = 0; i < 5; ++i)
    EXPECT_LE(metrics.totals().requests_count, std::uint64_t{kThreads} * kEach);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics.totals().by_detail[static_cast<std::size_t>(Detail::fresh)],
            std::uint64_t{kThreads} * kEach);
}

TEST(Metrics, CountsRefusalsAndUnexpectedEtags) {
  Metrics metrics;
  metrics.refused(make_error_code(Errc::http_misdirected));
  metrics.etag_unexpected(kPull);
  EXPECT_EQ(metrics.totals().refused_count, 1u);
  const std::string text = metrics.render({});
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_requests_refused_total{reason="http_misdirected"} 1)"));
  EXPECT_THAT(text, HasSubstr("ghmesh_etag_model_mismatch_total 1"));
}

TEST(Metrics, ShowsTheOtherRoomsAsTheyAreNow) {
  Snapshot snapshot;
  snapshot.cache.disk_bytes = 4096;
  net::HttpServerStats server;
  server.connections_open = 3;
  server.rejected_timeout = 2;
  snapshot.add(server);
  snapshot.add(server);
  const std::string text = Metrics().render(snapshot);
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_store_bytes{tier="disk"} 4096)"));
  EXPECT_THAT(text, HasSubstr("ghmesh_connections_open 6"));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_requests_rejected_total{reason="timeout"} 4)"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
  EXPECT_THAT(text, HasSubstr(R"(ghmesh_build_info{version="0.1.0")"));
}

// Every family has a help and a type, is named once, and names its unit as Prometheus asks.
TEST(Metrics, FollowsTheConventionsOfPrometheus) {
  Metrics metrics;
  metrics.answered(kPull, Detail::fresh, 200, 1us);
  metrics.asked(kPull, 200, budget_headers("core", "1"), 1ms);
  std::istringstream lines(metrics.render({}));
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    const std::string name = line.substr(7, line.find(' ', 7) - 7);
    EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
    EXPECT_EQ(name.ends_with("_total"), line.ends_with(" counter")) << line;
    EXPECT_TRUE(name.starts_with("ghmesh_") || name.starts_with("process_")) << name;
  }
  EXPECT_GT(names.size(), 25u);
}

}  // namespace
}  // namespace ghmesh::node
