// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace ghmesh::node {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kOwnName = "127.0.0.1:9418";

class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    AdminSources sources;
    sources.troubles = [this] { return troubles_; };
    sources.snapshot = [] {
      Snapshot snapshot;
      snapshot.cache.entries_count = 7;
      return snapshot;
    };
    sources.purge_all = [this] { ++purged_all_count_; };
    sources.purge = [this](std::string_view authorization,
                           std::string_view target) -> Result<void> {
      if (target == "bad") return Errc::malformed;
      purged_ = std::string(authorization) + " " + std::string(target);
      return {};
    };
    sources.addresses = [] {
      return std::vector<std::string>{"listening unix:/run/ghmesh/gh.sock"};
    };
    admin_.emplace(metrics_, std::move(sources), std::vector<std::string>{std::string(kOwnName)},
                   Instant{});
  }

  void join_swarm() {
    AdminSources& sources = swarm_sources_;
    sources.peers = [] {
      PeersReport report;
      report.self = {.id = "12D3KooWself",
                     .addresses = {"/ip4/127.0.0.1/tcp/4001"},
                     .swarm = "abcd-efgh-ijkl-mnop",
                     .trust = "swarm"};
      PeerReport peer;
      peer.id = "12D3KooWpeer";
      peer.rtt = 1500us;
      peer.is_admitted = true;
      peer.connected = 61s;
      peer.heard_count = 5;
      peer.refused = {{"replay", 2}};
      report.peers.push_back(peer);
      peer = {};
      peer.is_inbound = true;
      peer.expelled_until = wall_time(100);
      report.peers.push_back(peer);
      return report;
    };
    sources.swarm_stats = [] {
      SwarmStats stats;
      stats.nodes.push_back({.id = "a",
                             .is_self = true,
                             .requests_count = 30,
                             .calls_saved = 27,
                             .calls_charged = 3});
      stats.nodes.push_back(
          {.id = "b", .requests_count = 10, .calls_saved = 5, .peer_hits_count = 4});
      stats.budgets.push_back(
          {.tag = "0a0b", .resource = "core", .limit = 5000, .remaining = 4990, .reset_at = 7});
      return stats;
    };
    sources.ping_peer = [](std::string) -> net::awaitable<Result<Duration>> { co_return 2ms; };
    sources.reload_swarm = [this]() -> Result<void> {
      ++reloads_count_;
      return reload_result_;
    };
    admin_.emplace(metrics_, sources, std::vector<std::string>{std::string(kOwnName)}, Instant{});
  }

  struct Got {
    std::string head;
    std::string body;
  };
  Got ask(std::string_view method, std::string_view target,
          std::vector<http::FieldView> fields = {}, std::string_view body = {},
          net::Door door = net::Door::unix_socket, std::string_view host = kOwnName) {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.host = host;
    for (const auto& field : fields) head.fields[head.fields_count++] = field;
    const net::Reply reply = admin_->reply_to(head, door, body, Now{Instant{} + 90s, wall_time(0)});
    return {std::string(reply.head) + reply.more_head, std::string(reply.body)};
  }

  Metrics metrics_;
  AdminSources swarm_sources_;  // of a daemon in a swarm; the rest is null
  int reloads_count_ = 0;
  Result<void> reload_result_{};
  std::vector<std::string> troubles_;
  int purged_all_count_ = 0;
  std::string purged_;
  std::optional<Admin> admin_;
};

TEST_F(AdminTest, AnswersHealthAndVersion) {
  EXPECT_THAT(ask("GET", "/healthz").head, StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(ask("GET", "/healthz").body, "ok\n");
  EXPECT_EQ(ask("GET", "/version").body, "{\"name\":\"ghmesh\",\"version\":\"0.1.0\"}\n");
}

TEST_F(AdminTest, IsReadyUnlessSomethingIsWrong) {
  EXPECT_EQ(ask("GET", "/readyz").body, "{\"ready\":true,\"troubles\":[]}\n");
  troubles_ = {"the store is not on disk"};
  const Got got = ask("GET", "/readyz");
  EXPECT_THAT(got.head, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(got.body, "{\"ready\":false,\"troubles\":[\"the store is not on disk\"]}\n");
}

TEST_F(AdminTest, ShowsStatisticsAsJson) {
  metrics_.answered("/user", http::Detail::fresh, 200, 1ms);
  metrics_.asked("/user", 304, {}, 1ms);
  const auto stats = boost::json::parse(ask("GET", "/api/v1/stats").body);
  EXPECT_EQ(stats.at("requests").as_int64(), 1);
  EXPECT_EQ(stats.at("uptime_seconds").as_int64(), 90);
  EXPECT_EQ(stats.at_pointer("/answered/fresh").as_int64(), 1);
  EXPECT_EQ(stats.at_pointer("/upstream/free").as_int64(), 1);
  EXPECT_EQ(stats.at_pointer("/upstream/charged").as_int64(), 0);
  EXPECT_EQ(stats.at_pointer("/cache/entries").as_int64(), 7);
  EXPECT_EQ(stats.at_pointer("/addresses/0").as_string(), "listening unix:/run/ghmesh/gh.sock");
}

TEST_F(AdminTest, ShowsMetricsAsText) {
  const Got got = ask("GET", "/metrics");
  EXPECT_THAT(got.head, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(got.body, HasSubstr("ghmesh_store_entries{tier=\"disk\"} 7"));
}

TEST_F(AdminTest, AHeadHasTheLengthOfTheGetAndNoBody) {
  const Got got = ask("HEAD", "/healthz");
  EXPECT_THAT(got.head, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_EQ(got.body, "");
}

TEST_F(AdminTest, AnswersUnknownPathsAndMethodsInJson) {
  EXPECT_THAT(ask("GET", "/nothing").head, StartsWith("HTTP/1.1 404 "));
  EXPECT_NO_THROW(boost::json::parse(ask("GET", "/nothing").body));
  EXPECT_THAT(ask("GET", "/healthz/").head, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("DELETE", "/metrics").head, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(ask("GET", "/api/v1/purge").head, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("GET", "/healthz?x=1").head, StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminTest, PurgesEverythingOrOneAnswerOfOnePrincipal) {
  const http::FieldView type{"Content-Type", "application/json"};
  EXPECT_EQ(ask("POST", "/api/v1/purge", {type}, R"({"all":true})").body, "{\"purged\":\"all\"}\n");
  EXPECT_EQ(purged_all_count_, 1);
  const auto one = ask("POST", "/api/v1/purge", {type, {"Authorization", "token x"}},
                       R"({"url":"/repos/o/r?a=b"})");
  EXPECT_THAT(one.head, StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(purged_, "token x /repos/o/r?a=b");
  EXPECT_EQ(one.body.find("token x"), std::string::npos);
}

TEST_F(AdminTest, RefusesPurgesThatAreNotOne) {
  const http::FieldView type{"content-type", "application/json"};
  for (std::string_view body :
       {"", "{", "[]", "{}", R"({"all":false})", R"({"all":1})", R"({"url":7})",
        R"({"everything":true})", R"({"all":true,"url":"/x"})", R"({"url":"bad"})"})
    EXPECT_THAT(ask("POST", "/api/v1/purge", {type}, body).head, StartsWith("HTTP/1.1 400 "))
        << body;
  EXPECT_THAT(
      ask("POST", "/api/v1/purge", {{"Content-Type", "text/plain"}}, R"({"all":true})").head,
      StartsWith("HTTP/1.1 415 "));
  EXPECT_THAT(ask("POST", "/api/v1/purge", {}, R"({"all":true})").head,
              StartsWith("HTTP/1.1 415 "));
  EXPECT_EQ(purged_all_count_, 0);
}

TEST_F(AdminTest, SurvivesDeeplyNestedJson) {
  EXPECT_THAT(ask("POST", "/api/v1/purge", {{"content-type", "application/json"}},
                  std::string(kAdminBodyBytesMax, '['))
                  .head,
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminTest, RefusesPagesOnTcp) {
  using Fields = std::vector<http::FieldView>;
  const auto status = [&](Fields fields, std::string_view host = kOwnName) {
    return ask("GET", "/healthz", std::move(fields), "", net::Door::tcp, host).head.substr(9, 3);
  };
  EXPECT_EQ(status({}), "200");
  EXPECT_EQ(status({{"Origin", "http://127.0.0.1:9418"}}), "403");
  EXPECT_EQ(status({{"Sec-Fetch-Site", "cross-site"}}), "403");
  EXPECT_EQ(status({{"Sec-Fetch-Site", "none"}}), "200");
  EXPECT_EQ(status({}, "rebound.example:9418"), "421");
  EXPECT_EQ(status({}, "127.0.0.1"), "421");
}

TEST_F(AdminTest, TellsBrowsersToKeepTheirHandsOff) {
  for (std::string_view target : {"/healthz", "/metrics", "/api/v1/stats", "/nothing"}) {
    const std::string head = ask("GET", target).head;
    EXPECT_THAT(head, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(head, HasSubstr("Cross-Origin-Resource-Policy: same-origin\r\n"));
    EXPECT_THAT(head, HasSubstr("Cache-Control: no-store\r\n"));
    EXPECT_THAT(head, testing::Not(HasSubstr("Access-Control")));
  }
}

constexpr http::FieldView kIsJson{"Content-Type", "application/json"};

TEST_F(AdminTest, SaysThatItIsInNoSwarm) {
  for (const auto& [method, target] :
       {std::pair("GET", "/api/v1/peers"), std::pair("GET", "/api/v1/stats?swarm=1"),
        std::pair("POST", "/api/v1/peers/ping"), std::pair("POST", "/api/v1/swarm/reload")}) {
    const Got got = ask(method, target, {kIsJson}, R"({"peer":"x"})");
    EXPECT_THAT(got.head, StartsWith("HTTP/1.1 404 ")) << target;
    EXPECT_EQ(got.body, "{\"message\":\"this daemon is in no swarm\"}\n") << target;
  }
}

TEST_F(AdminTest, TellsOfThePeers) {
  join_swarm();
  EXPECT_EQ(ask("GET", "/api/v1/peers").body,
            R"({"self":{"id":"12D3KooWself","addresses":["/ip4/127.0.0.1/tcp/4001"],)"
            R"("swarm":"abcd-efgh-ijkl-mnop","trust":"swarm"},"peers":[)"
            R"({"id":"12D3KooWpeer","addresses":[],"direction":"out","agent":"","rtt_ms":1.5E0,)"
            R"("admitted":true,"connected_s":61,"heard":5,"served":0,"proven":0,"refuted":0,)"
            R"("refused":{"replay":2},"suspicion":0E0,"expelled_until":null},)"
            R"({"id":"","addresses":[],"direction":"in","agent":"","rtt_ms":null,)"
            R"("admitted":false,"connected_s":0,"heard":0,"served":0,"proven":0,"refuted":0,)"
            R"("refused":{},"suspicion":0E0,"expelled_until":100}]})"
            "\n");
}

TEST_F(AdminTest, AddsUpTheNodesOfTheSwarm) {
  join_swarm();
  const auto stats = boost::json::parse(ask("GET", "/api/v1/stats?swarm=1").body);
  EXPECT_EQ(boost::json::serialize(stats.at("total")),
            R"({"requests":40,"calls_saved":32,"calls_charged":3,"peer_hits":4,"hit_rate":8E-1})");
  EXPECT_EQ(stats.at("nodes").as_array().size(), 2u);
  EXPECT_TRUE(stats.at("nodes").at(0).at("self").as_bool());
  EXPECT_EQ(stats.at("nodes").at(1).at("hit_rate").as_double(), 0.5);
  EXPECT_EQ(boost::json::serialize(stats.at("budgets")),
            R"([{"tag":"0a0b","resource":"core","limit":5000,"remaining":4990,"reset":7}])");
}

TEST_F(AdminTest, ReloadsTheSwarmSecretWhenAskedInJson) {
  join_swarm();
  EXPECT_THAT(ask("POST", "/api/v1/swarm/reload").head, StartsWith("HTTP/1.1 415 "));
  EXPECT_EQ(reloads_count_, 0);
  EXPECT_EQ(ask("POST", "/api/v1/swarm/reload", {kIsJson}, "{}").body, "{\"reloaded\":true}\n");
  EXPECT_EQ(reloads_count_, 1);
  reload_result_ = Errc::swarm_secret_cut;
  EXPECT_THAT(ask("POST", "/api/v1/swarm/reload", {kIsJson}, "{}").head,
              StartsWith("HTTP/1.1 409 "));
}

TEST_F(AdminTest, RefusesAPingThatNamesNobody) {
  join_swarm();
  for (std::string_view body :
       {"", "{}", "[]", R"({"peer":1})", R"({"peer":""})", R"({"peer":"a","b":1})"})
    EXPECT_THAT(ask("POST", "/api/v1/peers/ping", {kIsJson}, body).head,
                StartsWith("HTTP/1.1 400 "))
        << body;
  EXPECT_THAT(ask("GET", "/api/v1/peers/ping").head, StartsWith("HTTP/1.1 405 "));
}

}  // namespace
}  // namespace ghmesh::node
