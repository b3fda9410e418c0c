// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the tests of the model share: a model, a clock that stands still until told, and requests in one line.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sim/github.h"

namespace ghmesh::sim {

struct Asked {
  std::string_view method = "GET";
  std::string token;  // "ghp_model_alice_1"; empty: anonymous
  std::vector<http::FieldView> fields;
  std::string_view body;
};

class TestModel {
 public:
  explicit TestModel(Options options = {}) : model_(std::move(options)) {}

  Reply reply(std::string_view target, Asked asked = {}) {
    const std::string authorization = "token " + asked.token;
    if (!asked.token.empty()) asked.fields.push_back({"Authorization", authorization});
    return model_.handle(
        {.method = asked.method, .target = target, .fields = asked.fields, .body = asked.body},
        now);
  }
  http::Answer ask(std::string_view target, Asked asked = {}) {
    return reply(target, std::move(asked)).answer;
  }
  http::Answer get(std::string_view target, std::string token = {}) {
    return ask(target, {.token = std::move(token)});
  }

  void control(std::string_view target) {
    const auto answer = ask("/_model/" + std::string(target), {.method = "POST"});
    ASSERT_EQ(answer.status, 200) << target << ": " << answer.body_text();
  }
  boost::json::object stats() {
    return boost::json::parse(ask("/_model/stats").body_text()).as_object();
  }
  std::int64_t stat(std::string_view name) { return stats().at(name).to_number<std::int64_t>(); }
  void advance(Seconds seconds) {
    now.instant += seconds;
    now.wall += seconds;
  }

  Now now{.instant = Instant(1h), .wall = wall_time(1'790'000'000)};

 private:
  GitHub model_;
};

inline constexpr const char* kAlice = "ghp_model_alice_1";
inline constexpr const char* kAliceToo = "ghp_model_alice_2";
inline constexpr const char* kOctocat = "ghp_model_octocat_1";

inline std::string etag_of(const http::Answer& answer) {
  std::string_view tag = answer.headers.get("ETag");
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag.size() < 2 ? "" : std::string(tag.substr(1, tag.size() - 2));
}

}  // namespace ghmesh::sim
