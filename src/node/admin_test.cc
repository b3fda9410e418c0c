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

}  // namespace
}  // namespace ghmesh::node
