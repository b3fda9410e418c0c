// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "library/validation.h"

#include <array>
#include <functional>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "library/canonical_json.h"
#include "multiformats/cid.h"

namespace ghmesh::library {
namespace {

namespace dom = simdjson::dom;

// Members as they will be written, by name.
using Fields = std::map<std::string, std::string, std::less<>>;

std::optional<dom::element> find(const dom::object& object, std::string_view name) {
  // Of a name that stands twice, the last one counts.
  std::optional<dom::element> last;
  for (const auto& [member, value] : object)
    if (member == name) last = value;
  return last;
}

std::string text_of(const std::optional<dom::element>& value, std::string_view otherwise = "null") {
  std::string out;
  if (!value || !append_canonical(out, *value)) return std::string(otherwise);
  return out;
}

// Python's truth: what `a or b` goes by.
bool is_true(const std::optional<dom::element>& value) {
  if (!value) return false;
  switch (value->type()) {
    case dom::element_type::NULL_VALUE: return false;
    case dom::element_type::BOOL: return bool(*value);
    case dom::element_type::INT64: return std::int64_t(*value) != 0;
    case dom::element_type::UINT64: return true;
    case dom::element_type::DOUBLE: return double(*value) != 0;
    case dom::element_type::STRING: return !std::string_view(*value).empty();
    case dom::element_type::ARRAY: return dom::array(*value).size() > 0;
    case dom::element_type::OBJECT: return dom::object(*value).size() > 0;
  }
  return false;
}

// get(a) or get(b)
std::string first_of(const dom::object& object, std::string_view a, std::string_view b) {
  const auto first = find(object, a);
  return text_of(is_true(first) ? first : find(object, b));
}

// Python's str(), for what names a member of a list.
std::string name_of(const std::optional<dom::element>& value) {
  if (!value) return "";
  switch (value->type()) {
    case dom::element_type::STRING: return std::string(std::string_view(*value));
    case dom::element_type::BOOL: return bool(*value) ? "True" : "False";
    case dom::element_type::NULL_VALUE: return "None";
    default: return text_of(value);
  }
}

std::string text_at(const dom::object& object, std::string_view name, std::string_view member) {
  const auto inner = find(object, name);
  if (!inner || !inner->is_object()) return "";
  return text_of(find(dom::object(*inner), member), "");
}

std::string json_text(std::string_view text) {
  std::string out;
  append_canonical_text(out, text);
  return out;
}

// --- one family each: the fields of one object, and how it is called in a list ---

void repository(const dom::object& it, Fields& out) {
  out["updatedAt"] = text_of(find(it, "updatedAt"));
  out["pushedAt"] = text_of(find(it, "pushedAt"));
}
void issue(const dom::object& it, Fields& out) {
  out["state"] = text_of(find(it, "state"));
  out["updatedAt"] = first_of(it, "updatedAt", "updated_at");
  out["comments"] = text_of(find(it, "comments"), "0");
}
void pull(const dom::object& it, Fields& out) {
  out["state"] = text_of(find(it, "state"));
  out["updatedAt"] = first_of(it, "updatedAt", "updated_at");
  out["mergeable"] = first_of(it, "mergeable", "mergeableState");
  const std::string reviews = text_at(it, "reviews", "totalCount");
  out["reviews"] = reviews.empty() ? "0" : reviews;
}
void comment(const dom::object& it, Fields& out) {
  out["updatedAt"] = first_of(it, "updatedAt", "updated_at");
  std::size_t points_count = 0;
  const auto body = find(it, "body");
  if (body && body->is_string())
    for (const char c : std::string_view(*body))
      points_count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  out["bodyLength"] = std::to_string(points_count);
}
std::string sha_of(const dom::object& it) {
  const auto sha = find(it, "sha");
  if (is_true(sha)) return text_of(sha);
  return text_of(find(it, "oid"), "\"\"");
}
void commit(const dom::object& it, Fields& out) {
  out["sha"] = sha_of(it);
  const auto date = find(it, "committedDate");
  out["date"] = text_of(date);
  if (is_true(date)) return;
  out["date"] = "null";
  const auto inner = find(it, "commit");
  if (!inner || !inner->is_object()) return;
  const std::string committed = text_at(dom::object(*inner), "committer", "date");
  if (!committed.empty()) out["date"] = committed;
}
void release(const dom::object& it, Fields& out) {
  out["tagName"] = first_of(it, "tagName", "tag_name");
  out["publishedAt"] = first_of(it, "publishedAt", "published_at");
}
void workflow(const dom::object& it, Fields& out) {
  for (const char* name : {"status", "conclusion", "updatedAt"})
    out[name] = text_of(find(it, name));
}
void runner(const dom::object& it, Fields& out) {
  for (const char* name : {"status", "busy"}) out[name] = text_of(find(it, name));
}
void tag(const dom::object& it, Fields& out) {
  out["name"] = text_of(find(it, "name"), "\"\"");
  const std::string sha = text_at(it, "commit", "sha");
  out["sha"] = sha.empty() ? "\"\"" : sha;
}
void branch(const dom::object& it, Fields& out) {
  tag(it, out);
  out["protected"] = text_of(find(it, "protected"), "false");
}
void deployment(const dom::object& it, Fields& out) {
  out["id"] = json_text(name_of(find(it, "id")));
  out["state"] = text_of(find(it, "state"));
  out["updatedAt"] = first_of(it, "updatedAt", "updated_at");
}
void check(const dom::object& it, Fields& out) {
  out["status"] = text_of(find(it, "status"));
  out["conclusion"] = text_of(find(it, "conclusion"));
  out["completedAt"] = first_of(it, "completedAt", "completed_at");
}

enum class Match { prefix_or_one, inside };
// How a list's members are called: get(first, get(second, "")), or for repositories and commits `first or second`.
enum class Naming { get, either };
struct Family {
  std::array<std::string_view, 2> words;
  Match match;
  std::array<std::string_view, 2> names;
  Naming naming;
  void (*fields)(const dom::object&, Fields&);
};
constexpr std::array kFamilies = std::to_array<Family>({
    {{"list_repos", "get_repo_info"},
     Match::prefix_or_one,
     {"name", "url"},
     Naming::either,
     repository},
    {{"issue", {}}, Match::inside, {"number", "id"}, Naming::get, issue},
    {{"pull", "pr"}, Match::inside, {"number", "id"}, Naming::get, pull},
    {{"comment", {}}, Match::inside, {"id", {}}, Naming::get, comment},
    {{"commit", {}}, Match::inside, {"sha", "oid"}, Naming::either, commit},
    {{"release", {}}, Match::inside, {"id", "tagName"}, Naming::get, release},
    {{"workflow", {}}, Match::inside, {"databaseId", "id"}, Naming::get, workflow},
    {{"runner", {}}, Match::inside, {"id", "name"}, Naming::get, runner},
    {{"branch", {}}, Match::inside, {"name", {}}, Naming::get, branch},
    {{"tag", {}}, Match::inside, {"name", {}}, Naming::get, tag},
    {{"deployment", {}}, Match::inside, {"id", {}}, Naming::get, deployment},
    {{"check", "status"}, Match::inside, {"id", "name"}, Naming::get, check},
});

const Family* family_of(std::string_view operation) {
  if (operation.starts_with("copilot_")) return nullptr;
  for (const Family& family : kFamilies) {
    if (family.match == Match::prefix_or_one) {
      if (operation.starts_with(family.words[0]) || operation == family.words[1]) return &family;
      continue;
    }
    for (const std::string_view word : family.words)
      if (!word.empty() && operation.find(word) != std::string_view::npos) return &family;
  }
  return nullptr;
}

std::string name_in_list(const Family& family, const dom::object& member) {
  const auto first = find(member, family.names[0]);
  if (family.naming == Naming::get ? first.has_value() : is_true(first)) return name_of(first);
  return family.names[1].empty() ? "" : name_of(find(member, family.names[1]));
}

void append_fields(std::string& out, const Fields& fields) {
  out += '{';
  bool is_first = true;
  for (const auto& [name, value] : fields) {
    if (!std::exchange(is_first, false)) out += ", ";
    append_canonical_text(out, name);
    out += ": ";
    out += value;
  }
  out += '}';
}

}  // namespace

std::string validation_fields_of(std::string_view operation, std::string_view data) {
  const Family* family = family_of(operation);
  if (family == nullptr) return {};
  const JsonText json(data);
  if (!json.is_good()) return {};
  const dom::element& value = json.value();
  Fields fields;
  if (value.is_array()) {
    for (const dom::element member : dom::array(value)) {
      if (!member.is_object()) continue;
      Fields of_member;
      family->fields(dom::object(member), of_member);
      std::string text;
      append_fields(text, of_member);
      fields[name_in_list(*family, dom::object(member))] = std::move(text);
    }
  } else if (value.is_object() && is_true(value)) {
    family->fields(dom::object(value), fields);
  }
  if (fields.empty()) return {};
  std::string out;
  append_fields(out, fields);
  return out;
}

std::string cid_of_canonical(std::string_view canonical) {
  return multiformats::write_cid_text(multiformats::cid_of(as_bytes(canonical)));
}

std::string validation_cid_of(std::string_view json) {
  const std::string canonical = canonical_json(json);
  return canonical.empty() ? std::string() : cid_of_canonical(canonical);
}

}  // namespace ghmesh::library
