// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which class of freshness an operation has, by the fields that it selects. Without a schema: fields are judged by
// their names and by the nearest field or type above them that says what kind of thing they belong to.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "github/graphql_request.h"

namespace ghmesh::github {
namespace {

// What a selection is about, as far as it can be told.
enum class About { anything, pull_request, something_else };

struct Rule {
  std::string_view field;
  GraphqlClass freshness;
};
// Wherever they stand.
constexpr std::array kRules = std::to_array<Rule>({
    {"checkRun", GraphqlClass::checks},
    {"checkRuns", GraphqlClass::checks},
    {"checkSuite", GraphqlClass::checks},
    {"checkSuites", GraphqlClass::checks},
    {"contexts", GraphqlClass::checks},
    {"deployments", GraphqlClass::checks},
    {"latestStatus", GraphqlClass::checks},
    {"rateLimit", GraphqlClass::never},
    {"runs", GraphqlClass::checks},
    {"status", GraphqlClass::checks},
    {"statusCheckRollup", GraphqlClass::checks},
    {"workflowRun", GraphqlClass::checks},
});
// Of a pull request: what a merge is decided by.
constexpr std::array<std::string_view, 19> kGates{"autoMergeRequest",
                                                  "baseRefOid",
                                                  "canBeRebased",
                                                  "closed",
                                                  "closedAt",
                                                  "headRef",
                                                  "headRefOid",
                                                  "isDraft",
                                                  "isInMergeQueue",
                                                  "mergeCommit",
                                                  "mergeQueueEntry",
                                                  "mergeStateStatus",
                                                  "mergeable",
                                                  "merged",
                                                  "mergedAt",
                                                  "potentialMergeCommit",
                                                  "reviewDecision",
                                                  "state",
                                                  "viewerCanMergeAsAdmin"};

About about_of_field(std::string_view name, About above) {
  if (name.find("ullRequest") != std::string_view::npos) return About::pull_request;
  constexpr std::array<std::string_view, 12> kOthers{
      "issue",   "issues",   "milestone", "milestones", "discussion", "discussions",
      "release", "releases", "labels",    "comments",   "projectsV2", "deployments"};
  if (std::ranges::find(kOthers, name) != kOthers.end()) return About::something_else;
  // Whatever these give is said by a type condition, or not at all.
  constexpr std::array<std::string_view, 5> kAnything{"node", "nodes", "search", "resource",
                                                      "source"};
  if (name != "nodes" && std::ranges::find(kAnything, name) != kAnything.end())
    return About::anything;
  return above;
}

About about_of_type(std::string_view type, About above) {
  if (type.empty()) return above;
  if (type.find("PullRequest") != std::string_view::npos) return About::pull_request;
  // Interfaces that a pull request has as well.
  constexpr std::array<std::string_view, 4> kInterfaces{"Closable", "Node", "Mergeable",
                                                        "UniformResourceLocatable"};
  return std::ranges::find(kInterfaces, type) != kInterfaces.end() ? About::anything
                                                                   : About::something_else;
}

class Walk {
 public:
  Walk(const graphql::Document& document, GraphqlOperation& out) : document_(document), out_(out) {}

  void visit(const std::vector<graphql::Selection>& selections, About about) {
    for (const graphql::Selection& selection : selections) {
      if (++steps_ > kStepsMax) return note(GraphqlClass::never, "too many selections");
      switch (selection.kind) {
        case graphql::Selection::Kind::field: visit_field(selection, about); break;
        case graphql::Selection::Kind::inline_fragment:
          visit(selection.selections, about_of_type(selection.condition, about));
          break;
        case graphql::Selection::Kind::spread: visit_spread(selection.name, about); break;
      }
    }
  }

 private:
  // Fragments multiply: a document of a megabyte can spread them a million times. Beyond this nobody is served from it.
  static constexpr int kStepsMax = 100'000;

  void visit_field(const graphql::Selection& field, About about) {
    for (const Rule& rule : kRules)
      if (rule.field == field.name) note(rule.freshness, rule.field);
    if (about != About::something_else) {
      const auto gate = std::ranges::find(kGates, field.name);
      if (gate != kGates.end()) note(GraphqlClass::live, *gate);
    }
    visit(field.selections, about_of_field(field.name, about));
  }

  void visit_spread(const std::string& name, About about) {
    const auto found = document_.fragments.find(name);
    if (found == document_.fragments.end() || depth_ == graphql::kDepthMax) return;
    ++depth_;
    visit(found->second.selections, about_of_type(found->second.condition, about));
    --depth_;
  }

  void note(GraphqlClass freshness, std::string_view reason) {
    if (freshness >= out_.freshness) return;
    out_.freshness = freshness;
    out_.reason = reason;
  }

  const graphql::Document& document_;
  GraphqlOperation& out_;
  int steps_ = 0;
  int depth_ = 0;  // of spreads: a fragment may spread itself
};

GraphqlOperand operand_of(const graphql::Selection& field, std::string_view name) {
  for (const auto& [argument, value] : field.arguments) {
    if (argument != name) continue;
    if (value.kind == graphql::Value::Kind::variable)
      return {.text = value.text, .is_variable = true};
    if (value.kind == graphql::Value::Kind::text) return {.text = value.text};
  }
  return {};
}

// Every root field is repository(owner:, name:) of the same one.
void find_repository(const graphql::Operation& operation, GraphqlOperation& out) {
  GraphqlOperand owner, name;
  for (const graphql::Selection& field : operation.selections) {
    if (field.kind == graphql::Selection::Kind::field && field.name == "__typename") continue;
    if (field.kind != graphql::Selection::Kind::field || field.name != "repository") return;
    GraphqlOperand this_owner = operand_of(field, "owner"), this_name = operand_of(field, "name");
    if (!name.text.empty() && (owner != this_owner || name != this_name)) return;
    owner = std::move(this_owner);
    name = std::move(this_name);
    if (owner.text.empty() || name.text.empty()) return;
  }
  out.owner = std::move(owner);
  out.repository = std::move(name);
}

}  // namespace

std::string_view graphql_class_name(GraphqlClass graphql_class) {
  switch (graphql_class) {
#define X(name) \
  case GraphqlClass::name: return #name;
    GHMESH_GRAPHQL_CLASSES(X)
#undef X
  }
  return "never";
}

Seconds graphql_ttl(GraphqlClass graphql_class) {
  switch (graphql_class) {
    case GraphqlClass::checks: return Seconds(10);
    case GraphqlClass::ordinary: return Seconds(60);
    default: return Seconds(0);
  }
}

GraphqlOperation read_operation(const graphql::Document& document,
                                std::string_view operation_name) {
  GraphqlOperation out;
  const graphql::Operation* operation = document.find_operation(operation_name);
  if (operation == nullptr) return out;
  if (operation->kind == "mutation") out.kind = GraphqlKind::mutation;
  else if (operation->kind == "subscription") out.kind = GraphqlKind::subscription;
  else out.kind = GraphqlKind::query;
  if (out.kind != GraphqlKind::query) return out;
  Walk(document, out).visit(operation->selections, About::anything);
  find_repository(*operation, out);
  out.witness = find_witness(document, *operation);
  return out;
}

}  // namespace ghmesh::github
