// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/freshness.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"

namespace ghmesh::github {
namespace {

constexpr auto kPublic = Visibility::proven_public;
constexpr auto kPrivate = Visibility::unproven;

http::Answer answer(int status, std::string body, http::Headers more = {}) {
  http::Answer made{.status = status,
                    .headers = {{"Content-Type", "application/json; charset=utf-8"},
                                {"Cache-Control", "private, max-age=60, s-maxage=60"}},
                    .body = http::make_body(std::move(body))};
  for (const http::Header& header : more) made.headers.set(header.name, header.value);
  return made;
}

Verdict judge(std::string_view path, const http::Answer& given, Visibility visibility = kPublic) {
  return judge_answer(classify_route(path), given, visibility);
}
Seconds ttl(std::string_view path, std::string body, Visibility visibility = kPublic) {
  const Verdict verdict = judge(path, answer(200, std::move(body)), visibility);
  EXPECT_EQ(verdict.keep, Keep::yes) << path << ": " << verdict.reason;
  return verdict.ttl;
}

constexpr std::string_view kSha = "/0123456789abcdef0123456789abcdef01234567";

TEST(Freshness, FollowsTheRoute) {
  struct Case {
    std::string path;
    std::int64_t seconds;
  };
  for (const Case& c : {Case{"/meta", 3600},
                        {"/user", 60},
                        {"/repos/o/r", 600},
                        {"/repos/o/r/languages", 600},
                        {"/orgs/o/repos", 300},
                        {"/repos/o/r/contents/a", 300},
                        {"/repos/o/r/git/blobs" + std::string(kSha), 86'400},
                        {"/repos/o/r/git/trees/main", 300},
                        {"/repos/o/r/branches/main", 60},
                        {"/repos/o/r/commits" + std::string(kSha), 3600},
                        {"/repos/o/r/commits/main", 60},
                        {"/repos/o/r/commits", 300},
                        {"/repos/o/r/pulls", 60},
                        {"/repos/o/r/issues", 60},
                        {"/repos/o/r/releases/tags/v1", 3600},
                        {"/repos/o/r/releases/latest", 300},
                        {"/orgs/o/actions/runners", 30},
                        {"/repos/o/r/actions/workflows/ci.yml", 3600},
                        {"/repositories/5/releases/latest", 300},
                        {"/nobody/knows", 60}})
    EXPECT_EQ(ttl(c.path, "{}"), Seconds(c.seconds)) << c.path;
}

TEST(Freshness, Trap5CapsWhatIsNotProvenPublic) {
  EXPECT_EQ(ttl("/repos/o/r/git/blobs" + std::string(kSha), "{}", kPrivate), kPrivateTtlMax);
  EXPECT_EQ(ttl("/repos/o/r", "{}", kPrivate), kPrivateTtlMax);
  EXPECT_EQ(ttl("/orgs/o/actions/runners", "{}", kPrivate), Seconds(30));
  EXPECT_EQ(judge("/repos/o/r", answer(301, "", {{"Location", "/repositories/1"}}), kPrivate).ttl,
            kPrivateTtlMax);
}

TEST(Freshness, EveryClassHasATimeOrIsNeverKept){
#define X(each) \
  { \
    const auto given = RouteClass::each; \
    const bool is_never = given == RouteClass::live || given == RouteClass::secret; \
    const Verdict verdict = judge_answer({.route_class = given}, answer(200, "{}"), kPublic); \
    EXPECT_EQ(verdict.ttl > Seconds(0), !is_never) << #each; \
  }
    GHMESH_ROUTE_CLASSES(X)
#undef X
}

// "10 min" and the like at the front of a cell; 0 for a cell without one.
Seconds documented_time(std::string_view cell) {
  std::int64_t number = 0;
  std::size_t digits = 0;
  while (digits < cell.size() && cell[digits] >= '0' && cell[digits] <= '9')
    number = number * 10 + (cell[digits++] - '0');
  const std::string_view unit = cell.substr(digits);
  if (unit.starts_with(" s")) return Seconds(number);
  if (unit.starts_with(" min")) return Seconds(number * 60);
  if (unit.starts_with(" h")) return Seconds(number * 3600);
  return Seconds(0);
}

// "| a | | c |" -> "a", "", "c".
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  take_until(line, '|');
  while (!line.empty()) cells.emplace_back(trim(take_until(line, '|')));
  return cells;
}

// Every test runs in the root of the source tree.
TEST(Freshness, IsAsItsDocumentSays) {
  std::map<std::string, std::pair<Seconds, Seconds>> documented;
  std::ifstream file("docs/freshness.md");
  bool is_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) is_table = line == "## By class";
    if (!is_table || !line.starts_with("| `")) continue;
    const auto cells = cells_of(line);
    ASSERT_GE(cells.size(), 3u) << line;
    const Seconds usual = documented_time(cells[1]);
    const Seconds settled = cells[2].empty() ? usual : documented_time(cells[2]);
    for (std::size_t at = 0; (at = cells[0].find('`', at)) != std::string::npos;) {
      const std::size_t end = cells[0].find('`', at + 1);
      documented[cells[0].substr(at + 1, end - at - 1)] = {usual, settled};
      at = end + 1;
    }
  }
  const auto running = answer(200, "{}");
  const auto finished = answer(200, R"({"status":"completed","merged":true,"state":"closed",)"
                                    R"("workflow_runs":[{"status":"completed"}]})");
#define X(each) \
  if (RouteClass::each != RouteClass::unknown) { \
    const Route route{.route_class = RouteClass::each}; \
    ASSERT_TRUE(documented.contains(#each)) << #each; \
    EXPECT_EQ(judge_answer(route, running, kPublic).ttl, documented[#each].first) << #each; \
    EXPECT_EQ(judge_answer(route, finished, kPublic).ttl, documented[#each].second) << #each; \
  }
  GHMESH_ROUTE_CLASSES(X)
#undef X
}

TEST(Freshness, Trap21RunsThatAreFinishedAreFreshForLonger) {
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1", R"({"id":1,"status":"completed"})"), Seconds(60));
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1", R"({"id":1,"status":"in_progress"})"), Seconds(10));
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1", R"({"id":1})"), Seconds(10));
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1/attempts/1", R"({"status":"completed"})"),
            Seconds(3600));
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1/attempts/1", R"({"status":"queued"})"), Seconds(10));
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1/attempts/1/jobs",
                R"({"total_count":1,"jobs":[{"status":"completed"}]})"),
            Seconds(3600));
}

TEST(Freshness, AListOfRunsIsFinishedWhenEveryMemberIs) {
  constexpr auto kRuns = "/repos/o/r/actions/runs";
  EXPECT_EQ(ttl(kRuns, R"({"total_count":2,"workflow_runs":[{"id":1,"status":"completed"},)"
                       R"({"name":"x","status":"completed","jobs_url":"u"}]})"),
            Seconds(120));
  EXPECT_EQ(ttl(kRuns, R"({"workflow_runs":[{"status":"completed"},{"status":"queued"}]})"),
            Seconds(10));
  EXPECT_EQ(ttl(kRuns, R"({"workflow_runs":[{"status":"completed"},{}]})"), Seconds(10));
  EXPECT_EQ(ttl(kRuns, R"({"total_count":0,"workflow_runs":[]})"), Seconds(10));
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1/jobs", R"({"jobs":[{"status":"completed"}]})"),
            Seconds(120));
}

TEST(Freshness, ChecksAreFinishedWhenTheySaySo) {
  constexpr auto kRuns = "/repos/o/r/commits/main/check-runs";
  EXPECT_EQ(ttl(kRuns, R"({"check_runs":[{"status":"completed"}]})"), Seconds(120));
  EXPECT_EQ(ttl(kRuns, R"({"check_runs":[{"status":"in_progress"}]})"), Seconds(10));
  EXPECT_EQ(ttl(kRuns, R"({"check_runs":[]})"), Seconds(10));
  EXPECT_EQ(ttl("/repos/o/r/commits/main/status", R"({"state":"success","statuses":[]})"),
            Seconds(120));
  EXPECT_EQ(ttl("/repos/o/r/commits/main/status", R"({"state":"pending"})"), Seconds(10));
  EXPECT_EQ(ttl("/repos/o/r/check-runs/1", R"({"status":"completed"})"), Seconds(120));
}

TEST(Freshness, PullsAndIssuesThatAreDoneAreFreshForLonger) {
  EXPECT_EQ(ttl("/repos/o/r/pulls/1", R"({"state":"closed","merged":true,"mergeable":null})"),
            Seconds(3600));
  EXPECT_EQ(ttl("/repos/o/r/pulls/1", R"({"state":"closed","merged":false,"mergeable":null})"),
            Seconds(60));
  EXPECT_EQ(ttl("/repos/o/r/pulls/1", R"({"state":"open","merged":false,"mergeable":true})"),
            Seconds(60));
  EXPECT_EQ(ttl("/repos/o/r/issues/1", R"({"state":"closed"})"), Seconds(3600));
  EXPECT_EQ(ttl("/repos/o/r/issues/1", R"({"state":"open"})"), Seconds(300));
}

TEST(Freshness, Trap22DoesNotBelieveWhatIsStillBeingComputed) {
  EXPECT_EQ(ttl("/repos/o/r/pulls/1", R"({"state":"open","merged":false,"mergeable":null})"),
            Seconds(0));
  EXPECT_EQ(judge("/search/issues",
                  answer(200, R"({"total_count":1,"incomplete_results":true,"items":[]})"))
                .keep,
            Keep::no);
  EXPECT_EQ(ttl("/search/issues", R"({"total_count":1,"incomplete_results":false,"items":[]})"),
            Seconds(60));
  EXPECT_EQ(judge("/repos/o/r/stats/contributors", answer(202, "{}")).keep, Keep::no);
}

TEST(Freshness, AnUnreadableBodyGetsTheShortTime) {
  for (std::string body : {"", "{", "[]", "null", "\"completed\"", R"({"status":1})",
                           R"({"status":{"a":"completed"}})", R"({"a":{"status":"completed"}})",
                           "{\"status\":\"completed", "\xff\xfe"})
    EXPECT_EQ(ttl("/repos/o/r/actions/runs/1/attempts/1", body), Seconds(10)) << body;
  const std::string large =
      R"({"status":"completed","x":")" + std::string(kJudgedBytesMax, 'x') + "\"}";
  EXPECT_EQ(ttl("/repos/o/r/actions/runs/1/attempts/1", large), Seconds(10));
}

TEST(Freshness, Trap6ForgetsNegativeAnswersSoon) {
  for (int status : {404, 410, 451}) {
    const Verdict verdict = judge("/repos/o/r", answer(status, R"({"message":"Not Found"})"));
    EXPECT_EQ(verdict.keep, Keep::negative) << status;
    EXPECT_EQ(verdict.ttl, kNegativeTtl) << status;
    EXPECT_TRUE(verdict.purge) << status;
  }
  EXPECT_EQ(judge("/repos/o/r/hooks", answer(404, "{}")).keep, Keep::no);
}

TEST(Freshness, Trap5ADenialPurgesAndALimitNeverDoes) {
  EXPECT_TRUE(judge("/repos/o/r", answer(401, R"({"message":"Bad credentials"})")).purge);
  EXPECT_TRUE(
      judge("/repos/o/r", answer(403, R"({"message":"Resource not accessible by integration"})"))
          .purge);
  EXPECT_TRUE(judge("/repos/o/r", answer(403, "")).purge);
  for (const http::Answer& limited :
       {answer(403, R"({"message":"API rate limit exceeded for user ID 1."})",
               {{"X-RateLimit-Remaining", "0"}}),
        answer(429, "{}"), answer(403, "{}", {{"Retry-After", "60"}})}) {
    const Verdict verdict = judge("/repos/o/r", limited);
    EXPECT_FALSE(verdict.purge);
    EXPECT_EQ(verdict.keep, Keep::no);
  }
  for (int status : {500, 502, 503, 504}) {
    const Verdict verdict = judge("/repos/o/r", answer(status, "{}"));
    EXPECT_FALSE(verdict.purge) << status;
    EXPECT_EQ(verdict.keep, Keep::no) << status;
  }
}

TEST(Freshness, Trap9KeepsMovesAndNoOtherRedirect) {
  EXPECT_EQ(judge("/repos/o/r",
                  answer(301, "{}", {{"Location", "https://api.github.com/repositories/1"}}))
                .keep,
            Keep::yes);
  EXPECT_EQ(judge("/repos/o/r", answer(301, "{}")).keep, Keep::no);
  EXPECT_EQ(judge("/repos/o/r", answer(301, "{}", {{"Location", "https://x/?token=abc"}})).keep,
            Keep::no);
  for (int status : {300, 302, 303, 304, 307, 308})
    EXPECT_EQ(judge("/repos/o/r", answer(status, "{}", {{"Location", "https://x/"}})).keep,
              Keep::no)
        << status;
}

TEST(Freshness, KeepsNoOtherKindOfAnswer) {
  for (int status : {0, 100, 201, 202, 203, 204, 206, 400, 409, 422})
    EXPECT_EQ(judge("/repos/o/r", answer(status, "{}")).keep, Keep::no) << status;
  EXPECT_EQ(judge("/rate_limit", answer(200, "{}")).keep, Keep::no);
  EXPECT_EQ(judge("/app/installations/1/access_tokens", answer(200, "{}")).keep, Keep::no);
}

TEST(Freshness, UpstreamMayShortenButItsBlanketMinuteDoesNot) {
  const auto with = [](std::string_view value) {
    return answer(200, "{}", {{"Cache-Control", std::string(value)}});
  };
  EXPECT_EQ(judge("/repos/o/r", with("private, max-age=60")).ttl, Seconds(600));
  EXPECT_EQ(judge("/repos/o/r", with("max-age=5")).ttl, Seconds(5));
  EXPECT_EQ(judge("/repos/o/r", with("max-age=0, must-revalidate")).ttl, Seconds(0));
  EXPECT_EQ(judge("/repos/o/r", with("no-cache")).ttl, Seconds(0));
  EXPECT_EQ(judge("/repos/o/r", with("no-store")).keep, Keep::no);
  EXPECT_EQ(judge("/repos/o/r", answer(200, "{}", {{"Vary", "*"}})).keep, Keep::no);
  http::Answer silent = answer(200, "{}");
  silent.headers.remove("cache-control");
  EXPECT_EQ(judge("/repos/o/r", silent).ttl, Seconds(600));
  EXPECT_EQ(judge("/nobody/knows", silent).ttl, Seconds(0));
}

TEST(Freshness, EventsObeyThePollInterval) {
  const auto with = [](std::string_view value) {
    return answer(200, "[]", {{"X-Poll-Interval", std::string(value)}});
  };
  EXPECT_EQ(judge("/repos/o/r/events", with("120")).ttl, Seconds(120));
  EXPECT_EQ(judge("/notifications", with("30")).ttl, Seconds(60));
  EXPECT_EQ(judge("/repos/o/r/events", with("99999999999999999999")).ttl, Seconds(60));
  EXPECT_EQ(judge("/repos/o/r/events", with("86400")).ttl, Seconds(900));
  EXPECT_EQ(judge("/repos/o/r/events", with("120"), kPrivate).ttl, kPrivateTtlMax);
  EXPECT_EQ(judge("/repos/o/r", with("9999")).ttl, Seconds(600));
}

TEST(Freshness, EveryVerdictHasAReason) {
  for (int status = 100; status < 600; ++status)
    EXPECT_FALSE(judge("/repos/o/r", answer(status, "{}")).reason.empty()) << status;
}

TEST(RateLimit, IsKnownByItsMessageThenByItsFields) {
  struct Case {
    std::string_view message;
    bool is_limit;
  };
  for (const Case& c : {Case{"API rate limit exceeded for user ID 1.", true},
                        {"API rate limit exceeded for installation ID 1.", true},
                        {"You have exceeded a secondary rate limit. Please wait a few minutes "
                         "before you try again.",
                         true},
                        {"You have triggered an abuse detection mechanism.", true},
                        {"Resource not accessible by integration", false},
                        {"Must have admin rights to Repository.", false},
                        {"Resource protected by organization SAML enforcement.", false}}) {
    const std::string body =
        R"({"message":")" + std::string(c.message) + R"(","documentation_url":"u"})";
    EXPECT_EQ(is_rate_limited(answer(403, body)), c.is_limit) << c.message;
    // A denial that used up the last of the budget is a denial all the same.
    EXPECT_EQ(is_rate_limited(answer(403, body, {{"X-RateLimit-Remaining", "0"}})), c.is_limit)
        << c.message;
  }
  EXPECT_TRUE(is_rate_limited(answer(403, "", {{"X-RateLimit-Remaining", "0"}})));
  EXPECT_TRUE(is_rate_limited(answer(403, "<html>", {{"x-ratelimit-remaining", "0"}})));
  EXPECT_FALSE(is_rate_limited(answer(403, "", {{"X-RateLimit-Remaining", "10"}})));
  EXPECT_FALSE(is_rate_limited(answer(404, "", {{"X-RateLimit-Remaining", "0"}})));
  EXPECT_FALSE(is_rate_limited(answer(200, R"({"message":"rate limit"})")));
}

TEST(Capability, Trap19FindsSignedUrlsAndTokens) {
  for (
      std::string_view body :
      {R"({"download_url":"https://raw.githubusercontent.com/o/r/main/a?token=ABC"})",
       R"({"u":"https://x.blob.core.windows.net/a?se=1\u0026sig=abc%3D"})",
       R"({"u":"https://x/a?a=1&X-Amz-Signature=abc"})", R"({"u":"https:\/\/x\/a?jwt=ey"})",
       R"({"body_html":"<img src=\"https://private-user-images.githubusercontent.com/1?a=b&amp;jwt=ey\">"})",
       R"j({"body":"see (https://x/y?token=abc)"})j", R"({"token":"ghs_abc","expires_at":"x"})",
       R"({"token" : "x"})", R"({"encoded_jit_config":"abc"})",
       R"([{"temp_download_token":"abc"}])"})
    EXPECT_TRUE(carries_capability(body)) << body;
}

TEST(Capability, DoesNotSeeOneInOrdinaryText) {
  for (std::string_view body :
       {"", "{}", R"({"token":""})", R"({"token":null})",
        R"({"body":"set token=abc in the environment"})", R"({"patch":"+  a ? token=1 : sig=2"})",
        R"({"u":"https://x/token=abc"})", R"({"u":"https://x/a?tokens=1"})",
        R"({"content":"aHR0cHM/dG9rZW49=="})", R"({"tokens_url":"https://x"})",
        R"({"q":"?token=abc"})"})
    EXPECT_FALSE(carries_capability(body)) << body;
}

TEST(Freshness, Trap19DoesNotKeepABodyThatCarriesACapability) {
  const auto signed_url =
      answer(200, R"({"download_url":"https://raw.githubusercontent.com/o/r/main/a?token=ABC"})");
  EXPECT_EQ(judge("/repos/o/r/contents/a", signed_url).keep, Keep::no);
  EXPECT_FALSE(judge("/repos/o/r/contents/a", signed_url).purge);
  EXPECT_EQ(judge("/repos/o/r/contents/a",
                  answer(200, R"({"download_url":"https://raw.githubusercontent.com/o/r/main/a"})"))
                .keep,
            Keep::yes);
}

TEST(Public, IsSaidByTheRepositoryItselfOnly) {
  const Route route = classify_route("/repos/Octo/Hello");
  EXPECT_TRUE(says_public(
      route, R"({"id":1,"full_name":"octo/hello","private":false,"owner":{"private":true}})"));
  EXPECT_TRUE(says_public(route, R"({"private":false,"full_name":"Octo/Hello"})"));
  for (std::string_view body :
       {R"({"full_name":"octo/hello","private":true})", R"({"full_name":"octo/hello"})",
        R"({"private":false})", R"({"full_name":"octo/other","private":false})",
        R"({"full_name":"octo/hello","private":"false"})",
        R"({"full_name":"octo/hello","private":null})",
        R"({"full_name":"octo/hello","owner":{"private":false}})",
        R"([{"full_name":"octo/hello","private":false}])", "", "{", "null"})
    EXPECT_FALSE(says_public(route, body)) << body;
  constexpr std::string_view kBody = R"({"full_name":"octo/hello","private":false})";
  EXPECT_FALSE(says_public(classify_route("/repos/octo/hello/languages"), kBody));
  EXPECT_FALSE(says_public(classify_route("/repos/octo/hello/pulls/1"), kBody));
  EXPECT_TRUE(says_public(classify_route("/repositories/5"), kBody));
}

// The golden list. A field that is added to it must not tell one principal about another.
TEST(KeptHeaders, AreAnAllowList) {
  const http::Headers sent{
      {"Server", "github.com"},
      {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"},
      {"Content-Type", "application/json; charset=utf-8"},
      {"Content-Length", "5"},
      {"Content-Encoding", "gzip"},
      {"Transfer-Encoding", "chunked"},
      {"Connection", "close"},
      {"Cache-Control", "private, max-age=60, s-maxage=60"},
      {"Vary", "Accept, Authorization, Cookie"},
      {"ETag", "W/\"abc\""},
      {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
      {"Link", "<https://api.github.com/x?page=2>; rel=\"next\""},
      {"Location", "https://api.github.com/repositories/1"},
      {"X-Poll-Interval", "60"},
      {"X-GitHub-Media-Type", "github.v3; format=json"},
      {"x-github-api-version-selected", "2022-11-28"},
      {"X-GitHub-Enterprise-Version", "3.19.0"},
      {"X-GitHub-Request-Id", "ABCD:1"},
      {"X-GitHub-SSO", "required; url=https://github.com/orgs/o/sso?authorization_request=A"},
      {"X-OAuth-Scopes", "repo"},
      {"X-Accepted-OAuth-Scopes", "repo"},
      {"X-OAuth-Client-Id", "178c6fc778ccc68e1d6a"},
      {"X-Accepted-GitHub-Permissions", "metadata=read"},
      {"github-authentication-token-expiration", "2027-01-01 00:00:00 UTC"},
      {"X-RateLimit-Limit", "5000"},
      {"X-RateLimit-Remaining", "4999"},
      {"X-RateLimit-Reset", "1"},
      {"X-RateLimit-Used", "1"},
      {"X-RateLimit-Resource", "core"},
      {"Retry-After", "60"},
      {"Set-Cookie", "_gh_sess=secret"},
      {"Set-Cookie", "logged_in=no"},
      {"Access-Control-Allow-Origin", "*"},
      {"Access-Control-Expose-Headers", "ETag, Link"},
      {"Strict-Transport-Security", "max-age=31536000"},
      {"Age", "3"},
      {"Via", "1.1 somebody"},
      {"X-Unheard-Of", "1"},
  };
  std::string names;
  for (const http::Header& header : kept_headers(sent)) names += header.name + '\n';
  EXPECT_EQ(names,
            "Content-Type\nCache-Control\nVary\nLast-Modified\nLink\nLocation\nX-Poll-Interval\n"
            "X-GitHub-Media-Type\nx-github-api-version-selected\nX-GitHub-Enterprise-Version\n");
}

TEST(KeptHeaders, KeepOrderAndRepetition) {
  EXPECT_EQ(kept_headers({{"Link", "1"}, {"Date", "x"}, {"link", "2"}}),
            (http::Headers{{"Link", "1"}, {"link", "2"}}));
}

}  // namespace
}  // namespace ghmesh::github
