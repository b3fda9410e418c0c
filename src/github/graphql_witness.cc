// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/graphql_witness.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/text.h"
#include "github/json_document.h"

namespace ghmesh::github {
namespace {

using graphql::Selection;

// Beside the thing itself: of the repository, what its own description is made of.
constexpr std::array<std::string_view, 9> kHarmless{
    "__typename",       "id",        "name",       "nameWithOwner", "url",
    "hasIssuesEnabled", "isPrivate", "databaseId", "isArchived"};
// No REST resource of the thing changes with these.
constexpr std::array<std::string_view, 17> kUnwitnessed{
    "autoMergeRequest",  "baseRef",       "canBeRebased",   "closingIssuesReferences",
    "deployments",       "headRef",       "isInMergeQueue", "mergeQueue",
    "mergeQueueEntry",   "projectsV2",    "rateLimit",      "reviewDecision",
    "subIssues",         "timelineItems", "viewer",         "viewerCanMergeAsAdmin",
    "viewerSubscription"};
// In the body of one pull request, but not in a list.
constexpr std::array<std::string_view, 6> kOfOnePull{
    "mergeable", "mergeStateStatus", "mergeCommit", "potentialMergeCommit", "merged", "mergedAt"};
constexpr std::array<std::string_view, 9> kChecks{"checkRun",    "checkRuns", "checkSuite",
                                                  "checkSuites", "contexts",  "latestStatus",
                                                  "runs",        "status",    "statusCheckRollup"};
constexpr int kStepsMax = 20'000;
// More than one pull request or issue of GitHub's is.
constexpr std::size_t kPullBytesMax = 1 << 20;

template <std::size_t Count>
bool is_among(const std::array<std::string_view, Count>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

class Search {
 public:
  explicit Search(const graphql::Document& document) : document_(document) {}

  WitnessRule of(const graphql::Operation& operation) {
    if (operation.selections.size() == 1 && operation.selections.front().name == "node")
      return take_node(operation.selections.front()) ? found_ : WitnessRule();
    for (const Selection& root : operation.selections) {
      if (root.name == "__typename") continue;
      if (root.kind != Selection::Kind::field || root.name != "repository") return {};
      for (const Selection& field : root.selections)
        if (!take(field)) return {};
    }
    return found_;
  }

 private:
  // A field of the repository.
  bool take(const Selection& field) {
    if (field.kind != Selection::Kind::field) return false;
    if (field.selections.empty()) return is_among(kHarmless, field.name);
    WitnessRule rule;
    if (field.name == "pullRequest") rule.kind = WitnessKind::pull;
    else if (field.name == "issue" || field.name == "issueOrPullRequest")
      rule.kind = WitnessKind::issue;
    else if (field.name == "issues" || field.name == "pullRequests") rule.kind = WitnessKind::list;
    else return false;
    if (rule.kind != WitnessKind::list && !take_number(field, rule)) return false;
    if (found_.kind != WitnessKind::none &&
        (found_.kind != rule.kind || found_.number != rule.number))
      return false;
    rule.needs_checks = found_.needs_checks;
    found_ = std::move(rule);
    return look(field.selections);
  }

  // node(id: $id) { ...on PullRequest { ... } }
  bool take_node(const Selection& field) {
    if (field.kind != Selection::Kind::field || field.arguments.size() != 1 ||
        field.arguments.front().first != "id")
      return false;
    const graphql::Value& id = field.arguments.front().second;
    found_.is_variable = id.kind == graphql::Value::Kind::variable;
    if (!found_.is_variable && id.kind != graphql::Value::Kind::text) return false;
    found_.kind = WitnessKind::pull;
    found_.is_node = true;
    found_.number = id.text;
    return std::ranges::all_of(field.selections, [this](const Selection& part) {
      if (part.kind == Selection::Kind::field) return is_among(kHarmless, part.name);
      return part.kind == Selection::Kind::inline_fragment && part.condition == "PullRequest" &&
             look(part.selections);
    });
  }

  static bool take_number(const Selection& field, WitnessRule& rule) {
    for (const auto& [name, value] : field.arguments) {
      if (name != "number") continue;
      if (value.kind == graphql::Value::Kind::variable) {
        rule.number = value.text;
        rule.is_variable = true;
      } else if (value.kind == graphql::Value::Kind::integer && value.integer > 0) {
        rule.number = std::to_string(value.integer);
      }
    }
    return !rule.number.empty();
  }

  // Everything below the thing.
  bool look(const std::vector<Selection>& selections) {
    for (const Selection& selection : selections) {
      if (++steps_ > kStepsMax) return false;
      if (selection.kind == Selection::Kind::spread) {
        const auto found = document_.fragments.find(selection.name);
        if (found == document_.fragments.end() || depth_ == graphql::kDepthMax) return false;
        ++depth_;
        const bool is_witnessed = look(found->second.selections);
        --depth_;
        if (!is_witnessed) return false;
        continue;
      }
      if (selection.kind == Selection::Kind::field && !is_witnessed(selection.name)) return false;
      if (!look(selection.selections)) return false;
    }
    return true;
  }

  bool is_witnessed(std::string_view name) {
    if (is_among(kUnwitnessed, name)) return false;
    if (is_among(kOfOnePull, name)) return found_.kind == WitnessKind::pull;
    if (is_among(kChecks, name)) {
      found_.needs_checks = true;
      return found_.kind == WitnessKind::pull;
    }
    return true;
  }

  const graphql::Document& document_;
  WitnessRule found_;
  int steps_ = 0, depth_ = 0;
};

}  // namespace

WitnessRule find_witness(const graphql::Document& document, const graphql::Operation& operation) {
  return Search(document).of(operation);
}

std::string witness_target(const Witness& witness, std::string_view scope) {
  const std::string base = "/" + std::string(scope);
  switch (witness.kind) {
    case WitnessKind::issue: return base + "/issues/" + std::to_string(witness.number);
    case WitnessKind::pull: return base + "/pulls/" + std::to_string(witness.number);
    case WitnessKind::list:
      return base + "/issues?state=all&sort=updated&direction=desc&per_page=1";
    case WitnessKind::none: break;
  }
  return {};
}

std::string node_id_of(std::string_view pull_body) {
  const JsonDocument json(pull_body, kPullBytesMax);
  std::string_view id;
  if (!json.is_open() || json.object().at_key("node_id").get_string().get(id) != simdjson::SUCCESS)
    return {};
  return std::string(id);
}

std::vector<std::string> check_targets(std::string_view scope, std::string_view pull_body) {
  const JsonDocument json(pull_body, kPullBytesMax);
  std::string_view head;
  if (!json.is_open() ||
      json.object().at_key("head").at_key("sha").get_string().get(head) != simdjson::SUCCESS)
    return {};
  const bool is_hash = (head.size() == 40 || head.size() == 64) &&
                       head.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!is_hash) return {};
  const std::string commit = "/" + std::string(scope) + "/commits/" + std::string(head);
  return {commit + "/check-runs?per_page=100", commit + "/status?per_page=100"};
}

// "2011-01-26T19:14:43Z": GitHub writes them all so.
WallTime last_update(std::string_view body) {
  constexpr std::string_view kName = "\"updated_at\":";
  WallTime last = WallTime::min();
  for (auto at = body.find(kName); at != std::string_view::npos;
       at = body.find(kName, at + kName.size())) {
    std::string_view text = body.substr(at + kName.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.size() < 22 || text[0] != '"') continue;
    const auto number = [&](std::size_t from, std::size_t count) {
      int value = -1;
      std::from_chars(text.data() + from, text.data() + from + count, value);
      return value;
    };
    using namespace std::chrono;
    const year_month_day day(year(number(1, 4)), month(static_cast<unsigned>(number(6, 2))),
                             std::chrono::day(static_cast<unsigned>(number(9, 2))));
    if (!day.ok()) continue;
    last = std::max(last, WallTime(sys_days(day) + hours(number(12, 2)) + minutes(number(15, 2)) +
                                   seconds(number(18, 2))));
  }
  return last;
}

}  // namespace ghmesh::github
