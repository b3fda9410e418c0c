// SPDX-License-Identifier: Apache-2.0 OR MIT
// Changes made on purpose by a test: as if somebody else had pushed, edited or run something.
#include "base/text.h"
#include "sim/rest.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;

// Writes the mark where a person would see it.
void mark_document(json::object& document, const std::string& mark) {
  for (const char* member : {"title", "display_title", "description", "body", "name", "message"}) {
    auto* value = document.if_contains(member);
    const bool is_key = std::string_view(member) == "name" &&
                        !document.contains("login");  // of a label, branch ...
    if (!value || is_key) continue;
    *value = "Changed " + mark;
    return;
  }
  document["changed"] = mark;
}

void mark_value(json::value& value, const std::string& mark) {
  if (auto* object = value.if_object()) {
    mark_document(*object, mark);
  } else if (auto* array = value.if_array()) {
    if (!array->empty() && array->front().is_object())
      mark_document(array->front().as_object(), mark);
    else array->push_back(json::object{{"changed", mark}});
  }
}

// A pull request is an issue as well: the same number, title and moment of the last change.
void update_twin(world::Repository& repository, std::string_view collection,
                 const world::Item& item) {
  if (collection != "pulls" && collection != "issues") return;
  const json::value* number = item.document.if_contains("number");
  if (!number) return;
  world::Item* twin = find_item(repository.collection(collection == "pulls" ? "issues" : "pulls"),
                                "number", std::to_string(number->to_number<std::int64_t>()));
  if (!twin) return;
  for (const std::string_view member : {"title", "updated_at"})
    if (const json::value* value = item.document.if_contains(member))
      twin->document[member] = *value;
}

}  // namespace

bool Rest::change_repository(const Question& question, const std::string& mark) {
  world::Repository& repository = *question.repository;
  if (question.rest.empty()) {
    mark_document(repository.document, mark);
    return true;
  }
  if (question.rest[0] == "contents" || question.rest[0] == "readme") {
    std::string path = question.rest[0] == "readme" ? "README.md" : "";
    for (std::size_t i = 1; i < question.rest.size(); ++i)
      path += (i == 1 ? "" : "/") + question.rest[i];
    auto file = repository.files.find(path);
    if (file == repository.files.end())
      file = repository.files.begin();  // a directory: one of its files
    if (file == repository.files.end()) return false;
    file->second += "Changed " + mark + "\n";
    add_commit(repository, "Change " + file->first, question.now_seconds);
    return true;
  }
  const auto found = find_collection(repository, question.rest);
  if (!found) return false;
  world::Item* item = found->item;
  if (!item) {
    auto& items = repository.collection(found->collection);
    if (items.empty()) return false;
    item = &items.front();
  }
  if (found->collection == "commits") {
    mark_document(item->document["commit"].as_object(), mark);
  } else {
    mark_document(item->document, mark);
    if (item->document.contains("updated_at"))
      item->document["updated_at"] = world::write_timestamp(question.now_seconds);
    update_twin(repository, found->collection, *item);
  }
  return true;
}

bool Rest::change(const Question& question) {
  const std::string mark = std::to_string(world_.revision());
  world_.mark_changed();
  if (const auto recorded = recorded_.find(question.target); recorded != recorded_.end()) {
    mark_value(recorded->second.body, mark);
    return true;
  }
  if (question.repository && change_repository(question, mark)) return true;
  if (matches(question.rest, "users/*") || matches(question.rest, "orgs/*")) {
    if (world::User* user = world_.find_user(question.rest[1])) {
      mark_document(user->document, mark);
      return true;
    }
  }
  if (matches(question.rest, "user") && !question.caller->login.empty()) {
    mark_document(world_.ensure_user(question.caller->login).document, mark);
    return true;
  }
  const Segments segments = split_path(question.path);
  for (Example& example : examples_) {
    bool is_match = example.pattern.size() == segments.size();
    for (std::size_t i = 0; i < segments.size() && is_match; ++i)
      is_match = example.pattern[i] == "*" || example.pattern[i] == segments[i];
    if (!is_match) continue;
    mark_value(example.body, mark);
    return true;
  }
  return false;
}

}  // namespace ghmesh::sim
