// SPDX-License-Identifier: Apache-2.0 OR MIT
// Reading: tables for what is a plain list or a plain document, functions for what is neither.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/date.h"
#include "sim/rest.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;
using world::Item;
using world::Items;
using world::number_at;
using world::Repository;
using world::text_at;
using world::value_at;

struct ListRoute {
  std::string_view pattern;
  std::string_view collection;
  std::string_view
      wrapper;         // the member that holds the list, beside total_count; empty for a bare list
  int parent_segment;  // whose number the documents must belong to; -1: all of the collection
};

constexpr ListRoute kLists[] = {
    {"issues", "issues", "", -1},
    {"issues/comments", "comments", "", -1},
    {"issues/#/comments", "comments", "", 1},
    {"issues/#/events", "issue_events", "", 1},
    {"issues/#/timeline", "issue_events", "", 1},
    {"pulls", "pulls", "", -1},
    {"pulls/#/reviews", "reviews", "", 1},
    {"pulls/#/comments", "review_comments", "", 1},
    {"commits", "commits", "", -1},
    {"branches", "branches", "", -1},
    {"tags", "tags", "", -1},
    {"releases", "releases", "", -1},
    {"labels", "labels", "", -1},
    {"milestones", "milestones", "", -1},
    {"events", "events", "", -1},
    {"commits/*/statuses", "statuses", "", -1},
    {"actions/workflows", "workflows", "workflows", -1},
    {"actions/runs", "runs", "workflow_runs", -1},
    {"actions/workflows/*/runs", "runs", "workflow_runs", -1},
    {"actions/runs/#/jobs", "jobs", "jobs", 2},
    {"actions/runs/#/attempts/#/jobs", "jobs", "jobs", 2},
    {"actions/runs/#/artifacts", "artifacts", "artifacts", 2},
    {"actions/runners", "runners", "runners", -1},
};

struct ItemRoute {
  std::string_view pattern;
  std::string_view collection;
  std::string_view key;  // where the value of the segment stands in the document
  int key_segment;
};

constexpr ItemRoute kItems[] = {
    {"issues/#", "issues", "number", 1},       {"issues/comments/#", "comments", "id", 2},
    {"pulls/#/reviews/#", "reviews", "id", 3}, {"branches/*", "branches", "name", 1},
    {"releases/#", "releases", "id", 1},       {"releases/tags/*", "releases", "tag_name", 2},
    {"labels/*", "labels", "name", 1},         {"milestones/#", "milestones", "number", 1},
    {"actions/runs/#", "runs", "id", 2},       {"actions/runs/#/attempts/#", "runs", "id", 2},
    {"actions/jobs/#", "jobs", "id", 2},       {"actions/workflows/#", "workflows", "id", 2},
    {"actions/runners/#", "runners", "id", 2},
};

// A query parameter that narrows a list to the documents where this member has its value.
struct Filter {
  std::string_view collection;
  std::string_view parameter;
  std::string_view member;
};

constexpr Filter kFilters[] = {
    {"issues", "creator", "user.login"}, {"pulls", "base", "base.ref"},
    {"pulls", "head", "head.label"},     {"runs", "branch", "head_branch"},
    {"runs", "event", "event"},          {"runs", "actor", "actor.login"},
    {"runs", "head_sha", "head_sha"},
};

bool passes(const json::object& document, std::string_view collection, const Query& query) {
  for (const Filter& filter : kFilters) {
    if (filter.collection != collection || !query.contains(filter.parameter)) continue;
    if (text_at(document, filter.member) != query.get(filter.parameter)) return false;
  }
  if (collection == "issues" || collection == "pulls" || collection == "milestones") {
    const std::string_view state = query.contains("state") ? query.get("state") : "open";
    if (state != "all" && text_at(document, "state") != state) return false;
  }
  if (collection == "runs" && query.contains("status")) {
    const std::string_view wanted = query.get("status");
    if (text_at(document, "status") != wanted && text_at(document, "conclusion") != wanted)
      return false;
  }
  if (query.contains("since") && text_at(document, "updated_at") < query.get("since")) return false;
  if (collection == "issues" && query.contains("labels")) {
    const auto* labels = value_at(document, "labels");
    std::string_view wanted = query.get("labels");
    while (!wanted.empty()) {
      const std::string_view name = take_until(wanted, ',');
      const auto has_it = [&](const json::value& label) {
        return text_at(label.as_object(), "name") == name;
      };
      if (!labels || std::ranges::none_of(labels->as_array(), has_it)) return false;
    }
  }
  return true;
}

void sort_documents(json::array& documents, const Query& query) {
  const std::string_view sort = query.get("sort");
  const std::string member = sort == "updated"   ? "updated_at"
                             : sort == "created" ? "created_at"
                                                 : "";
  const bool is_ascending = query.get("direction") == "asc";
  if (!member.empty()) {
    std::stable_sort(documents.begin(), documents.end(),
                     [&](const json::value& a, const json::value& b) {
                       return text_at(a.as_object(), member) > text_at(b.as_object(), member);
                     });
  }
  if (is_ascending) std::reverse(documents.begin(), documents.end());
}

// What lists leave out of a document, as GitHub does.
void shorten(json::object& document, std::string_view collection) {
  if (collection == "commits") {
    document.erase("files");
    document.erase("stats");
  } else if (collection == "pulls") {
    for (const char* member :
         {"merged", "mergeable", "mergeable_state", "merged_by", "comments", "review_comments",
          "commits", "additions", "deletions", "changed_files", "rebaseable"})
      document.erase(member);
  }
}

// "2026-01-02T03:04:05Z" as an HTTP date.
std::string last_modified(std::string_view timestamp) {
  const auto part = [&](std::size_t first, std::size_t count) {
    return timestamp.size() >= first + count
               ? static_cast<int>(parse_decimal(timestamp.substr(first, count)).value_or(0))
               : 0;
  };
  using namespace std::chrono;
  const year_month_day date(year(part(0, 4)), month(static_cast<unsigned>(part(5, 2))),
                            day(static_cast<unsigned>(part(8, 2))));
  const auto time =
      sys_days(date) + hours(part(11, 2)) + minutes(part(14, 2)) + seconds(part(17, 2));
  return http::write_date(wall_time(time.time_since_epoch().count()));
}

}  // namespace

Segments split_path(std::string_view path) {
  Segments segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    segments.push_back(percent_decode(path.substr(0, slash), false));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool matches(const Segments& segments, std::string_view pattern) {
  for (const std::string& segment : segments) {
    if (pattern.empty()) return false;
    if (pattern == "**") return true;
    const std::string_view part = take_until(pattern, '/');
    const bool is_match = part == "*"   ? !segment.empty()
                          : part == "#" ? parse_decimal(segment).has_value()
                                        : part == segment;
    if (!is_match) return false;
  }
  return pattern.empty();
}

Item* find_item(Items& items, std::string_view path, std::string_view value) {
  for (Item& item : items) {
    const auto* found = value_at(item.document, path);
    if (!found) continue;
    if (found->is_string() ? equal_ignoring_case(std::string_view(found->as_string()), value)
                           : found->is_int64() && std::to_string(found->as_int64()) == value)
      return &item;
  }
  return nullptr;
}

std::optional<CollectionPath> find_collection(Repository& repository, const Segments& rest) {
  for (const ListRoute& route : kLists)
    if (matches(rest, route.pattern)) return CollectionPath{route.collection, nullptr};
  if (auto& releases = repository.collection("releases");
      matches(rest, "releases/latest") && !releases.empty())
    return CollectionPath{"releases", &releases.front()};
  if (matches(rest, "pulls/#"))
    return CollectionPath{"pulls", find_item(repository.collection("pulls"), "number", rest[1])};
  if (matches(rest, "commits/*"))
    return CollectionPath{"commits", find_item(repository.collection("commits"), "sha", rest[1])};
  for (const ItemRoute& route : kItems) {
    if (!matches(rest, route.pattern)) continue;
    const auto& key = rest[static_cast<std::size_t>(route.key_segment)];
    return CollectionPath{route.collection,
                          find_item(repository.collection(route.collection), route.key, key)};
  }
  return std::nullopt;
}

Outcome error_outcome(int status, std::string_view message) {
  Outcome outcome;
  outcome.status = status;
  outcome.body = json::serialize(json::object{{"message", message},
                                              {"documentation_url", "https://docs.github.com/rest"},
                                              {"status", std::to_string(status)}});
  return outcome;
}

Outcome json_outcome(json::value document, const Representation& representation, int status) {
  represent(document, representation);
  Outcome outcome;
  outcome.status = status;
  outcome.body = json::serialize(document);
  return outcome;
}

Rest::Rest(world::World& world, Accounts& accounts, const json::object& fixtures,
           std::string files_url)
    : world_(world), accounts_(accounts), files_url_(std::move(files_url)) {
  if (const auto* recorded = value_at(fixtures, "recorded")) {
    for (const auto& entry : recorded->as_array()) {
      const auto& object = entry.as_object();
      recorded_[std::string(text_at(object, "path"))] = {
          object.at("body"), std::string(text_at(object, "headers.link"))};
    }
  }
  if (const auto* routes = value_at(fixtures, "routes")) {
    for (const auto& route : routes->as_array()) {
      Segments pattern = split_path(text_at(route.as_object(), "path"));
      for (std::string& part : pattern)
        if (part.starts_with('{')) part = "*";
      examples_.push_back({std::move(pattern), route.as_object().at("body")});
    }
  }
}

Outcome Rest::answer(const Question& question) {
  const bool is_read = question.method == "GET" || question.method == "HEAD";
  return is_read ? read(question) : write(question);
}

Outcome Rest::read(const Question& question) {
  const auto recorded = recorded_.find(question.target);
  if (recorded != recorded_.end() && question.representation.is_json_plain()) {
    Outcome outcome = json_outcome(recorded->second.body, question.representation);
    if (!recorded->second.link.empty()) outcome.headers.add("Link", recorded->second.link);
    return outcome;
  }
  if (question.repository) return read_repository(question);
  // Examples of repositories stand for repositories that exist; for others they would make a 200 of a 404.
  if (question.rest[0] == "repos" || question.rest[0] == "repositories")
    return error_outcome(404, "Not Found");
  if (auto outcome = read_account(question)) return std::move(*outcome);
  if (auto outcome = read_example(question)) return std::move(*outcome);
  return error_outcome(404, "Not Found");
}

Outcome Rest::read_repository(const Question& question) {
  if (question.rest.empty()) {
    return json_outcome(told_repository(question, *question.repository, question.access),
                        question.representation);
  }
  if (auto outcome = read_special(question)) return std::move(*outcome);
  if (auto outcome = read_git(question)) return std::move(*outcome);
  if (auto outcome = read_contents(question)) return std::move(*outcome);
  if (auto outcome = read_collection(question)) return std::move(*outcome);
  if (auto outcome = read_item(question)) return std::move(*outcome);
  if (auto outcome = read_example(question)) return std::move(*outcome);
  return error_outcome(404, "Not Found");
}

json::object Rest::told_repository(const Question& question, const Repository& repository,
                                   Access access) {
  json::object document = repository.document;
  if (!question.caller->is_anonymous()) {
    const bool may_write = access == Access::write;
    document["permissions"] = {{"admin", may_write},
                               {"maintain", may_write},
                               {"push", may_write},
                               {"triage", may_write},
                               {"pull", true}};
  }
  return document;
}

Outcome Rest::list(const Question& question, json::array all, std::string_view wrapper) {
  const Page page = choose_page(question.query, all.size());
  json::array shown(std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(page.first)),
                    std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(page.end)));
  const std::size_t total = all.size();
  Outcome outcome =
      wrapper.empty()
          ? json_outcome(std::move(shown), question.representation)
          : json_outcome(json::object{{"total_count", total}, {wrapper, std::move(shown)}},
                         question.representation);
  std::string url = "https://api.github.com";
  if (question.repository) {
    url += "/repositories/" + std::to_string(question.repository->id);
    for (const std::string& segment : question.rest) url += "/" + percent_encode(segment);
  } else {
    url += question.path;
  }
  const std::string link = write_link(url, question.query, page);
  if (!link.empty()) outcome.headers.add("Link", link);
  return outcome;
}

std::optional<Outcome> Rest::read_collection(const Question& question) {
  for (const ListRoute& route : kLists) {
    if (!matches(question.rest, route.pattern)) continue;
    const std::int64_t parent =
        route.parent_segment < 0
            ? 0
            : static_cast<std::int64_t>(*parse_decimal(question.rest[route.parent_segment]));
    json::array all;
    for (const Item& item : question.repository->collection(route.collection)) {
      if (route.parent_segment >= 0 && item.parent != parent) continue;
      if (route.pattern == "actions/workflows/*/runs" && question.rest[2] != "ci.yaml" &&
          std::to_string(number_at(item.document, "workflow_id")) != question.rest[2])
        continue;
      if (route.pattern == "commits/*/statuses" &&
          text_at(item.document, "sha") != question.rest[1])
        continue;
      if (!passes(item.document, route.collection, question.query)) continue;
      json::object document = item.document;
      shorten(document, route.collection);
      all.push_back(std::move(document));
    }
    sort_documents(all, question.query);
    Outcome outcome = list(question, std::move(all), route.wrapper);
    if (route.collection == "events") outcome.headers.add("X-Poll-Interval", "60");
    return outcome;
  }
  return std::nullopt;
}

std::optional<Outcome> Rest::read_item(const Question& question) {
  Repository& repository = *question.repository;
  if (matches(question.rest, "pulls/#")) {
    Item* pull = find_item(repository.collection("pulls"), "number", question.rest[1]);
    return pull ? read_pull(question, *pull) : error_outcome(404, "Not Found");
  }
  if (matches(question.rest, "releases/latest")) {
    const Items& releases = repository.collection("releases");
    if (releases.empty()) return error_outcome(404, "Not Found");
    return json_outcome(releases.front().document, question.representation);
  }
  for (const ItemRoute& route : kItems) {
    if (!matches(question.rest, route.pattern)) continue;
    const std::string& wanted = question.rest[static_cast<std::size_t>(route.key_segment)];
    const Item* item = find_item(repository.collection(route.collection), route.key, wanted);
    if (!item) {
      if (route.pattern == "actions/workflows/#") return std::nullopt;
      return error_outcome(404, "Not Found");
    }
    Outcome outcome = json_outcome(item->document, question.representation);
    if (route.collection == "issues")
      outcome.headers.add("Last-Modified", last_modified(text_at(item->document, "updated_at")));
    return outcome;
  }
  return std::nullopt;
}

Outcome Rest::read_pull(const Question& question, Item& pull) {
  const std::string number = std::to_string(number_at(pull.document, "number"));
  if (question.representation.media == "diff" || question.representation.media == "patch") {
    Outcome outcome;
    outcome.content_type =
        "application/vnd.github.v3." + question.representation.media + "; charset=utf-8";
    outcome.body =
        "diff --git a/README.md b/README.md\n--- a/README.md\n+++ b/README.md\n@@ -1 +1,2 @@\n # " +
        question.repository->name + "\n+pull " + number + "\n";
    return outcome;
  }
  Outcome outcome = json_outcome(pull.document, question.representation);
  const auto* mergeable = value_at(pull.document, "mergeable");
  if (!question.is_peek && text_at(pull.document, "state") == "open" && mergeable &&
      mergeable->is_null()) {
    // Looking starts the computation; whoever asks again sees its result.
    pull.document["mergeable"] = true;
    pull.document["mergeable_state"] = "clean";
    world_.mark_changed();
    outcome.is_volatile = true;
  }
  return outcome;
}

Outcome Rest::redirect_to_file(std::string_view path) {
  Outcome outcome;
  outcome.status = 302;
  outcome.content_type = "text/html;charset=utf-8";
  const std::string signature = world::object_id(std::string("signature:") + std::string(path));
  outcome.headers.add("Location", files_url_ + std::string(path) + "?token=" + signature);
  return outcome;
}

std::optional<Outcome> Rest::read_special(const Question& question) {
  const Segments& rest = question.rest;
  Repository& repository = *question.repository;
  const std::string full_name = repository.full_name();
  if (rest[0] == "tarball" || rest[0] == "zipball") {
    const std::string ref = rest.size() > 1 ? rest.back() : "main";
    return redirect_to_file("/" + full_name +
                            (rest[0] == "tarball" ? "/legacy.tar.gz/" : "/legacy.zip/") + ref);
  }
  if (matches(rest, "actions/runs/#/logs") || matches(rest, "actions/jobs/#/logs")) {
    if (question.caller->is_anonymous())
      return error_outcome(403, "Must have admin rights to Repository.");
    return redirect_to_file("/" + full_name + "/logs/" + rest[2]);
  }
  if (matches(rest, "stats/*")) {
    if (repository.statistics_answers_pending > 0) {
      if (!question.is_peek) --repository.statistics_answers_pending;
      Outcome outcome = json_outcome(json::object(), question.representation, 202);
      outcome.is_volatile = true;
      return outcome;
    }
    return json_outcome(
        json::array{
            json::object{{"total", 8}, {"week", 1'760'227'200}, {"days", {0, 3, 1, 2, 0, 1, 1}}}},
        question.representation);
  }
  if (matches(rest, "languages"))
    return json_outcome(json::object{{"C", 7231}, {"C++", 118342}}, question.representation);
  if (matches(rest, "topics")) {
    const auto* topics = value_at(repository.document, "topics");
    return json_outcome(json::object{{"names", topics ? *topics : json::value(json::array())}},
                        question.representation);
  }
  if (matches(rest, "contributors") || matches(rest, "collaborators") ||
      matches(rest, "stargazers")) {
    json::array people;
    people.push_back(world_.simple_user(repository.owner));
    for (const std::string& login : repository.collaborators)
      people.push_back(world_.simple_user(login));
    return list(question, std::move(people), "");
  }
  if (matches(rest, "collaborators/*")) {
    Outcome outcome = error_outcome(
        repository.collaborators.contains(to_lower(rest[1])) ? 204 : 404, "Not Found");
    if (outcome.status == 204) outcome.body.clear();
    return outcome;
  }
  if (matches(rest, "issues/#/labels")) {
    const Item* issue = find_item(repository.collection("issues"), "number", rest[1]);
    return issue ? list(question, issue->document.at("labels").as_array(), "")
                 : error_outcome(404, "Not Found");
  }
  if (matches(rest, "pulls/#/files") || matches(rest, "pulls/#/commits")) {
    const Item* pull = find_item(repository.collection("pulls"), "number", rest[1]);
    if (!pull) return error_outcome(404, "Not Found");
    const std::string sha(text_at(pull->document, "head.sha"));
    if (rest[2] == "commits")
      return list(question, {json::object{{"sha", sha}, {"commit", {{"message", "Topic"}}}}}, "");
    return list(question,
                {json::object{{"sha", world::object_id(sha)},
                              {"filename", "README.md"},
                              {"status", "modified"},
                              {"additions", 1},
                              {"deletions", 0},
                              {"changes", 1}}},
                "");
  }
  return std::nullopt;
}

std::optional<Outcome> Rest::read_example(const Question& question) {
  const Segments segments = split_path(question.path.substr(0, question.path.find('?')));
  for (const Example& example : examples_) {
    if (example.pattern.size() != segments.size()) continue;
    bool is_match = true;
    for (std::size_t i = 0; i < segments.size() && is_match; ++i)
      is_match =
          !segments[i].empty() && (example.pattern[i] == "*" || example.pattern[i] == segments[i]);
    if (is_match) return json_outcome(example.body, question.representation);
  }
  return std::nullopt;
}

}  // namespace ghmesh::sim
