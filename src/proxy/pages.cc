// SPDX-License-Identifier: Apache-2.0 OR MIT
// Pages: whether a last page still is one, and walks along pages that belong together (docs/freshness.md, "Pages").
#include "github/pages.h"

#include "proxy/flight.h"
#include "proxy/proxy.h"
#include "proxy/request.h"

namespace ghmesh::proxy {
namespace {

// A caller that walks along a list and wants its pages to be of one state of it: "Ghmesh-Walk: consistent".
constexpr std::string_view kWalkField = "ghmesh-walk";
constexpr std::string_view kConsistent = "consistent";

std::string_view query_of(std::string_view url) {
  const auto mark = url.find('?');
  return mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
}

}  // namespace

Result<void> Proxy::key_as(const github::Target& target, std::string_view accept,
                           std::string_view api_version, github::KeyedRequest& keyed) {
  http::RequestHead head;
  head.method = "GET";
  head.fields[head.fields_count++] = {"Accept", accept};
  if (!api_version.empty())
    head.fields[head.fields_count++] = {"X-GitHub-Api-Version", api_version};
  github::key_request(target, head, keyed);
  if (keyed.bypass != github::Bypass::none) return Errc::unsupported;
  return {};
}

// A 304 is about the body and not about the Link. Where the page is full and was the last, GitHub is asked whether the
// one behind it is still empty, which is free as long as it is.
net::awaitable<bool> Proxy::has_grown(const Question& question) {
  if (!question.route.is_list || !question.held) co_return false;
  const cache::Entry& held = *question.held;
  const std::string_view query = query_of(question.url);
  if (!github::may_have_grown(query, held.headers.get("link"), *held.body)) co_return false;
  const std::string_view target_text =
      std::string_view(question.url).substr(options_.upstream_origin.size());
  const std::string next_text =
      github::target_of_page(target_text, github::read_page(query).number + 1);
  auto target = github::parse_target(access_.api_host(), next_text);
  github::KeyedRequest keyed;
  if (!target || !key_as(*target, question.accept, question.api_version, keyed)) co_return false;
  Question next;
  plan_question(*target, keyed, options_.upstream_origin, question.caller, next);
  const cache::EntryRef own = cache_.find(question.caller->principal, next.key);
  choose_validator(own, nullptr, next);
  const WallTime asked_at = read_clocks().wall;
  auto answer = co_await put_question(next);
  if (!answer || (answer->status != 200 && answer->status != 304)) co_return false;
  if (answer->status == 304 && !is_proof(next, *answer))
    co_return true;                                              // better one call too many
  const Outcome outcome = settle(next, own, *answer, asked_at);  // kept: somebody will ask for it
  if (!outcome.entry) co_return false;
  co_return github::count_elements(*outcome.entry->body) > 0;
}

// The pages of a walk are of one time when the first has not changed since the others were proven. The first one itself
// is asked for each time, free of charge when it has not changed.
WallTime Proxy::walk_change(const http::RequestHead& head, const Request& request,
                            WallTime now) const {
  if (head.get(kWalkField) != kConsistent || !request.keyed.route.is_list) return WallTime::min();
  if (github::read_page(request.target.query).number == 1) return now;
  const std::string first_text = github::target_of_page(request.keyed.upstream_target, 1);
  auto target = github::parse_target(access_.api_host(), first_text);
  github::KeyedRequest keyed;
  if (!target || !key_as(*target, request.keyed.accept, request.keyed.api_version, keyed))
    return now;
  const cache::EntryRef first = cache_.find(request.caller->principal, keyed.text);
  return first ? first->fetched_at : now;
}

}  // namespace ghmesh::proxy
