// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/explain.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/flight.h"
#include "proxy/proxy.h"
#include "proxy/request.h"

namespace ghmesh::proxy {
namespace {

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

std::string_view query_of(std::string_view target) {
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

std::string seconds(Seconds duration) { return std::to_string(duration.count()) + " s"; }

std::string say_question(Validator validator) {
  switch (validator) {
    case Validator::own: return "GitHub is asked with the ETag of what is held: free if unchanged";
    case Validator::candidate:
      return "GitHub is asked to prove another principal's answer: free if it is still that";
    case Validator::empty_list:
      return "GitHub is asked whether the list is still empty: free if so, one call if not";
    case Validator::none: break;
  }
  return "GitHub is asked, which costs one call";
}

}  // namespace

std::vector<std::string_view> differences_of(std::string_view target, std::string_view accept,
                                             std::string_view api_version, bool is_own,
                                             const Explanation& asked) {
  std::vector<std::string_view> differences;
  if (query_of(target) != asked.query) differences.emplace_back("query");
  if (accept != asked.media_type) differences.emplace_back("media type");
  if (api_version != asked.api_version) differences.emplace_back("API version");
  if (!is_own) differences.emplace_back("principal");
  return differences;
}

std::string say_what_happens(const Explanation& why) {
  if (why.bypass != github::Bypass::none)
    return "it is passed through to GitHub, which costs one call: never kept, because of its " +
           std::string(github::bypass_name(why.bypass));
  switch (why.action) {
    case Action::serve:
      return why.held && why.held->is_of_peer
                 ? "it is served on the word of a peer: nobody is asked"
                 : "it is served from the cache: nobody is asked";
    case Action::serve_and_ask:
      return "it is served from the cache although it is stale, and GitHub is asked behind";
    case Action::refuse: return "it is refused with 504: nobody may be asked, and nothing is held";
    case Action::ask: break;
  }
  return say_question(why.validator);
}

std::string say_what_would_help(const Explanation& why) {
  if (why.bypass != github::Bypass::none || why.action != Action::ask) return {};
  if (why.is_refused) return "GitHub has refused this credential; nothing is served to it";
  if (why.held && why.held->is_outdated)
    return "something at its place has changed since it was proven: only GitHub can say more";
  if (why.held)
    return "within " + seconds(why.held->ttl) + " of the last proof, which is " +
           seconds(why.held->age) + " old, it would have been a hit";
  if (why.near.empty()) return "nothing is held that is like it: the first question costs a call";
  std::string help = "the nearest entry differs in its ";
  for (const std::string_view& difference : why.near.front().differences) {
    if (&difference != &why.near.front().differences.front()) help += " and ";
    help += difference;
  }
  return help + ": asked in the same way it would have been a hit";
}

Result<Explanation> Proxy::explain(const Asked& asked) {
  http::RequestHead head;
  head.method = "GET";
  head.target = asked.target;
  head.host = access_.api_host();
  head.fields[head.fields_count++] = {"Accept", asked.accept};
  if (!asked.authorization.empty())
    head.fields[head.fields_count++] = {"Authorization", asked.authorization};
  if (!asked.api_version.empty())
    head.fields[head.fields_count++] = {"X-GitHub-Api-Version", asked.api_version};
  Request request;
  auto read = read_request(head, net::Door::unix_socket, request);
  if (!read) return read.error();
  const Now now = read_clocks();
  Explanation why;
  why.host = access_.api_host();
  why.path = request.target.path;
  why.query = request.target.query;
  why.media_type = request.keyed.accept;
  why.api_version = request.keyed.api_version;
  why.route = request.keyed.route.name;
  why.route_class = github::route_class_name(request.keyed.route.route_class);
  why.bypass = request.keyed.bypass;
  if (!request.caller) return why;
  const Caller& caller = *request.caller;
  why.is_anonymous = caller.credential.kind == github::CredentialKind::anonymous;
  why.is_refused = caller.standing->is_refused;
  why.group = caller.group;
  std::copy_n(caller.principal.id.begin(), why.whose.size(), why.whose.begin());
  if (why.bypass == github::Bypass::none) explain_kept(head, request, now.wall, why);
  for (const Decision& decision : decisions_.last(kDecisionsMax)) {
    if (why.history.size() == kHistoryMax) break;
    if (decision.whose == why.whose && equal_ignoring_case(path_of(decision.target()), why.path))
      why.history.push_back(decision);
  }
  return why;
}

void Proxy::explain_kept(const http::RequestHead& head, const Request& request, WallTime now,
                         Explanation& why) {
  const Caller& caller = *request.caller;
  const Found found = find_entry(request, now);
  const Situation situation =
      situation_of(head, request, found, last_change(caller, request.target.path), now);
  why.action = decide(situation);
  if (found.entry)
    why.held = Explanation::Held{.status = found.entry->status,
                                 .age = situation.age,
                                 .time_left = situation.time_left,
                                 .ttl = found.entry->ttl,
                                 .bytes = found.entry->body->size(),
                                 .has_etag = !found.entry->etag.empty(),
                                 .is_public = found.entry->is_public,
                                 .is_outdated = situation.is_outdated,
                                 .is_of_peer = found.is_of_peer};
  Question question;
  plan_question(request.target, request.keyed, options_.upstream_origin, request.caller, question);
  const cache::EntryRef own = cache_.find(caller.principal, request.keyed.text);
  choose_validator(own,
                   !own && options_.use_candidates
                       ? cache_.find_candidate(caller.principal, request.keyed.text)
                       : nullptr,
                   question);
  why.validator = question.validator;
  const auto like = catalog_.find([&](const KnownEntry& entry) {
    return equal_ignoring_case(path_of(entry.target), why.path);
  });
  for (const KnownEntry& entry : like) {
    const bool is_own = entry.caller->principal.id == caller.principal.id;
    NearEntry near{.target = without_secrets(entry.target),
                   .accept = entry.accept,
                   .api_version = entry.api_version,
                   .is_of_another_principal = !is_own};
    near.differences = differences_of(entry.target, entry.accept, entry.api_version, is_own, why);
    if (!near.differences.empty()) why.near.push_back(std::move(near));
  }
  std::ranges::stable_sort(why.near, {},
                           [](const NearEntry& near) { return near.differences.size(); });
  if (why.near.size() > kNearEntriesMax) why.near.resize(kNearEntriesMax);
}

}  // namespace ghmesh::proxy
