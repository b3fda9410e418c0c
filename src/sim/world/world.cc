// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/world/world.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/check.h"
#include "base/text.h"
#include "crypto/hash.h"

namespace ghmesh::sim::world {
namespace {

struct Substitution {
  std::string from;
  std::string to;
};
using Substitutions = std::vector<Substitution>;

// The names that GitHub's examples and our small shapes are written with.
constexpr std::array<std::string_view, 5> kExampleRepositories = {
    "octocat/Hello-World", "octocat/hello-world", "octo-org/octo-repo", "github/hello-world",
    "octocat/example"};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

void substitute(json::value& value, const Substitutions& substitutions) {
  if (auto* object = value.if_object()) {
    for (auto& member : *object) substitute(member.value(), substitutions);
  } else if (auto* array = value.if_array()) {
    for (auto& element : *array) substitute(element, substitutions);
  } else if (auto* string = value.if_string()) {
    std::string text(*string);
    for (const auto& [from, to] : substitutions) replace_all(text, from, to);
    if (text != std::string_view(*string)) *string = text;
  }
}

std::int64_t id_of_name(std::uint64_t seed, std::string_view name) {
  const auto digest = crypto::sha256(as_bytes(std::to_string(seed) + ":" + std::string(name)));
  return static_cast<std::int64_t>(load_big_endian<std::uint32_t>(ByteView(digest).first(4)) >> 2) +
         1000;
}

std::string key_of(std::string_view owner, std::string_view name) {
  return to_lower(owner) + "/" + to_lower(name);
}

// Users stand in many documents by value, as on GitHub; whoever is named in a shape becomes this one.
void replace_users(json::object& document, const json::object& user) {
  for (const char* member :
       {"user", "author", "committer", "owner", "creator", "actor", "triggering_actor"}) {
    if (auto* value = document.if_contains(member); value && value->is_object()) *value = user;
  }
}

void set_times(json::object& document, std::int64_t at_seconds) {
  const std::string text = write_timestamp(at_seconds);
  for (const char* member : {"created_at", "updated_at", "published_at", "started_at",
                             "completed_at", "run_started_at", "pushed_at", "submitted_at"}) {
    if (auto* value = document.if_contains(member); value && !value->is_null()) *value = text;
  }
}

}  // namespace

Items& Repository::collection(std::string_view collection_name) {
  const auto found = collections.find(collection_name);
  if (found != collections.end()) return found->second;
  return collections[std::string(collection_name)];
}

const json::value* value_at(const json::object& document, std::string_view path) {
  const json::object* object = &document;
  for (;;) {
    const std::string_view part = take_until(path, '.');
    const json::value* value = object->if_contains(part);
    if (!value || path.empty()) return value;
    object = value->if_object();
    if (!object) return nullptr;
  }
}

std::string_view text_at(const json::object& document, std::string_view path) {
  const auto* value = value_at(document, path);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

std::int64_t number_at(const json::object& document, std::string_view path) {
  const auto* value = value_at(document, path);
  const auto* number = value ? value->if_int64() : nullptr;
  return number ? *number : 0;
}

std::string write_timestamp(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::string object_id(std::string_view text) {
  const auto digest = crypto::sha256(as_bytes(text));
  return hex(ByteView(digest).first(20));
}

Repository* World::find(std::string_view owner, std::string_view name) {
  const auto found = repositories_.find(key_of(owner, name));
  return found == repositories_.end() ? nullptr : found->second.get();
}

Repository* World::find(std::int64_t id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const Repository* World::renamed_to(std::string_view owner, std::string_view name) const {
  const auto renamed = renamed_.find(key_of(owner, name));
  if (renamed == renamed_.end()) return nullptr;
  const auto found = by_id_.find(renamed->second);
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<Repository*> World::repositories() {
  std::vector<Repository*> all;
  for (const auto& [id, repository] : by_id_) all.push_back(repository);
  return all;
}

User* World::find_user(std::string_view login) {
  const auto found = users_.find(to_lower(login));
  return found == users_.end() ? nullptr : found->second.get();
}

User& World::ensure_user(std::string_view login) {
  if (User* known = find_user(login)) return *known;
  auto user = std::make_unique<User>();
  user->login = login;
  user->id = id_of_name(seed_, login);
  json::value document = shapes_.get("user");
  substitute(document, {{"octocat", std::string(login)}});
  user->document = document.as_object();
  user->document["login"] = login;
  user->document["id"] = user->id;
  user->document["node_id"] = "U_" + std::to_string(user->id);
  User& kept = *user;
  users_.emplace(to_lower(login), std::move(user));
  create_repository(login, "private", /*is_private=*/true, /*issues_count=*/5);
  ++revision_;
  return kept;
}

json::object World::simple_user(std::string_view login) {
  const User* user = find_user(login);
  const std::string url = "https://api.github.com/users/" + std::string(login);
  return {{"login", login},
          {"id", user ? user->id : id_of_name(seed_, login)},
          {"node_id", "U_" + std::to_string(user ? user->id : id_of_name(seed_, login))},
          {"avatar_url", "https://avatars.githubusercontent.com/u/" + std::string(login) + "?v=4"},
          {"gravatar_id", ""},
          {"url", url},
          {"html_url", "https://github.com/" + std::string(login)},
          {"followers_url", url + "/followers"},
          {"gists_url", url + "/gists{/gist_id}"},
          {"starred_url", url + "/starred{/owner}{/repo}"},
          {"subscriptions_url", url + "/subscriptions"},
          {"organizations_url", url + "/orgs"},
          {"repos_url", url + "/repos"},
          {"events_url", url + "/events{/privacy}"},
          {"received_events_url", url + "/received_events"},
          {"type", user && user->is_organization ? "Organization" : "User"},
          {"site_admin", false}};
}

json::object World::make(std::string_view shape, Repository& repository, std::int64_t number_or_id,
                         std::int64_t at_seconds) {
  json::value value = shapes_.get(shape);
  const std::string number = std::to_string(number_or_id);
  Substitutions substitutions;
  for (const std::string_view example : kExampleRepositories)
    substitutions.push_back({std::string(example), repository.full_name()});
  // The numbers of the examples, where a URL ends in them or goes on below them.
  for (const char* example : {"/1347", "/30433642", "/399444496", "/161335"})
    substitutions.push_back({example, "/" + number});
  substitute(value, substitutions);
  json::object document = std::move(value.as_object());
  replace_users(document, simple_user(repository.owner));
  set_times(document, at_seconds);
  const std::int64_t id =
      document.contains("number") || shape == "commit" ? repository.next_id++ : number_or_id;
  if (document.contains("number")) document["number"] = number_or_id;
  if (document.contains("id")) document["id"] = shape == "repository" ? number_or_id : id;
  std::string node(1, static_cast<char>(shape.front() - 'a' + 'A'));
  document["node_id"] = node + "_" + std::to_string(repository.id) + "_" + std::to_string(id);
  return document;
}

void World::touch(Repository& repository, std::int64_t at_seconds) {
  ++repository.changes_count;
  repository.document["updated_at"] = write_timestamp(at_seconds);
  ++revision_;
}

void World::rename(Repository& repository, std::string_view new_name) {
  const std::string old_name = repository.full_name();
  const std::string old_key = key_of(repository.owner, repository.name);
  repository.name = new_name;
  const Substitutions substitutions = {{old_name, repository.full_name()}};
  const auto rewrite = [&](json::object& document) {
    json::value value(std::move(document));
    substitute(value, substitutions);
    document = std::move(value.as_object());
  };
  rewrite(repository.document);
  repository.document["name"] = new_name;
  for (auto& [name, items] : repository.collections)
    for (Item& item : items) rewrite(item.document);

  auto node = repositories_.extract(old_key);
  GHMESH_CHECK(!node.empty());
  const std::string new_key = key_of(repository.owner, repository.name);
  node.key() = new_key;
  repositories_.insert(std::move(node));
  renamed_.erase(new_key);
  renamed_[old_key] = repository.id;
  ++revision_;
}

}  // namespace ghmesh::sim::world
