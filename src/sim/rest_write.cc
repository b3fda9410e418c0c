// SPDX-License-Identifier: Apache-2.0 OR MIT
// Mutations: what POST, PATCH, PUT and DELETE change in the world, and what they answer.
#include <algorithm>

#include "base/text.h"
#include "sim/rest.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;
using world::Item;
using world::Repository;
using world::text_at;
using world::write_timestamp;

Outcome no_content() {
  Outcome outcome;
  outcome.status = 204;
  return outcome;
}

Outcome forbidden(const Question& question) {
  return error_outcome(403, question.caller->kind == CallerKind::user
                                ? "Must have admin rights to Repository."
                                : "Resource not accessible by integration");
}

std::string text_of(const json::object& input, std::string_view member) {
  return std::string(text_at(input, member));
}

// Copies the members that a PATCH may change.
void patch(json::object& document, const json::object& input,
           std::initializer_list<std::string_view> members) {
  for (const auto member : members)
    if (const auto* value = input.if_contains(member)) document[member] = *value;
}

std::string url_of(const Repository& repository, std::string_view rest) {
  return "https://api.github.com/repos/" + repository.full_name() + "/" + std::string(rest);
}

void count_open_issues(Repository& repository) {
  std::int64_t open_count = 0;
  for (const Item& item : repository.collection("issues"))
    open_count += text_at(item.document, "state") == "open";
  repository.document["open_issues_count"] = open_count;
}

Outcome write_comment(const Question& question, const json::object& input) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  auto& comments = repository.collection("comments");
  Item* comment = find_item(comments, "id", rest[2]);
  if (!comment) return error_outcome(404, "Not Found");
  if (question.method == "DELETE") {
    comments.erase(comments.begin() + (comment - comments.data()));
    return no_content();
  }
  patch(comment->document, input, {"body"});
  comment->document["updated_at"] = write_timestamp(question.now_seconds);
  return json_outcome(comment->document, question.representation);
}

Outcome write_issue_labels(const Question& question, json::object& issue,
                           const json::object& input) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  json::array labels = question.method == "POST" ? issue["labels"].as_array() : json::array();
  if (rest.size() == 4) {
    labels = issue["labels"].as_array();
    const auto is_it = [&](const json::value& label) {
      return text_at(label.as_object(), "name") == rest[3];
    };
    labels.erase(std::remove_if(labels.begin(), labels.end(), is_it), labels.end());
  }
  if (const auto* names = input.if_contains("labels"); names && names->is_array()) {
    for (const auto& name : names->as_array()) {
      if (!name.is_string()) continue;
      const Item* known =
          find_item(repository.collection("labels"), "name", std::string_view(name.as_string()));
      labels.push_back(known ? known->document : json::object{{"name", name}, {"color", "ededed"}});
    }
  }
  issue["labels"] = labels;
  return json_outcome(labels, question.representation);
}

}  // namespace

Outcome Rest::write(const Question& question) {
  if (question.caller->is_anonymous()) return error_outcome(401, "Requires authentication");
  json::object input;
  if (!question.body.empty()) {
    boost::system::error_code error;
    const json::value parsed = json::parse(question.body, error);
    if (error || !parsed.is_object()) {
      if (question.path != "/markdown/raw") return error_outcome(400, "Problems parsing JSON");
    } else {
      input = parsed.as_object();
    }
  }
  if (question.repository) return write_repository(question, input);
  if (auto outcome = write_account(question, input)) return std::move(*outcome);
  return error_outcome(404, "Not Found");
}

Outcome Rest::write_repository(const Question& question, const json::object& input) {
  for (const auto part : {&Rest::write_issues, &Rest::write_pulls, &Rest::write_code,
                          &Rest::write_actions, &Rest::write_settings}) {
    if (auto outcome = (this->*part)(question, input)) {
      if (outcome->status < 300) world_.touch(*question.repository, question.now_seconds);
      return std::move(*outcome);
    }
  }
  return error_outcome(404, "Not Found");
}

std::optional<Outcome> Rest::write_issues(const Question& question, const json::object& input) {
  const Segments& rest = question.rest;
  const std::string_view method = question.method;
  Repository& repository = *question.repository;
  if (rest.empty() || rest[0] != "issues") return std::nullopt;
  if (matches(rest, "issues") && method == "POST") {
    if (text_of(input, "title").empty()) return error_outcome(422, "Validation Failed");
    const std::int64_t number = repository.next_number++;
    auto issue = world_.make("issue", repository, number, question.now_seconds);
    issue["title"] = text_of(input, "title");
    issue["body"] = input.contains("body") ? input.at("body") : json::value(nullptr);
    issue["user"] = world_.simple_user(question.caller->login.empty() ? repository.owner
                                                                      : question.caller->login);
    issue["labels"] = json::array();
    issue["assignees"] = json::array();
    issue["comments"] = 0;
    issue.erase("pull_request");
    auto& issues = repository.collection("issues");
    issues.insert(issues.begin(), Item{issue, 0});
    count_open_issues(repository);
    Outcome outcome = json_outcome(issue, question.representation, 201);
    outcome.headers.add("Location", url_of(repository, "issues/" + std::to_string(number)));
    return outcome;
  }
  if (matches(rest, "issues/comments/#")) return write_comment(question, input);
  Item* issue =
      rest.size() > 1 ? find_item(repository.collection("issues"), "number", rest[1]) : nullptr;
  if (!issue) return error_outcome(404, "Not Found");
  issue->document["updated_at"] = write_timestamp(question.now_seconds);
  if (matches(rest, "issues/#") && method == "PATCH") {
    patch(issue->document, input, {"title", "body", "state", "state_reason"});
    const bool is_closed = text_at(issue->document, "state") == "closed";
    issue->document["closed_at"] =
        is_closed ? json::value(write_timestamp(question.now_seconds)) : json::value(nullptr);
    if (Item* pull = find_item(repository.collection("pulls"), "number", rest[1])) {
      patch(pull->document, input, {"title", "body", "state"});
      pull->document["updated_at"] = issue->document["updated_at"];
    }
    count_open_issues(repository);
    return json_outcome(issue->document, question.representation);
  }
  if (matches(rest, "issues/#/comments") && method == "POST") {
    const std::int64_t id = repository.next_id++;
    auto comment = world_.make("comment", repository, id, question.now_seconds);
    comment["url"] = url_of(repository, "issues/comments/" + std::to_string(id));
    comment["issue_url"] = url_of(repository, "issues/" + rest[1]);
    comment["body"] = text_of(input, "body");
    issue->document["comments"] = world::number_at(issue->document, "comments") + 1;
    repository.collection("comments")
        .push_back(Item{comment, static_cast<std::int64_t>(*parse_decimal(rest[1]))});
    return json_outcome(comment, question.representation, 201);
  }
  if (matches(rest, "issues/#/lock")) {
    issue->document["locked"] = method == "PUT";
    return no_content();
  }
  if (matches(rest, "issues/#/labels") || matches(rest, "issues/#/labels/*"))
    return write_issue_labels(question, issue->document, input);
  return error_outcome(404, "Not Found");
}

std::optional<Outcome> Rest::write_pulls(const Question& question, const json::object& input) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  if (rest.empty() || rest[0] != "pulls") return std::nullopt;
  if (question.access != Access::write) return forbidden(question);
  auto& pulls = repository.collection("pulls");
  if (matches(rest, "pulls") && question.method == "POST") {
    const std::int64_t number = repository.next_number++;
    auto pull = world_.make("pull", repository, number, question.now_seconds);
    auto issue = world_.make("issue", repository, number, question.now_seconds);
    const std::string url = url_of(repository, "pulls/" + std::to_string(number));
    for (json::object* document : {&pull, &issue}) {
      (*document)["title"] = text_of(input, "title");
      (*document)["body"] = text_of(input, "body");
    }
    const std::string sha =
        world::object_id(repository.full_name() + ":pull:" + std::to_string(number));
    pull["head"] = {{"label", repository.owner + ":" + text_of(input, "head")},
                    {"ref", text_of(input, "head")},
                    {"sha", sha}};
    pull["base"] = {{"label", repository.owner + ":" + text_of(input, "base")},
                    {"ref", text_of(input, "base")},
                    {"sha", world::object_id(repository.full_name())}};
    pull["mergeable"] = nullptr;
    pull["merged"] = false;
    pull["merged_at"] = nullptr;
    issue["labels"] = json::array();
    issue["pull_request"] = {{"url", url}};
    pulls.insert(pulls.begin(), Item{pull, 0});
    auto& issues = repository.collection("issues");
    issues.insert(issues.begin(), Item{issue, 0});
    count_open_issues(repository);
    return json_outcome(pull, question.representation, 201);
  }
  Item* pull = rest.size() > 1 ? find_item(pulls, "number", rest[1]) : nullptr;
  if (!pull) return error_outcome(404, "Not Found");
  Item* issue = find_item(repository.collection("issues"), "number", rest[1]);
  pull->document["updated_at"] = write_timestamp(question.now_seconds);
  if (issue) issue->document["updated_at"] = pull->document["updated_at"];
  if (matches(rest, "pulls/#") && question.method == "PATCH") {
    patch(pull->document, input, {"title", "body", "state"});
    if (issue) patch(issue->document, input, {"title", "body", "state"});
    return json_outcome(pull->document, question.representation);
  }
  if (matches(rest, "pulls/#/reviews") && question.method == "POST") {
    auto review = world_.make("review", repository, repository.next_id++, question.now_seconds);
    review["body"] = text_of(input, "body");
    repository.collection("reviews").push_back(
        Item{review, static_cast<std::int64_t>(*parse_decimal(rest[1]))});
    return json_outcome(review, question.representation);
  }
  if (!matches(rest, "pulls/#/merge") || question.method != "PUT")
    return error_outcome(404, "Not Found");
  if (text_at(pull->document, "state") != "open")
    return error_outcome(405, "Pull Request is not mergeable");
  const std::string sha =
      add_commit(repository, "Merge pull request #" + rest[1], question.now_seconds);
  const std::string now = write_timestamp(question.now_seconds);
  for (json::object* document : {&pull->document, issue ? &issue->document : &pull->document}) {
    (*document)["state"] = "closed";
    (*document)["closed_at"] = now;
  }
  pull->document["merged"] = true;
  pull->document["merged_at"] = now;
  pull->document["merge_commit_sha"] = sha;
  count_open_issues(repository);
  return json_outcome(
      json::object{{"sha", sha}, {"merged", true}, {"message", "Pull Request successfully merged"}},
      question.representation);
}

std::string Rest::add_commit(Repository& repository, std::string_view message,
                             std::int64_t now_seconds) {
  auto commit = world_.make("commit", repository, 0, now_seconds);
  const std::string sha = world::object_id(repository.full_name() +
                                           ":change:" + std::to_string(repository.changes_count++));
  commit["sha"] = sha;
  commit["url"] = url_of(repository, "commits/" + sha);
  commit["commit"].as_object()["message"] = message;
  auto& commits = repository.collection("commits");
  if (!commits.empty())
    commit["parents"] =
        json::array{json::object{{"sha", text_at(commits.front().document, "sha")}}};
  commits.insert(commits.begin(), Item{std::move(commit), 0});
  if (Item* main = find_item(repository.collection("branches"), "name", "main"))
    main->document["commit"] = {{"sha", sha}, {"url", url_of(repository, "commits/" + sha)}};
  repository.document["pushed_at"] = write_timestamp(now_seconds);
  return sha;
}

std::optional<Outcome> Rest::write_code(const Question& question, const json::object& input) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  const bool is_ours = !rest.empty() && (rest[0] == "contents" || rest[0] == "git" ||
                                         rest[0] == "statuses" || rest[0] == "releases");
  if (!is_ours) return std::nullopt;
  if (question.access != Access::write) return forbidden(question);
  if (rest[0] == "contents" && rest.size() > 1) {
    std::string path;
    for (std::size_t i = 1; i < rest.size(); ++i) path += (i == 1 ? "" : "/") + rest[i];
    const bool is_new = !repository.files.contains(path);
    if (question.method == "DELETE") {
      if (is_new) return error_outcome(404, "Not Found");
      repository.files.erase(path);
    } else {
      const auto content = parse_base64(text_of(input, "content"));
      if (!content) return error_outcome(422, "content is not valid Base64");
      repository.files[path] = std::string(as_text(*content));
    }
    const std::string sha = add_commit(repository, text_of(input, "message"), question.now_seconds);
    return json_outcome(json::object{{"content", {{"path", path}, {"name", rest.back()}}},
                                     {"commit", {{"sha", sha}}}},
                        question.representation, is_new ? 201 : 200);
  }
  if (matches(rest, "git/refs") && question.method == "POST") {
    std::string name = text_of(input, "ref");
    if (!name.starts_with("refs/heads/"))
      return error_outcome(422, "Reference name must start with 'refs/'.");
    name = name.substr(11);
    repository.collection("branches")
        .push_back(Item{
            {{"name", name}, {"commit", {{"sha", text_of(input, "sha")}}}, {"protected", false}},
            0});
    return json_outcome(
        json::object{{"ref", "refs/heads/" + name}, {"object", {{"sha", text_of(input, "sha")}}}},
        question.representation, 201);
  }
  if (matches(rest, "statuses/*") && question.method == "POST") {
    json::object status = {{"id", repository.next_id++},
                           {"sha", rest[1]},
                           {"state", text_of(input, "state")},
                           {"context", text_of(input, "context")},
                           {"created_at", write_timestamp(question.now_seconds)}};
    auto& statuses = repository.collection("statuses");
    statuses.insert(statuses.begin(), Item{status, 0});
    return json_outcome(status, question.representation, 201);
  }
  if (matches(rest, "releases") && question.method == "POST") {
    auto release = world_.make("release", repository, repository.next_id++, question.now_seconds);
    for (const char* member : {"tag_name", "name", "body"})
      release[member] = text_of(input, member);
    release["url"] =
        url_of(repository, "releases/" + std::to_string(world::number_at(release, "id")));
    auto& releases = repository.collection("releases");
    releases.insert(releases.begin(), Item{release, 0});
    return json_outcome(release, question.representation, 201);
  }
  return error_outcome(404, "Not Found");
}

std::optional<Outcome> Rest::write_actions(const Question& question, const json::object& input) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  if (rest.empty() || (rest[0] != "actions" && rest[0] != "dispatches")) return std::nullopt;
  if (question.access != Access::write) return forbidden(question);
  if (matches(rest, "dispatches") || matches(rest, "actions/workflows/*/dispatches")) {
    auto run = world_.make("run", repository, repository.next_id++, question.now_seconds);
    run["status"] = "queued";
    run["conclusion"] = nullptr;
    run["event"] = rest.size() == 1 ? "repository_dispatch" : "workflow_dispatch";
    run["head_branch"] = input.contains("ref") ? text_of(input, "ref") : "main";
    run["run_number"] = repository.collection("runs").size() + 1;
    if (!repository.collection("workflows").empty())
      run["workflow_id"] =
          world::number_at(repository.collection("workflows").front().document, "id");
    auto& runs = repository.collection("runs");
    runs.insert(runs.begin(), Item{std::move(run), 0});
    return no_content();
  }
  if (matches(rest, "actions/runners/registration-token") ||
      matches(rest, "actions/runners/remove-token")) {
    const std::string token =
        world::object_id("runner:" + std::to_string(++repository.changes_count));
    return json_outcome(json::object{{"token", "A" + token.substr(0, 28)},
                                     {"expires_at", write_timestamp(question.now_seconds + 3600)}},
                        question.representation, 201);
  }
  if (rest.size() < 3 || rest[1] != "runs") return error_outcome(404, "Not Found");
  auto& runs = repository.collection("runs");
  Item* run = find_item(runs, "id", rest[2]);
  if (!run) return error_outcome(404, "Not Found");
  if (rest.size() == 3 && question.method == "DELETE") {
    runs.erase(runs.begin() + (run - runs.data()));
    return no_content();
  }
  const bool is_rerun =
      matches(rest, "actions/runs/#/rerun") || matches(rest, "actions/runs/#/rerun-failed-jobs");
  const bool is_cancel = matches(rest, "actions/runs/#/cancel");
  if (!is_rerun && !is_cancel) return error_outcome(404, "Not Found");
  // A re-run keeps the id: what was completed is not for ever.
  run->document["status"] = is_rerun ? "queued" : "completed";
  run->document["conclusion"] = is_rerun ? json::value(nullptr) : json::value("cancelled");
  run->document["updated_at"] = write_timestamp(question.now_seconds);
  if (is_rerun) run->document["run_attempt"] = world::number_at(run->document, "run_attempt") + 1;
  return json_outcome(json::object(), question.representation, is_rerun ? 201 : 202);
}

std::optional<Outcome> Rest::write_settings(const Question& question, const json::object& input) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  if (question.access != Access::write) return forbidden(question);
  if (rest.empty() && question.method == "PATCH") {
    patch(repository.document, input,
          {"description", "homepage", "archived", "has_issues", "default_branch"});
    if (const auto* is_private = input.if_contains("private");
        is_private && is_private->is_bool()) {
      repository.is_private = is_private->as_bool();
      repository.document["private"] = repository.is_private;
      repository.document["visibility"] = repository.is_private ? "private" : "public";
    }
    const std::string name = text_of(input, "name");
    if (!name.empty() && name != repository.name) world_.rename(repository, name);
    return json_outcome(told_repository(question, repository, question.access),
                        question.representation);
  }
  if (matches(rest, "topics") && question.method == "PUT") {
    const auto* names = input.if_contains("names");
    if (!names || !names->is_array()) return error_outcome(422, "Validation Failed");
    repository.document["topics"] = *names;
    return json_outcome(json::object{{"names", *names}}, question.representation);
  }
  if (matches(rest, "collaborators/*")) {
    const std::string login = to_lower(rest[1]);
    if (question.method == "PUT") repository.collaborators.insert(login);
    if (question.method == "DELETE") repository.collaborators.erase(login);
    return no_content();
  }
  if (matches(rest, "labels") && question.method == "POST") {
    if (find_item(repository.collection("labels"), "name", text_of(input, "name")))
      return error_outcome(422, "Validation Failed");
    auto label = world_.make("label", repository, repository.next_id++, question.now_seconds);
    for (const char* member : {"name", "color", "description"})
      label[member] = text_of(input, member);
    label["url"] = url_of(repository, "labels/" + percent_encode(text_of(input, "name")));
    label["default"] = false;
    repository.collection("labels").push_back(Item{label, 0});
    return json_outcome(label, question.representation, 201);
  }
  if (matches(rest, "labels/*")) {
    auto& labels = repository.collection("labels");
    Item* label = find_item(labels, "name", rest[1]);
    if (!label) return error_outcome(404, "Not Found");
    if (question.method == "DELETE") {
      labels.erase(labels.begin() + (label - labels.data()));
      return no_content();
    }
    patch(label->document, input, {"color", "description"});
    if (const auto name = text_of(input, "new_name"); !name.empty()) label->document["name"] = name;
    return json_outcome(label->document, question.representation);
  }
  return std::nullopt;
}

std::optional<Outcome> Rest::write_account(const Question& question, const json::object& input) {
  const Segments& rest = question.rest;
  const Caller& caller = *question.caller;
  if (matches(rest, "app/installations/#/access_tokens") && question.method == "POST") {
    if (caller.kind != CallerKind::app)
      return error_outcome(401, "A JSON web token could not be decoded");
    // As long as the real ones have been since they carry a JWT of their own: buffers and patterns must bear it.
    std::string tail;
    for (int i = 0; i < 8; ++i)
      tail += world::object_id(rest[2] + ":" + std::to_string(question.now_seconds) +
                               std::to_string(i));
    const std::string token = "ghi_model_" + rest[2] + "_" + tail;
    return json_outcome(json::object{{"token", token},
                                     {"expires_at", write_timestamp(question.now_seconds + 3600)},
                                     {"permissions", {{"contents", "read"}, {"metadata", "read"}}}},
                        question.representation, 201);
  }
  if (matches(rest, "markdown") || matches(rest, "markdown/raw")) {
    Outcome outcome;
    outcome.content_type = "text/html;charset=utf-8";
    outcome.body =
        "<p>" + (rest.size() == 1 ? text_of(input, "text") : std::string(question.body)) + "</p>";
    return outcome;
  }
  if (rest[0] == "notifications" && question.method == "PUT") {
    Outcome outcome = no_content();
    outcome.status = 205;
    return outcome;
  }
  if (matches(rest, "user/starred/*/*") || matches(rest, "user/subscriptions/*/*")) {
    Repository* repository = world_.find(rest[2], rest[3]);
    if (!repository || accounts_.access_to(caller, *repository) == Access::none)
      return error_outcome(404, "Not Found");
    const std::int64_t step = question.method == "DELETE" ? -1 : 1;
    repository->document["stargazers_count"] =
        world::number_at(repository->document, "stargazers_count") + step;
    world_.touch(*repository, question.now_seconds);
    return no_content();
  }
  const bool is_own = matches(rest, "user/repos");
  if ((is_own || matches(rest, "orgs/*/repos")) && question.method == "POST") {
    if (caller.kind != CallerKind::user)
      return error_outcome(403, "Resource not accessible by integration");
    const std::string owner = is_own ? caller.login : rest[1];
    const std::string name = text_of(input, "name");
    if (name.empty() || world_.find(owner, name))
      return error_outcome(422, "Repository creation failed.");
    const auto* is_private = input.if_contains("private");
    auto& repository = world_.create_repository(
        owner, name, is_private && is_private->is_bool() && is_private->as_bool(), 0);
    return json_outcome(told_repository(question, repository, Access::write),
                        question.representation, 201);
  }
  return std::nullopt;
}

}  // namespace ghmesh::sim
