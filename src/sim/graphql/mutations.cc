// SPDX-License-Identifier: Apache-2.0 OR MIT
// The mutations that gh makes: createIssue, addComment, addStar, closing, reopening and merging.
#include "base/text.h"
#include "sim/graphql/schema.h"

namespace ghmesh::sim::graphql {
namespace {

using world::Item;
using world::number_at;
using world::Repository;
using world::text_at;

// Every mutation names its subject by one member: subjectId, issueId, pullRequestId, repositoryId, starrableId.
std::string_view subject_id(const json::object& input) {
  for (const auto& member : input) {
    const std::string_view name = member.key();
    if (name.ends_with("Id") && name != "clientMutationId" && member.value().is_string())
      return member.value().as_string();
  }
  return {};
}

}  // namespace

Node Schema::payload(const json::object& changed, Repository& repository) {
  return make("Payload", {{"node_id", text_at(changed, "node_id")}}, &repository);
}

Found Schema::create_issue(Repository& repository, const json::object& input) {
  const std::int64_t number = repository.next_number++;
  json::object issue = world_.make("issue", repository, number, viewer_.now_seconds);
  for (const char* member : {"title", "body"}) issue[member] = text_at(input, member);
  issue["user"] = world_.simple_user(viewer_.login.empty() ? repository.owner : viewer_.login);
  issue["labels"] = json::array();
  issue.erase("pull_request");
  auto& issues = repository.collection("issues");
  issues.insert(issues.begin(), Item{std::move(issue), 0});
  world_.touch(repository, viewer_.now_seconds);
  return payload(issues.front().document, repository);
}

Found Schema::add_comment(const Node& subject, const json::object& input) {
  Repository& repository = *subject.repository;
  const std::int64_t number = number_at(*subject.document, "number");
  json::object comment =
      world_.make("comment", repository, repository.next_id++, viewer_.now_seconds);
  comment["body"] = text_at(input, "body");
  comment["html_url"] = std::string(text_at(*subject.document, "html_url")) + "#issuecomment-" +
                        std::to_string(number_at(comment, "id"));
  auto& comments = repository.collection("comments");
  comments.push_back({std::move(comment), number});
  for (Item& item : repository.collection("issues"))
    if (number_at(item.document, "number") == number)
      item.document["comments"] = number_at(item.document, "comments") + 1;
  world_.touch(repository, viewer_.now_seconds);
  return payload(comments.back().document, repository);
}

bool Schema::change_state(std::string_view mutation, const Node& subject) {
  const bool is_merge = mutation == "mergePullRequest";
  const bool is_closed = is_merge || mutation == "closeIssue" || mutation == "closePullRequest";
  if (!is_closed && mutation != "reopenIssue" && mutation != "reopenPullRequest") return false;
  const std::int64_t number = number_at(*subject.document, "number");
  const std::string now = world::write_timestamp(viewer_.now_seconds);
  for (const char* collection : {"issues", "pulls"}) {
    for (Item& item : subject.repository->collection(collection)) {
      if (number_at(item.document, "number") != number) continue;
      item.document["state"] = is_closed ? "closed" : "open";
      item.document["closed_at"] = is_closed ? json::value(now) : json::value(nullptr);
      item.document["updated_at"] = now;
      if (is_merge && item.document.contains("merged")) {
        item.document["merged"] = true;
        item.document["merged_at"] = now;
      }
    }
  }
  return true;
}

Found Schema::mutate(std::string_view field, const Inputs& inputs) {
  const auto* given = inputs.if_contains("input");
  const json::object input = given && given->is_object() ? given->as_object() : json::object();
  Found found = find_node(subject_id(input));
  const auto* node = std::get_if<Node>(&found);
  if (!node) return found;
  const Node subject = *node;
  Repository& repository = *subject.repository;
  if (field == "createIssue") return create_issue(repository, input);
  if (field == "addComment") return add_comment(subject, input);
  if (field == "addStar" || field == "removeStar") {
    const std::int64_t step = field == "addStar" ? 1 : -1;
    repository.document["stargazers_count"] =
        number_at(repository.document, "stargazers_count") + step;
    world_.touch(repository, viewer_.now_seconds);
    return payload(repository.document, repository);
  }
  if (!viewer_.may_write(repository))
    return FieldError{"FORBIDDEN", viewer_.login +
                                       " does not have the correct permissions to execute `" +
                                       std::string(field) + "`"};
  if (!change_state(field, subject))
    return FieldError{"", "Field '" + std::string(field) + "' doesn't exist on type 'Mutation'"};
  world_.touch(repository, viewer_.now_seconds);
  return payload(*subject.document, repository);
}

}  // namespace ghmesh::sim::graphql
