// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/graphql/schema.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "sim/world/search.h"

namespace ghmesh::sim::graphql {
namespace {

using world::Item;
using world::number_at;
using world::Repository;
using world::text_at;
using world::value_at;

// Fields whose value stands in the document under another name. `upper`: an enumeration, in capitals.
struct Renamed {
  std::string_view type;  // empty: every type
  std::string_view field;
  std::string_view path;
  bool is_upper = false;
};

constexpr Renamed kRenamed[] = {
    {"", "id", "node_id"},
    {"", "databaseId", "id"},
    {"", "url", "html_url"},
    {"", "authorAssociation", "author_association"},
    {"Repository", "nameWithOwner", "full_name"},
    {"Repository", "isPrivate", "private"},
    {"Repository", "isFork", "fork"},
    {"Repository", "isArchived", "archived"},
    {"Repository", "isDisabled", "disabled"},
    {"Repository", "isTemplate", "is_template"},
    {"Repository", "stargazerCount", "stargazers_count"},
    {"Repository", "forkCount", "forks_count"},
    {"Repository", "diskUsage", "size"},
    {"Repository", "homepageUrl", "homepage"},
    {"Repository", "sshUrl", "ssh_url"},
    {"Repository", "hasIssuesEnabled", "has_issues"},
    {"Repository", "hasWikiEnabled", "has_wiki"},
    {"Repository", "hasProjectsEnabled", "has_projects"},
    {"Repository", "mergeCommitAllowed", "allow_merge_commit"},
    {"Repository", "squashMergeAllowed", "allow_squash_merge"},
    {"Repository", "rebaseMergeAllowed", "allow_rebase_merge"},
    {"Repository", "deleteBranchOnMerge", "delete_branch_on_merge"},
    {"Repository", "visibility", "visibility", true},
    {"Issue", "state", "state", true},
    {"Issue", "stateReason", "state_reason", true},
    {"PullRequest", "isDraft", "draft"},
    {"PullRequest", "headRefName", "head.ref"},
    {"PullRequest", "baseRefName", "base.ref"},
    {"PullRequest", "headRefOid", "head.sha"},
    {"PullRequest", "baseRefOid", "base.sha"},
    {"PullRequest", "mergeStateStatus", "mergeable_state", true},
    {"PullRequest", "changedFiles", "changed_files"},
    {"PullRequest", "maintainerCanModify", "maintainer_can_modify"},
    {"Label", "isDefault", "default"},
    {"Milestone", "state", "state", true},
    {"Release", "tagName", "tag_name"},
    {"Release", "isDraft", "draft"},
    {"Release", "isPrerelease", "prerelease"},
    {"Commit", "oid", "sha"},
    {"Commit", "message", "commit.message"},
    {"Commit", "messageHeadline", "commit.message"},
    {"Commit", "committedDate", "commit.committer.date"},
    {"Commit", "authoredDate", "commit.author.date"},
};

// What the model has nothing to say about: empty, but of the right shape, so that real clients' queries succeed.
constexpr std::array<std::string_view, 14> kEmptyConnections = {
    "projectCards",   "projectItems",     "projectsV2",    "reviewRequests", "latestReviews",
    "languages",      "repositoryTopics", "files",         "projects",       "deployments",
    "issueTemplates", "assignableUsers",  "timelineItems", "participants"};
constexpr std::array<std::string_view, 5> kEmptyLists = {
    "reactionGroups", "contactLinks", "pullRequestTemplates", "fundingLinks", "suggestedReviewers"};
constexpr std::array<std::string_view, 17> kNothing = {"parent",
                                                       "templateRepository",
                                                       "primaryLanguage",
                                                       "licenseInfo",
                                                       "codeOfConduct",
                                                       "reviewDecision",
                                                       "autoMergeRequest",
                                                       "minimizedReason",
                                                       "viewerDefaultMergeMethod",
                                                       "mirrorUrl",
                                                       "isInOrganization",
                                                       "statusCheckRollup",
                                                       "viewerDefaultCommitEmail",
                                                       "openGraphImageUrl",
                                                       "baseRef",
                                                       "headRef",
                                                       "branchProtectionRule"};
constexpr std::array<std::string_view, 12> kFalse = {"isPinned",
                                                     "isCrossRepository",
                                                     "includesCreatedEdit",
                                                     "isMinimized",
                                                     "isMirror",
                                                     "isEmpty",
                                                     "isLocked",
                                                     "isBlankIssuesEnabled",
                                                     "isSecurityPolicyEnabled",
                                                     "viewerHasStarred",
                                                     "isInternal",
                                                     "isBot"};

template <class Names>
bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string to_snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') out.push_back('_');
    out.push_back(ascii_lower(c));
  }
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

std::string text_input(const Inputs& inputs, std::string_view name) {
  return std::string(text_at(inputs, name));
}

// The names in a list argument such as states: [OPEN, MERGED]; a single value counts as a list of one.
std::vector<std::string> names_input(const Inputs& inputs, std::string_view path) {
  std::vector<std::string> names;
  const auto* value = value_at(inputs, path);
  if (value && value->is_string()) names.emplace_back(value->as_string());
  if (value && value->is_array())
    for (const auto& element : value->as_array())
      if (element.is_string()) names.emplace_back(element.as_string());
  return names;
}

std::string state_of(std::string_view type, const json::object& document) {
  const auto* merged_at = value_at(document, "merged_at");
  if (type == "PullRequest" && merged_at && !merged_at->is_null()) return "MERGED";
  return to_upper(text_at(document, "state"));
}

FieldError not_found(std::string_view what, std::string_view name) {
  return {"NOT_FOUND", "Could not resolve to a " + std::string(what) + " with the name '" +
                           std::string(name) + "'."};
}

}  // namespace

bool applies(std::string_view condition, std::string_view type) {
  if (condition.empty() || condition == type) return true;
  if (condition == "Actor" || condition == "RepositoryOwner" || condition == "ProfileOwner")
    return type == "User" || type == "Organization";
  constexpr std::array<std::string_view, 10> kOfIssues = {
      "Assignable", "Closable",     "Labelable", "Lockable",           "Comment",
      "Reactable",  "Subscribable", "Updatable", "IssueOrPullRequest", "SearchResultItem"};
  if (has(kOfIssues, condition)) return type == "Issue" || type == "PullRequest";
  return condition == "Node" || condition == "UniformResourceLocatable";
}

Node Schema::make(std::string_view type, json::object document, Repository* repository) {
  made_.push_back(std::move(document));
  return {type, &made_.back(), repository};
}

Found Schema::resolve(const Node& parent, std::string_view field, const Inputs& inputs) {
  if (field == "__typename") return json::value(parent.type);
  if (parent.type == "Query") return resolve_query(field, inputs);
  if (parent.type == "Repository") return resolve_repository(parent, field, inputs);
  if (parent.type == "Issue") return resolve_issue(parent, field);
  if (parent.type == "PullRequest") return resolve_pull(parent, field);
  if (parent.type == "User" || parent.type == "Organization")
    return resolve_user(parent, field, inputs);
  return resolve_plain(parent, field);
}

Found Schema::resolve_query(std::string_view field, const Inputs& inputs) {
  if (field == "viewer") {
    if (viewer_.login.empty())
      return FieldError{"FORBIDDEN", "Resource not accessible by integration"};
    return Node{"User", &world_.ensure_user(viewer_.login).document, nullptr};
  }
  if (field == "repository")
    return find_repository(text_input(inputs, "owner"), text_input(inputs, "name"));
  if (field == "user" || field == "organization" || field == "repositoryOwner") {
    const std::string login = text_input(inputs, "login");
    const world::User* user = world_.find_user(login);
    const bool is_fit =
        user && (field == "repositoryOwner" || user->is_organization == (field == "organization"));
    if (!is_fit) return not_found(field == "organization" ? "Organization" : "User", login);
    return Node{user->is_organization ? "Organization" : "User", &user->document, nullptr};
  }
  if (field == "node") return find_node(text_input(inputs, "id"));
  if (field == "search") return search(inputs);
  if (field == "rateLimit")
    return make("RateLimit",
                {{"limit", viewer_.points_limit},
                 {"remaining", viewer_.points_remaining},
                 {"cost", 1},
                 {"used", viewer_.points_limit - viewer_.points_remaining},
                 {"resetAt", world::write_timestamp(viewer_.points_reset)}},
                nullptr);
  if (field == "__type") return type_description(text_input(inputs, "name"));
  return FieldError{"", "Field '" + std::string(field) + "' doesn't exist on type 'Query'"};
}

Found Schema::find_repository(std::string_view owner, std::string_view name) {
  Repository* repository = world_.find(owner, name);
  if (!repository) {
    const Repository* moved = world_.renamed_to(owner, name);
    repository = moved ? world_.find(moved->id) : nullptr;
  }
  const std::string full_name = std::string(owner) + "/" + std::string(name);
  if (!repository || !viewer_.may_read(*repository)) return not_found("Repository", full_name);
  return Node{"Repository", &repository->document, repository};
}

Found Schema::find_node(std::string_view id) {
  for (Repository* repository : world_.repositories()) {
    if (!viewer_.may_read(*repository)) continue;
    if (text_at(repository->document, "node_id") == id)
      return Node{"Repository", &repository->document, repository};
    // Pull requests first: the same number is an issue too, under another id.
    for (const auto& [collection, type] :
         {std::pair{"pulls", "PullRequest"}, std::pair{"issues", "Issue"},
          std::pair{"comments", "IssueComment"}})
      if (const auto& items = repository->collection(collection); !items.empty())
        for (const Item& item : items)
          if (text_at(item.document, "node_id") == id)
            return Node{type, &item.document, repository};
  }
  return FieldError{"NOT_FOUND",
                    "Could not resolve to a node with the global id of '" + std::string(id) + "'"};
}

Found Schema::search(const Inputs& inputs) {
  const world::Search search = world::parse_search(text_input(inputs, "query"));
  const bool is_for_repositories = text_input(inputs, "type") == "REPOSITORY";
  Connection found;
  found.is_search = true;
  for (Repository* repository : world_.repositories()) {
    if (!viewer_.may_read(*repository)) continue;
    if (!search.repository.empty() && to_lower(repository->full_name()) != search.repository)
      continue;
    if (is_for_repositories) {
      if (has_words(repository->document, search))
        found.nodes.push_back({"Repository", &repository->document, repository});
      continue;
    }
    for (const Item& item : repository->collection("issues")) {
      if (!is_wanted(item.document, search)) continue;
      Node node{"Issue", &item.document, repository};
      if (item.document.contains("pull_request"))
        for (const Item& pull : repository->collection("pulls"))
          if (number_at(pull.document, "number") == number_at(item.document, "number"))
            node = {"PullRequest", &pull.document, repository};
      found.nodes.push_back(node);
    }
  }
  return found;
}

// What gh asks of a server it does not know: which fields a type has. The fields that it looks for are all there.
Found Schema::type_description(std::string_view name) {
  json::array fields;
  for (const Renamed& renamed : kRenamed)
    if (renamed.type.empty() || renamed.type == name)
      fields.push_back(json::object{{"name", renamed.field}});
  return make("__Type", {{"name", name}, {"fields", std::move(fields)}}, nullptr);
}

Connection Schema::list(Repository& repository, std::string_view collection, std::string_view type,
                        const Inputs& inputs) {
  std::vector<std::string> states = names_input(inputs, "states");
  if (states.empty()) states = names_input(inputs, "filterBy.states");
  const std::vector<std::string> labels = names_input(inputs, "labels");
  const std::string assignee = text_input(inputs, "filterBy.assignee");
  const std::string author = text_input(inputs, "filterBy.createdBy");
  const std::string base = text_input(inputs, "baseRefName");
  const std::string head = text_input(inputs, "headRefName");
  Connection found;
  for (const Item& item : repository.collection(collection)) {
    if (type == "Issue" && item.document.contains("pull_request"))
      continue;  // GraphQL tells them apart
    if (!states.empty() && !has(states, state_of(type, item.document))) continue;
    if (!base.empty() && text_at(item.document, "base.ref") != base) continue;
    if (!author.empty() && text_at(item.document, "user.login") != author) continue;
    if (!assignee.empty() && text_at(item.document, "assignee.login") != assignee) continue;
    if (!head.empty() && text_at(item.document, "head.ref") != head) continue;
    const auto* has_labels = value_at(item.document, "labels");
    const auto is_labelled = [&](const std::string& wanted) {
      if (!has_labels || !has_labels->is_array()) return false;
      const auto& all = has_labels->as_array();
      return std::any_of(all.begin(), all.end(), [&](const json::value& label) {
        return equal_ignoring_case(text_at(label.as_object(), "name"), wanted);
      });
    };
    if (!labels.empty() && std::none_of(labels.begin(), labels.end(), is_labelled)) continue;
    found.nodes.push_back({type, &item.document, &repository});
  }
  // Collections hold the newest first; GraphQL's own order is the oldest first.
  if ((type == "Issue" || type == "PullRequest") &&
      text_input(inputs, "orderBy.direction") != "DESC")
    std::reverse(found.nodes.begin(), found.nodes.end());
  if (text_input(inputs, "orderBy.field") == "UPDATED_AT") {
    const bool is_descending = text_input(inputs, "orderBy.direction") == "DESC";
    std::stable_sort(found.nodes.begin(), found.nodes.end(), [&](const Node& a, const Node& b) {
      const auto left = text_at(*a.document, "updated_at"),
                 right = text_at(*b.document, "updated_at");
      return is_descending ? left > right : left < right;
    });
  }
  return found;
}

Connection Schema::children(const Node& node, std::string_view collection, std::string_view type) {
  Connection found;
  const std::int64_t number = number_at(*node.document, "number");
  for (const Item& item : node.repository->collection(collection))
    if (item.parent == number) found.nodes.push_back({type, &item.document, node.repository});
  return found;
}

Connection Schema::elements(const Node& node, std::string_view member, std::string_view type) {
  Connection found;
  const auto* value = value_at(*node.document, member);
  if (value && value->is_array())
    for (const auto& element : value->as_array())
      if (element.is_object()) found.nodes.push_back({type, &element.as_object(), node.repository});
  return found;
}

Found Schema::user(const Node& node, std::string_view member) {
  const auto* value = value_at(*node.document, member);
  if (!value || !value->is_object()) return json::value(nullptr);
  const std::string_view login = text_at(value->as_object(), "login");
  const world::User* known = world_.find_user(login);
  if (!known) return Node{"User", &value->as_object(), nullptr};
  return Node{known->is_organization ? "Organization" : "User", &known->document, nullptr};
}

Found Schema::ref_of_commit(Repository& repository, std::string_view branch) {
  for (const Item& item : repository.collection("branches"))
    if (text_at(item.document, "name") == branch)
      return make("Ref",
                  {{"name", branch},
                   {"prefix", "refs/heads/"},
                   {"target", {{"oid", text_at(item.document, "commit.sha")}}}},
                  &repository);
  return json::value(nullptr);
}

Found Schema::find_numbered(const Node& node, std::string_view collection, std::string_view type,
                            const Inputs& inputs) {
  const std::int64_t number = number_at(inputs, "number");
  for (const Item& item : node.repository->collection(collection)) {
    if (number_at(item.document, "number") != number) continue;
    if (type == "Issue" && item.document.contains("pull_request")) break;
    return Node{type, &item.document, node.repository};
  }
  return FieldError{"NOT_FOUND", "Could not resolve to " +
                                     std::string(type == "Issue" ? "an Issue" : "a PullRequest") +
                                     " with the number of " + std::to_string(number) + "."};
}

Found Schema::resolve_repository(const Node& node, std::string_view field, const Inputs& inputs) {
  Repository& repository = *node.repository;
  if (field == "owner") return user(node, "owner");
  if (field == "issues") return list(repository, "issues", "Issue", inputs);
  if (field == "pullRequests") return list(repository, "pulls", "PullRequest", inputs);
  if (field == "labels") return list(repository, "labels", "Label", {});
  if (field == "milestones") return list(repository, "milestones", "Milestone", inputs);
  if (field == "releases") return list(repository, "releases", "Release", {});
  if (field == "issue") return find_numbered(node, "issues", "Issue", inputs);
  if (field == "pullRequest") return find_numbered(node, "pulls", "PullRequest", inputs);
  if (field == "issueOrPullRequest") {
    Found pull = find_numbered(node, "pulls", "PullRequest", inputs);
    return std::holds_alternative<Node>(pull) ? pull
                                              : find_numbered(node, "issues", "Issue", inputs);
  }
  if (field == "latestRelease") {
    const auto& releases = repository.collection("releases");
    return releases.empty() ? Found(json::value(nullptr))
                            : Found(Node{"Release", &releases.front().document, &repository});
  }
  if (field == "defaultBranchRef") return ref_of_commit(repository, "main");
  if (field == "ref") {
    std::string name = text_input(inputs, "qualifiedName");
    if (name.starts_with("refs/heads/")) name = name.substr(11);
    return ref_of_commit(repository, name);
  }
  if (field == "object") {
    std::string_view path = text_at(inputs, "expression");
    take_until(path, ':');
    const auto file = repository.files.find(std::string(path));
    if (file == repository.files.end()) return json::value(nullptr);
    return make("Blob",
                {{"text", file->second},
                 {"oid", world::object_id("blob:" + file->second)},
                 {"byteSize", file->second.size()},
                 {"isBinary", false}},
                &repository);
  }
  if (field == "viewerPermission")
    return json::value(viewer_.may_write(repository) ? "ADMIN" : "READ");
  if (field == "viewerCanAdminister") return json::value(viewer_.may_write(repository));
  if (field == "watchers" || field == "stargazers") return Connection{};
  return resolve_plain(node, field);
}

Found Schema::resolve_issue(const Node& node, std::string_view field) {
  if (field == "author") return user(node, "user");
  if (field == "labels") return elements(node, "labels", "Label");
  if (field == "assignees") return elements(node, "assignees", "User");
  if (field == "comments") return children(node, "comments", "IssueComment");
  if (field == "closed") return json::value(text_at(*node.document, "state") == "closed");
  if (field == "repository") return Node{"Repository", &node.repository->document, node.repository};
  if (field == "milestone") {
    const auto* milestone = value_at(*node.document, "milestone");
    if (!milestone || !milestone->is_object()) return json::value(nullptr);
    return Node{"Milestone", &milestone->as_object(), node.repository};
  }
  return resolve_plain(node, field);
}

Found Schema::resolve_pull(const Node& node, std::string_view field) {
  const json::object& pull = *node.document;
  if (field == "state") return json::value(state_of("PullRequest", pull));
  if (field == "merged") return json::value(state_of("PullRequest", pull) == "MERGED");
  if (field == "mergedBy") return user(node, "merged_by");
  if (field == "mergeable") {
    const auto* mergeable = value_at(pull, "mergeable");
    return json::value(!mergeable || !mergeable->is_bool() ? "UNKNOWN"
                       : mergeable->as_bool()              ? "MERGEABLE"
                                                           : "CONFLICTING");
  }
  if (field == "mergeCommit" || field == "potentialMergeCommit") {
    const std::string_view sha = text_at(pull, "merge_commit_sha");
    return sha.empty() ? Found(json::value(nullptr))
                       : Found(make("Commit", {{"sha", sha}}, node.repository));
  }
  if (field == "headRepositoryOwner") return user(node, "head.user");
  if (field == "headRepository" || field == "baseRepository")
    return Node{"Repository", &node.repository->document, node.repository};
  if (field == "reviews") return children(node, "reviews", "PullRequestReview");
  if (field == "commits") {
    Connection commits;
    json::object commit = {{"sha", text_at(pull, "head.sha")},
                           {"commit", {{"message", text_at(pull, "title")}}}};
    json::object wrapped = {{"commit", std::move(commit)}};
    commits.nodes.push_back(make("PullRequestCommit", std::move(wrapped), node.repository));
    return commits;
  }
  return resolve_issue(node, field);
}

Found Schema::resolve_user(const Node& node, std::string_view field, const Inputs&) {
  if (field == "repositories") {
    Connection found;
    for (Repository* repository : world_.repositories())
      if (equal_ignoring_case(repository->owner, text_at(*node.document, "login")) &&
          viewer_.may_read(*repository))
        found.nodes.push_back({"Repository", &repository->document, repository});
    return found;
  }
  if (field == "organizations" || field == "starredRepositories") return Connection{};
  return resolve_plain(node, field);
}

Found Schema::resolve_plain(const Node& node, std::string_view field) {
  for (const Renamed& renamed : kRenamed) {
    if (renamed.field != field || (!renamed.type.empty() && renamed.type != node.type)) continue;
    const auto* value = value_at(*node.document, renamed.path);
    if (!value) break;
    if (renamed.is_upper && value->is_string()) return json::value(to_upper(value->as_string()));
    return *value;
  }
  if (has(kEmptyConnections, field)) return Connection{};
  if (has(kEmptyLists, field)) return json::value(json::array());
  if (has(kNothing, field)) return json::value(nullptr);
  if (has(kFalse, field)) return json::value(false);
  if (field == "author") return user(node, node.type == "Release" ? "author" : "user");
  if (field == "viewerDidAuthor")
    return json::value(text_at(*node.document, "user.login") == viewer_.login);
  if (field == "isLatest")  // of a release: the newest comes first
    return json::value(node.document == &node.repository->collection("releases").front().document);
  if (field == "commit" && node.type == "PullRequestReview")
    return make("Commit", {{"sha", text_at(*node.document, "commit_id")}}, node.repository);
  const auto* value = node.document->if_contains(field);
  if (!value) value = node.document->if_contains(to_snake_case(field));
  if (!value) {
    // Users of shapes that are short: a name is never missing on GitHub, only null.
    if (node.type == "User" || node.type == "Organization") return json::value(nullptr);
    return FieldError{"", "Field '" + std::string(field) + "' doesn't exist on type '" +
                              std::string(node.type) + "'"};
  }
  if (value->is_object()) {
    const std::string_view type = field == "target" || field == "commit" ? "Commit" : field;
    return Node{type, &value->as_object(), node.repository};
  }
  if (value->is_array() && !value->as_array().empty() && value->as_array().front().is_object()) {
    std::vector<Node> nodes;
    for (const auto& element : value->as_array())
      nodes.push_back({field, &element.as_object(), node.repository});
    return nodes;
  }
  return *value;
}

}  // namespace ghmesh::sim::graphql
