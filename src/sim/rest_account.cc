// SPDX-License-Identifier: Apache-2.0 OR MIT
// Reading what stands above the repositories: the root, users, organizations, the viewer's own lists, search.
#include <algorithm>

#include "base/text.h"
#include "sim/rest.h"
#include "sim/world/search.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;
using world::Item;
using world::Repository;
using world::text_at;

constexpr std::size_t kSearchResultsMax = 1000;  // GitHub's own: further ones are not shown

}  // namespace

std::vector<Repository*> Rest::visible_repositories(const Caller& caller) {
  std::vector<Repository*> visible = world_.repositories();
  std::erase_if(visible, [&](const Repository* repository) {
    return accounts_.access_to(caller, *repository) == Access::none;
  });
  return visible;
}

Outcome Rest::search(const Question& question) {
  if (question.query.get("q").empty()) return error_outcome(422, "Validation Failed");
  const world::Search search = world::parse_search(question.query.get("q"));
  json::array found;
  for (Repository* repository : visible_repositories(*question.caller)) {
    if (!search.repository.empty() && to_lower(repository->full_name()) != search.repository)
      continue;
    if (question.rest[1] == "repositories") {
      if (has_words(repository->document, search))
        found.push_back(told_repository(question, *repository,
                                        accounts_.access_to(*question.caller, *repository)));
    } else if (question.rest[1] == "issues") {
      for (const Item& item : repository->collection("issues"))
        if (found.size() < kSearchResultsMax && is_wanted(item.document, search)) {
          json::object document = item.document;
          document["score"] = 1.0;
          found.push_back(std::move(document));
        }
    } else if (question.rest[1] == "code") {
      for (const auto& [path, text] : repository->files)
        if (std::ranges::all_of(search.words, [&](const auto& word) {
              return to_lower(text).find(word) != std::string::npos;
            }))
          found.push_back(json::object{{"name", path.substr(path.rfind('/') + 1)},
                                       {"path", path},
                                       {"repository", {{"full_name", repository->full_name()}}}});
    }
  }
  Outcome outcome = list(question, std::move(found), "items");
  auto body = json::parse(outcome.body).as_object();
  json::object told = {{"total_count", body["total_count"]},
                       {"incomplete_results", search.is_slow},
                       {"items", std::move(body["items"])}};
  outcome.body = json::serialize(told);
  return outcome;
}

std::optional<Outcome> Rest::read_account(const Question& question) {
  const Segments& rest = question.rest;
  const Caller& caller = *question.caller;
  const auto& representation = question.representation;
  const auto told_repositories = [&](auto is_wanted) {
    json::array all;
    for (const Repository* repository : visible_repositories(caller))
      if (is_wanted(*repository))
        all.push_back(
            told_repository(question, *repository, accounts_.access_to(caller, *repository)));
    return list(question, std::move(all), "");
  };
  if (question.path == "/") {
    return json_outcome(
        json::object{{"current_user_url", "https://api.github.com/user"},
                     {"rate_limit_url", "https://api.github.com/rate_limit"},
                     {"repository_url", "https://api.github.com/repos/{owner}/{repo}"}},
        representation);
  }
  if (matches(rest, "zen")) {
    Outcome outcome;
    outcome.content_type = "text/plain;charset=utf-8";
    outcome.body = "Responsive is better than fast.";
    return outcome;
  }
  if (rest[0] == "search" && rest.size() == 2) return search(question);
  if (matches(rest, "users/*") || matches(rest, "orgs/*")) {
    const world::User* user = world_.find_user(rest[1]);
    if (!user || (rest[0] == "orgs" && !user->is_organization)) return read_example(question);
    return json_outcome(user->document, representation);
  }
  if (matches(rest, "users/*/repos") || matches(rest, "orgs/*/repos")) {
    if (!world_.find_user(rest[1])) return error_outcome(404, "Not Found");
    return told_repositories([&](const Repository& repository) {
      return equal_ignoring_case(repository.owner, rest[1]);
    });
  }
  if (rest[0] != "user" && rest[0] != "notifications") return std::nullopt;
  if (caller.is_anonymous()) return error_outcome(401, "Requires authentication");
  if (rest[0] == "notifications") {
    Outcome outcome = list(question, {}, "");
    outcome.headers.add("X-Poll-Interval", "60");
    return outcome;
  }
  if (caller.kind != CallerKind::user)
    return error_outcome(403, "Resource not accessible by integration");
  if (matches(rest, "user")) {
    json::object document = world_.ensure_user(caller.login).document;
    document["two_factor_authentication"] = true;
    document["total_private_repos"] = 1;
    return json_outcome(std::move(document), representation);
  }
  if (matches(rest, "user/repos")) {
    return told_repositories([&](const Repository& repository) {
      return accounts_.access_to(caller, repository) == Access::write;
    });
  }
  if (matches(rest, "user/orgs") || matches(rest, "user/starred")) return list(question, {}, "");
  return std::nullopt;
}

}  // namespace ghmesh::sim
