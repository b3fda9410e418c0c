// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/question.h"

#include <gtest/gtest.h>

#include "github/etag.h"
#include "http/date.h"

namespace ghmesh::proxy {
namespace {

constexpr std::string_view kOrigin = "https://api.github.com";
constexpr std::string_view kBody = R"({"id":1,"title":"one"})";
const WallTime kNow = wall_time(1'800'000'000);

crypto::Secret salt() {
  return crypto::Secret(std::string_view("a salt of thirty-two bytes......"));
}

CallerRef caller_with(std::string_view authorization) {
  static Callers callers(salt(), {});
  auto caller = callers.find(authorization);
  return caller ? *caller : nullptr;
}

// A question for `path` as this caller would ask it.
std::unique_ptr<Question> question_for(std::string_view path,
                                       std::string_view authorization = "token one") {
  http::RequestHead head;
  head.method = "GET";
  head.target = path;
  head.host = "api.github.com";
  auto target = github::parse_target(head.host, head.target);
  github::KeyedRequest keyed;
  github::key_request(*target, head, keyed);
  auto question = std::make_unique<Question>();
  plan_question(*target, keyed, kOrigin, caller_with(authorization), *question);
  return question;
}

std::string computed_etag(const Question& question, std::string_view body) {
  const auto& authorization = question.caller->credential.authorization;
  github::EtagInputs inputs{.accept = question.accept};
  if (!authorization.empty()) inputs.authorization = as_text(authorization.reveal());
  return github::compute_etag(inputs, body);
}

http::Answer answer_200(const Question& question, std::string_view body) {
  http::Answer answer{.status = 200, .body = http::make_body(std::string(body))};
  answer.headers = {{"Content-Type", "application/json; charset=utf-8"},
                    {"ETag", '"' + computed_etag(question, body) + '"'},
                    {"Vary", "Accept, Authorization, Cookie"},
                    {"Cache-Control", "private, max-age=60, s-maxage=60"},
                    {"Date", http::write_date(kNow)},
                    {"X-RateLimit-Remaining", "4999"},
                    {"Set-Cookie", "session=1"}};
  return answer;
}

cache::EntryRef fetch(const Question& question, std::string_view body = kBody) {
  return conclude(question, answer_200(question, body), kNow).entry;
}

http::Answer answer_304() {
  return {.status = 304, .headers = {{"Date", http::write_date(kNow + Seconds(90))}}};
}

constexpr std::string_view kIssue = "/repos/o/r/issues/1";
constexpr std::string_view kIssues = "/repos/o/r/issues";

TEST(Question, AsksPlainlyWhenNothingIsHeld) {
  auto question = question_for(kIssue);
  choose_validator(nullptr, nullptr, *question);
  EXPECT_EQ(question->validator, Validator::none);
  EXPECT_EQ(question->url, "https://api.github.com/repos/o/r/issues/1");
  const http::Headers headers = question_headers(*question);
  EXPECT_EQ(headers.get("accept"), "application/vnd.github+json");
  EXPECT_FALSE(headers.contains("if-none-match"));
  EXPECT_FALSE(headers.contains("authorization"));  // it travels apart, as a secret
}

TEST(Question, GuessesTheEmptyListForAListNeverSeen) {
  auto question = question_for(kIssues);
  choose_validator(nullptr, nullptr, *question);
  EXPECT_EQ(question->validator, Validator::empty_list);
  EXPECT_EQ(question->if_none_match, '"' + computed_etag(*question, "[]") + '"');
  const Conclusion conclusion = conclude(*question, answer_304(), kNow);
  ASSERT_TRUE(conclusion.entry);
  EXPECT_EQ(*conclusion.entry->body, "[]");
  EXPECT_EQ(conclusion.detail, http::Detail::revalidated);
  EXPECT_EQ(conclusion.entry->headers.get("content-type"), "application/json; charset=utf-8");
}

TEST(Question, OwnBodyIsRevalidatedByTheEtagThatWasGiven) {
  auto first = question_for(kIssue);
  const auto own = fetch(*first);
  auto again = question_for(kIssue);
  choose_validator(own, nullptr, *again);
  EXPECT_EQ(again->validator, Validator::own);
  EXPECT_EQ(again->if_none_match, '"' + own->etag + '"');
  const Conclusion conclusion = conclude(*again, answer_304(), kNow + Seconds(90));
  ASSERT_TRUE(conclusion.entry);
  EXPECT_TRUE(conclusion.store);
  EXPECT_EQ(conclusion.detail, http::Detail::revalidated);
  EXPECT_EQ(conclusion.entry->body, own->body);  // shared, not copied
  EXPECT_EQ(conclusion.entry->fetched_at, kNow);
  EXPECT_EQ(conclusion.entry->proven_at, kNow + Seconds(90));
  EXPECT_EQ(conclusion.entry->etag, own->etag);
}

TEST(Question, AnothersBodyIsProvenByTheEtagThatOurCredentialWouldSee) {
  auto theirs = question_for(kIssue, "token one");
  const auto candidate = fetch(*theirs);
  auto ours = question_for(kIssue, "token two");
  choose_validator(nullptr, candidate, *ours);
  EXPECT_EQ(ours->validator, Validator::candidate);
  EXPECT_NE(ours->if_none_match, '"' + candidate->etag + '"');
  EXPECT_EQ(ours->if_none_match, '"' + computed_etag(*ours, kBody) + '"');
  const Conclusion conclusion = conclude(*ours, answer_304(), kNow);
  ASSERT_TRUE(conclusion.entry);
  EXPECT_EQ(conclusion.detail, http::Detail::proven);
  EXPECT_EQ(conclusion.entry->etag, computed_etag(*ours, kBody));
}

TEST(Question, Trap4AnothersBodyIsNotUsedWithoutItsProof) {
  auto theirs = question_for(kIssue, "token one");
  const auto candidate = fetch(*theirs);
  for (int status : {200, 403, 404, 500}) {
    auto ours = question_for(kIssue, "token two");
    choose_validator(nullptr, candidate, *ours);
    http::Answer answer = answer_200(*ours, R"({"message":"other"})");
    answer.status = status;
    const Conclusion conclusion = conclude(*ours, answer, kNow);
    if (conclusion.entry) {
      EXPECT_EQ(*conclusion.entry->body, R"({"message":"other"})") << status;
    }
  }
}

TEST(Question, ABodyWhoseEtagIsNotComputableIsNoCandidate) {
  auto theirs = question_for(kIssue, "token one");
  http::Answer opaque = answer_200(*theirs, kBody);
  opaque.headers.set("ETag", "\"cac2f823aa51\"");
  const Conclusion first = conclude(*theirs, opaque, kNow);
  EXPECT_TRUE(first.is_etag_unexpected);
  auto ours = question_for(kIssue, "token two");
  choose_validator(nullptr, first.entry, *ours);
  EXPECT_EQ(ours->validator, Validator::none);
  auto again = question_for(kIssue, "token one");
  choose_validator(first.entry, nullptr, *again);
  EXPECT_EQ(again->if_none_match,
            "\"cac2f823aa51\"");  // for its own principal the given tag still works
}

TEST(Question, Trap17AWeakTagIsTheSameTag) {
  auto question = question_for(kIssue);
  http::Answer answer = answer_200(*question, kBody);
  answer.headers.set("ETag", "W/\"" + computed_etag(*question, kBody) + '"');
  const Conclusion conclusion = conclude(*question, answer, kNow);
  EXPECT_TRUE(conclusion.entry->is_etag_computed);
  EXPECT_FALSE(conclusion.is_etag_unexpected);
}

TEST(Question, A304ToAPlainQuestionIsNoAnswer) {
  auto question = question_for(kIssue);
  choose_validator(nullptr, nullptr, *question);
  const Conclusion conclusion = conclude(*question, answer_304(), kNow);
  EXPECT_FALSE(conclusion.entry);
  EXPECT_FALSE(conclusion.store);
}

TEST(Question, A304ForAnotherTagProvesNothing) {
  auto theirs = question_for(kIssue, "token one");
  const auto candidate = fetch(*theirs);
  auto ours = question_for(kIssue, "token two");
  choose_validator(nullptr, candidate, *ours);
  http::Answer other = answer_304();
  other.headers.set("ETag", "\"deadbeef\"");
  EXPECT_FALSE(is_proof(*ours, other));
  EXPECT_FALSE(conclude(*ours, other, kNow).entry);
  other.headers.set("ETag", "W/" + ours->if_none_match);
  EXPECT_TRUE(is_proof(*ours, other));
  drop_validator(*ours);
  EXPECT_FALSE(is_proof(*ours, other));
}

TEST(Question, A304DoesNotDescribeTheBodyAnew) {
  auto first = question_for(kIssue);
  const auto own = fetch(*first);
  auto again = question_for(kIssue);
  choose_validator(own, nullptr, *again);
  http::Answer not_modified = answer_304();
  not_modified.headers.set("Content-Type", "text/html");
  EXPECT_EQ(conclude(*again, not_modified, kNow).entry->headers.get("content-type"),
            "application/json; charset=utf-8");
}

TEST(Question, FieldsOfA304ReplaceStoredOnesAndMissingOnesStay) {
  auto first = question_for(kIssues);
  http::Answer answer = answer_200(*first, "[1]");
  answer.headers.set("Link", "<https://api.github.com/x?page=2>; rel=\"next\"");
  const auto own = conclude(*first, answer, kNow).entry;
  auto again = question_for(kIssues);
  choose_validator(own, nullptr, *again);
  http::Answer not_modified = answer_304();
  not_modified.headers.set("X-GitHub-Media-Type", "github.v3; format=json");
  const auto entry = conclude(*again, not_modified, kNow).entry;
  EXPECT_EQ(entry->headers.get("link"), "<https://api.github.com/x?page=2>; rel=\"next\"");
  EXPECT_EQ(entry->headers.get("x-github-media-type"), "github.v3; format=json");
}

TEST(Question, Trap10NeitherBudgetNorCookieIsKept) {
  const auto entry = fetch(*question_for(kIssue));
  EXPECT_FALSE(entry->headers.contains("x-ratelimit-remaining"));
  EXPECT_FALSE(entry->headers.contains("set-cookie"));
}

TEST(Question, ADeniedAnswerPurgesAndALimitDoesNot) {
  auto question = question_for(kIssue);
  http::Answer denied{
      .status = 403,
      .body = http::make_body(R"({"message":"Resource not accessible by integration"})")};
  EXPECT_TRUE(conclude(*question, denied, kNow).purge);
  http::Answer limited{
      .status = 403,
      .body = http::make_body(R"({"message":"API rate limit exceeded for user ID 1."})")};
  limited.headers.set("X-RateLimit-Remaining", "0");
  const Conclusion conclusion = conclude(*question, limited, kNow);
  EXPECT_FALSE(conclusion.purge);
  EXPECT_TRUE(conclusion.is_limited);
  EXPECT_FALSE(conclusion.entry);
}

TEST(Question, Trap29ADateFromTheFutureIsNotBelieved) {
  auto question = question_for(kIssue);
  http::Answer answer = answer_200(*question, kBody);
  answer.headers.set("Date", http::write_date(kNow + Seconds(3600)));
  EXPECT_EQ(conclude(*question, answer, kNow).entry->upstream_date, kNow);
}

TEST(Question, WhatAnonymousCallersGetIsPublic) {
  auto question = question_for(kIssue, "");
  EXPECT_TRUE(fetch(*question)->is_public);
  EXPECT_FALSE(fetch(*question_for(kIssue))->is_public);
}

}  // namespace
}  // namespace ghmesh::proxy
