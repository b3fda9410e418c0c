// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/invalidation.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "github/invalidation_rules.h"

namespace ghmesh::github {
namespace {

// The places of one repository that move together.
constexpr std::array<std::string_view, 17> kGit{
    "activity",     "branches", "commits", "comments",  "compare", "contents",
    "contributors", "forks",    "git",     "languages", "license", "matching-refs",
    "readme",       "stats",    "tags",    "community", "events"};
constexpr std::array<std::string_view, 9> kTalk{"issues",     "pulls",     "labels",
                                                "milestones", "assignees", "comments",
                                                "events",     "timeline",  "projects"};
constexpr std::array<std::string_view, 6> kRuns{"actions",      "commits",     "check-runs",
                                                "check-suites", "deployments", "pulls"};
constexpr std::array<std::string_view, 6> kChecks{"commits",      "statuses", "check-runs",
                                                  "check-suites", "pulls",    "branches"};
constexpr std::array<std::string_view, 3> kReleases{"releases", "tags", "git"};
constexpr std::array<std::string_view, 5> kMergeToo{"issues", "pulls", "actions", "check-runs",
                                                    "check-suites"};

constexpr bool has(Also all, Also one) {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

struct Rule {
  std::string_view pattern;  // segments of `rest`; "*" is any one; what follows does not matter
  Also also;
};
// The first that matches. "everything": access or names have changed.
constexpr std::array kRepositoryRules = std::to_array<Rule>({
    {"pulls/*/merge", Also::git | Also::merge | Also::search},
    {"pulls/*/update-branch", Also::git | Also::merge | Also::search},
    {"pulls", Also::talk | Also::search | Also::notifications},
    {"contents", Also::git | Also::merge},
    {"git", Also::git | Also::merge},
    {"merges", Also::git | Also::merge},
    {"merge-upstream", Also::git | Also::merge},
    {"branches/*/rename", Also::git | Also::merge},
    {"branches", Also::git | Also::checks},
    {"issues", Also::talk | Also::search | Also::notifications},
    {"labels", Also::talk | Also::search},
    {"milestones", Also::talk | Also::search},
    {"comments", Also::talk},
    {"releases", Also::releases},
    {"dispatches", Also::runs},
    {"actions/runners", Also::nothing},
    {"actions", Also::runs},
    {"deployments", Also::runs},
    {"statuses", Also::checks},
    {"check-runs", Also::checks},
    {"check-suites", Also::checks},
    {"notifications", Also::notifications},
    {"collaborators", Also::everything},
    {"teams", Also::everything},
    {"invitations", Also::everything},
    {"transfer", Also::everything},
    {"topics", Also::search},
    {"forks", Also::search},
    {"subscription", Also::notifications},
});

bool matches(std::string_view pattern, std::string_view rest) {
  while (!pattern.empty()) {
    if (rest.empty()) return false;
    const auto wanted = pattern.substr(0, pattern.find('/'));
    const auto given = rest.substr(0, rest.find('/'));
    if (wanted != "*" && wanted != given) return false;
    pattern.remove_prefix(std::min(pattern.size(), wanted.size() + 1));
    rest.remove_prefix(std::min(rest.size(), given.size() + 1));
  }
  return true;
}

void add(std::vector<Doubt>& doubts, std::string_view scope, std::string_view rest,
         Doubt::Reach reach) {
  doubts.push_back(
      {.place = {.scope = std::string(scope), .rest = std::string(rest)}, .reach = reach});
}

void add_all(std::vector<Doubt>& doubts, std::string_view scope,
             std::span<const std::string_view> places) {
  for (const std::string_view place : places) add(doubts, scope, place, Doubt::Reach::below);
}

// The place itself with all below it, and each collection that it stands in, up to the scope's own object.
void add_hierarchy(std::vector<Doubt>& doubts, const Place& place) {
  add(doubts, place.scope, place.rest, Doubt::Reach::below);
  std::string_view rest = place.rest;
  while (!rest.empty()) {
    const auto slash = rest.rfind('/');
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(0, slash);
    add(doubts, place.scope, rest, Doubt::Reach::itself);
  }
}

}  // namespace

void add_across(std::vector<Doubt>& doubts, const std::string& scope, Also also) {
  if (has(also, Also::everything)) add(doubts, scope, "", Doubt::Reach::below);
  if (has(also, Also::git)) add_all(doubts, scope, kGit);
  if (has(also, Also::merge)) add_all(doubts, scope, kMergeToo);
  if (has(also, Also::talk)) add_all(doubts, scope, kTalk);
  if (has(also, Also::runs)) add_all(doubts, scope, kRuns);
  if (has(also, Also::checks)) add_all(doubts, scope, kChecks);
  if (has(also, Also::releases)) add_all(doubts, scope, kReleases);
  if (has(also, Also::search)) add(doubts, "search", "", Doubt::Reach::below);
  if (has(also, Also::notifications)) {
    add(doubts, "notifications", "", Doubt::Reach::below);
    add(doubts, scope, "notifications", Doubt::Reach::below);
  }
  if (has(also, Also::counts)) {
    add(doubts, scope, "", Doubt::Reach::itself);
    for (const char* place : {"stargazers", "subscribers", "forks"})
      add(doubts, scope, place, Doubt::Reach::below);
  }
}

namespace {

bool is_repository(std::string_view scope) {
  return scope.starts_with("repos/") || scope.starts_with("repositories/");
}

// What a change outside of repositories says of them.
void add_foreign(std::vector<Doubt>& doubts, const Place& place) {
  // /user/starred/{owner}/{repo}, /user/subscriptions/{owner}/{repo}, /teams/{id}/repos/{owner}/{repo}: the last two.
  const auto last = place.rest.rfind('/');
  if (last == std::string::npos || last == 0) return;
  const auto before = place.rest.rfind('/', last - 1);
  const bool names_repository =
      place.rest.starts_with("starred/") || place.rest.starts_with("subscriptions/") ||
      place.rest.find("/repos/") != std::string::npos || place.rest.starts_with("repos/");
  if (!names_repository || before == std::string::npos) return;
  const std::string scope = "repos/" + to_lower(place.rest.substr(before + 1));
  const bool is_access =
      !place.rest.starts_with("starred/") && !place.rest.starts_with("subscriptions/");
  add(doubts, scope, "", is_access ? Doubt::Reach::below : Doubt::Reach::itself);
  add(doubts, scope, "stargazers", Doubt::Reach::below);
  add(doubts, scope, "subscribers", Doubt::Reach::below);
}

}  // namespace

Place place_of(std::string_view path) {
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  constexpr std::array<std::pair<std::string_view, int>, 9> kScopes{{{"repos", 3},
                                                                     {"repositories", 2},
                                                                     {"orgs", 2},
                                                                     {"organizations", 2},
                                                                     {"users", 2},
                                                                     {"gists", 2},
                                                                     {"teams", 2},
                                                                     {"enterprises", 2},
                                                                     {"networks", 3}}};
  const auto first = path.substr(0, path.find('/'));
  const auto known = std::ranges::find(kScopes, first, &std::pair<std::string_view, int>::first);
  int segments = known == kScopes.end() ? 1 : known->second;
  std::size_t end = 0;
  for (; segments > 0 && end < path.size(); --segments) {
    const auto slash = path.find('/', end + (end > 0 ? 1 : 0));
    end = slash == std::string_view::npos ? path.size() : slash;
  }
  Place place{.scope = to_lower(path.substr(0, end)), .rest = {}};
  if (place.scope.starts_with("networks/")) place.scope.replace(0, 8, "repos");
  if (end < path.size()) place.rest = path.substr(end + 1);
  return place;
}

std::string_view owner_scope(std::string_view scope) {
  if (!scope.starts_with("repos/")) return {};
  const auto slash = scope.find('/', 6);
  return slash == std::string_view::npos ? std::string_view() : scope.substr(0, slash);
}

bool concerns(const Doubt& doubt, std::string_view scope, std::string_view rest) {
  if (doubt.place.scope != scope) return false;
  const std::string_view at = doubt.place.rest;
  if (rest == at) return true;
  if (doubt.reach == Doubt::Reach::itself) return false;
  return at.empty() || (rest.size() > at.size() && rest.starts_with(at) && rest[at.size()] == '/');
}

std::vector<Doubt> doubts_of_push(std::string_view scope) {
  std::vector<Doubt> doubts;
  add(doubts, scope, "", Doubt::Reach::itself);
  add_across(doubts, std::string(scope), Also::git | Also::merge);
  return doubts;
}

std::vector<Doubt> doubts_of_write(std::string_view path) {
  std::vector<Doubt> doubts;
  const Place place = place_of(path);
  add_hierarchy(doubts, place);
  if (!is_repository(place.scope)) {
    add_foreign(doubts, place);
    // Who belongs to an organization or a team decides who may read what is below it.
    if (place.scope.starts_with("orgs/") || place.scope.starts_with("teams/"))
      add(doubts, place.scope, "", Doubt::Reach::below);
    return doubts;
  }
  if (place.rest.empty()) {
    // The repository itself: renamed, made private, archived, deleted.
    add(doubts, "search", "", Doubt::Reach::below);
    return doubts;
  }
  const auto rule = std::ranges::find_if(
      kRepositoryRules, [&](const Rule& each) { return matches(each.pattern, place.rest); });
  if (rule != kRepositoryRules.end()) add_across(doubts, place.scope, rule->also);
  return doubts;
}

}  // namespace ghmesh::github
