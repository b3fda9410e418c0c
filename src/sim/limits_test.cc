// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/limits.h"

#include "sim/test_model.h"

namespace ghmesh::sim {
namespace {

constexpr std::string_view kRepository = "/repos/octocat/Hello-World";

std::string remaining(const http::Answer& answer) {
  return std::string(answer.headers.get("X-RateLimit-Remaining"));
}

TEST(ModelLimits, ChargeA200AndNotA304) {
  TestModel model;
  const auto first = model.get(kRepository, kAlice);
  EXPECT_EQ(remaining(first), "4999");
  const std::string tag(first.headers.get("ETag"));
  const auto again = model.ask(kRepository, {.token = kAlice, .fields = {{"If-None-Match", tag}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(remaining(again), "4999");
  EXPECT_EQ(model.stat("not_modified_total"), 1);
  EXPECT_EQ(model.stat("charged_total"), 1);
}

TEST(ModelLimits, ChargeAnonymousCallersEvenForA304) {
  TestModel model;
  const auto first = model.get(kRepository);
  EXPECT_EQ(first.headers.get("X-RateLimit-Limit"), "60");
  const std::string tag(first.headers.get("ETag"));
  const auto again = model.ask(kRepository, {.fields = {{"If-None-Match", tag}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(remaining(again), "58");
}

TEST(ModelLimits, BelongToTheUserAndNotToTheToken) {
  TestModel model;
  model.get(kRepository, kAlice);
  EXPECT_EQ(remaining(model.get(kRepository, kAliceToo)), "4998");
  EXPECT_EQ(remaining(model.get(kRepository, kOctocat)), "4999");
}

TEST(ModelLimits, AreAThousandForTheTokenOfAWorkflow) {
  TestModel model;
  const auto answer = model.get("/repos/octo-org/secret", "ghs_model_octo-org.secret_1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("X-RateLimit-Limit"), "1000");
  EXPECT_EQ(model.get("/repos/octo-org/secret", "ghs_model_octo-org.widgets_1").status, 404);
}

TEST(ModelLimits, RefuseWhatIsBeyondUntilTheWindowEnds) {
  TestModel model;
  for (int i = 0; i < 60; ++i) ASSERT_EQ(model.get(kRepository).status, 200);
  const auto refused = model.get(kRepository);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(remaining(refused), "0");
  EXPECT_NE(refused.body_text().find("API rate limit exceeded"), std::string_view::npos);
  EXPECT_EQ(model.stat("refused_primary_total"), 1);
  EXPECT_EQ(model.stat("punishable_total"), 0);
  model.get(kRepository);  // it was told to wait
  EXPECT_EQ(model.stat("punishable_total"), 1);
  model.advance(Seconds(3600));
  EXPECT_EQ(model.get(kRepository).status, 200);
}

TEST(ModelLimits, CountSearchApart) {
  TestModel model;
  const auto answer = model.get("/search/issues?q=cache", kAlice);
  EXPECT_EQ(answer.headers.get("X-RateLimit-Resource"), "search");
  EXPECT_EQ(answer.headers.get("X-RateLimit-Limit"), "30");
  EXPECT_EQ(remaining(model.get(kRepository, kAlice)), "4999");
}

TEST(ModelLimits, AreShownForFree) {
  TestModel model;
  model.get(kRepository, kAlice);
  const auto answer = model.get("/rate_limit", kAlice);
  const auto body = boost::json::parse(answer.body_text()).as_object();
  EXPECT_EQ(body.at("resources").at("core").at("remaining").as_int64(), 4999);
  EXPECT_EQ(remaining(model.get("/rate_limit", kAlice)), "4999");
}

TEST(ModelLimits, RefuseMoreThan900PointsInAMinute) {
  TestModel model;
  for (int i = 0; i < 900; ++i) ASSERT_EQ(model.get(kRepository, kAlice).status, 200) << i;
  const auto refused = model.get(kRepository, kAlice);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.headers.get("Retry-After"), "60");
  EXPECT_NE(refused.body_text().find("secondary rate limit"), std::string_view::npos);
  EXPECT_EQ(model.get(kRepository, kOctocat).status, 200);  // another principal
  EXPECT_EQ(model.stat("refused_secondary_total"), 1);
  model.advance(Seconds(60));
  EXPECT_EQ(model.get(kRepository, kAlice).status, 200);
}

TEST(ModelLimits, CountFivePointsForAMutation) {
  TestModel model;
  model.control("mode?points=9");
  const std::string_view star = "/user/starred/octocat/Hello-World";
  EXPECT_EQ(model.ask(star, {.method = "PUT", .token = kAlice}).status, 204);
  EXPECT_EQ(model.ask(star, {.method = "PUT", .token = kAlice}).status, 403);
}

TEST(ModelLimits, RefuseMoreThan100CallsAtOnce) {
  Options options;
  options.latency = 80ms;
  TestModel model(std::move(options));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(model.get(kRepository, kAlice).status, 200);
  EXPECT_EQ(model.get(kRepository, kAlice).status, 403);
  model.advance(Seconds(61));
  const auto reply = model.reply(kRepository, {.token = kAlice});
  EXPECT_EQ(reply.answer.status, 200);
  EXPECT_EQ(reply.delay, 80ms);
}

TEST(ModelLimits, AnswerGraphqlBeyondThemWithA200) {
  TestModel model;
  const std::string_view query = R"({"query":"{ viewer { login } }"})";
  const auto answer = model.ask("/graphql", {.method = "POST", .token = kAlice, .body = query});
  EXPECT_EQ(answer.body_text(), R"({"data":{"viewer":{"login":"alice"}}})");
  EXPECT_EQ(answer.headers.get("X-RateLimit-Resource"), "graphql");
  model.control("limit?remaining=0");
  const auto refused = model.ask("/graphql", {.method = "POST", .token = kAlice, .body = query});
  EXPECT_EQ(refused.status, 200);
  EXPECT_NE(refused.body_text().find("RATE_LIMITED"), std::string_view::npos);
  EXPECT_EQ(remaining(refused), "0");
}

TEST(ModelLimits, CountFivePointsForAGraphqlMutation) {
  TestModel model;
  const std::string_view mutation =
      R"({"query":"mutation { addStar(input: {starrableId: \"x\"}) { clientMutationId } }"})";
  model.ask("/graphql", {.method = "POST", .token = kAlice, .body = mutation});
  EXPECT_EQ(model.stat("points_total"), 5);
}

TEST(ModelLimits, CanBeRaisedOrLiftedForLoad) {
  TestModel raised;
  raised.control("mode?secondary=off");
  raised.control("limit?remaining=20000");
  for (int i = 0; i < 6000; ++i) ASSERT_EQ(raised.get(kRepository, kAlice).status, 200) << i;
  EXPECT_EQ(remaining(raised.get(kRepository, kAlice)), "13999");
  Options options;
  options.is_unlimited = true;
  TestModel unlimited(std::move(options));
  unlimited.control("reset");
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(unlimited.get(kRepository).status, 200) << i;
  EXPECT_EQ(unlimited.stat("charged_total"), 1000);
}

TEST(ModelLimits, CanBeSetByATest) {
  TestModel model;
  model.control("limit?remaining=1");
  EXPECT_EQ(model.get(kRepository, kAlice).status, 200);
  EXPECT_EQ(model.get(kRepository, kAlice).status, 403);
  model.control("reset");
  EXPECT_EQ(model.get(kRepository, kAlice).status, 200);
}

}  // namespace
}  // namespace ghmesh::sim
