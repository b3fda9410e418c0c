// SPDX-License-Identifier: Apache-2.0 OR MIT
// First line: path. Second: status. Then header lines up to an empty one, then the body. Whatever GitHub, or whoever
// plays it, answers: what is private stays fresh for a minute at most, a limit purges nothing, and no time is negative.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "github/freshness.h"

namespace {

using namespace ghmesh;

void check_verdict(const github::Route& route, const http::Answer& answer,
                   github::Visibility visibility) {
  const github::Verdict verdict = github::judge_answer(route, answer, visibility);
  GHMESH_CHECK(!verdict.reason.empty());
  GHMESH_CHECK(verdict.ttl >= Seconds(0) && verdict.ttl <= Seconds(86'400));
  if (verdict.keep == github::Keep::no) GHMESH_CHECK(verdict.ttl == Seconds(0));
  if (verdict.keep != github::Keep::no) GHMESH_CHECK(route.may_keep);
  if (verdict.keep == github::Keep::negative) GHMESH_CHECK(verdict.ttl <= github::kNegativeTtl);
  if (visibility == github::Visibility::unproven)
    GHMESH_CHECK(verdict.ttl <= github::kPrivateTtlMax);
  if (github::is_rate_limited(answer))
    GHMESH_CHECK(!verdict.purge && verdict.keep == github::Keep::no);
  if (verdict.keep == github::Keep::yes)
    GHMESH_CHECK(!github::carries_capability(answer.body_text()) || answer.status == 301);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view path = take_until(input, '\n');
  const github::Route route = github::classify_route(path);
  http::Answer answer;
  answer.status = static_cast<int>(parse_decimal(take_until(input, '\n')).value_or(0) % 1000);
  for (int i = 0; i < 20; ++i) {
    std::string_view line = take_until(input, '\n');
    if (line.empty()) break;
    const std::string_view name = take_until(line, ':');
    answer.headers.add(name, trim(line));
  }
  answer.body = http::make_body(std::string(input));
  check_verdict(route, answer, github::Visibility::unproven);
  check_verdict(route, answer, github::Visibility::proven_public);
  GHMESH_CHECK(!github::says_public(route, input) ||
               route.route_class == github::RouteClass::repository);
  const http::Headers kept = github::kept_headers(answer.headers);
  GHMESH_CHECK(!kept.contains("set-cookie") && !kept.contains("x-oauth-scopes"));
  return 0;
}
