// SPDX-License-Identifier: Apache-2.0 OR MIT
// The world behind the model of GitHub: users and repositories, as the JSON documents that the REST API shows.
//
// A repository holds collections ("issues", "pulls", "runs" ...) of documents. Reading rules (filters, pages, media
// types) are not here: this is what is true, and sim/ is how it is told. Every change makes revision() grow, so that
// whoever keeps rendered answers knows when to drop them. A user or repository of a model user comes into being when it
// is first named, out of the seed and its name alone, so the order of the questions does not matter.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ghmesh::sim::world {

namespace json = boost::json;

// One document of a collection. `parent` is the number of the issue a comment belongs to, or the id of a job's run; 0:
// none.
struct Item {
  json::object document;
  std::int64_t parent = 0;
};
using Items = std::vector<Item>;

struct Repository {
  std::int64_t id = 0;
  std::string owner;
  std::string name;
  bool is_private = false;
  bool is_blocked = false;             // 451: unavailable for legal reasons
  int statistics_answers_pending = 1;  // so many 202 before statistics are ready
  json::object document;               // without the parts that depend on who asks
  std::map<std::string, Items, std::less<>> collections;
  std::map<std::string, std::string> files;  // path -> text, on the default branch
  std::set<std::string> collaborators;       // logins in lower case
  std::int64_t next_number = 1;              // issues and pull requests share one sequence
  std::int64_t next_id = 1;
  std::int64_t changes_count = 0;  // how often anything in it changed: the source of new object ids

  std::string full_name() const { return owner + "/" + name; }
  Items& collection(std::string_view collection_name);
};

struct User {
  std::int64_t id = 0;
  std::string login;
  bool is_organization = false;
  std::set<std::string> members;  // of an organization: logins in lower case
  json::object document;
};

// What documents look like before they get their own values. From GitHub's published examples when there are fixtures,
// otherwise small ones of our own.
class Shapes {
 public:
  Shapes();  // the small ones
  // Replaces those that `shapes`, an object of documents by name, has.
  void adopt(const json::object& shapes);
  const json::object& get(std::string_view name) const;

 private:
  std::map<std::string, json::object, std::less<>> shapes_;
};

class World {
 public:
  World(std::uint64_t seed, Shapes shapes);

  // Names are compared without case. nullptr when there is no such thing; an old name of a renamed repository is not
  // found here but by renamed_to().
  Repository* find(std::string_view owner, std::string_view name);
  Repository* find(std::int64_t id);
  const Repository* renamed_to(std::string_view owner, std::string_view name) const;
  User* find_user(std::string_view login);
  // Creates the user when it is new, with one private repository LOGIN/private.
  User& ensure_user(std::string_view login);
  std::vector<Repository*> repositories();  // ordered by id

  Repository& create_repository(std::string_view owner, std::string_view name, bool is_private,
                                int issues_count);
  // Moves it to another name; the old one answers with a redirect from now on, until a new repository takes it.
  void rename(Repository& repository, std::string_view new_name);

  // A new document of this shape for this repository, with its URLs; id, node_id and the times are set.
  json::object make(std::string_view shape, Repository& repository, std::int64_t number_or_id,
                    std::int64_t at_seconds);
  json::object simple_user(std::string_view login);
  void touch(Repository& repository, std::int64_t at_seconds);  // something in it changed
  std::uint64_t revision() const { return revision_; }
  void mark_changed() { ++revision_; }

 private:
  void fill(Repository& repository, int issues_count);

  std::uint64_t seed_;
  Shapes shapes_;
  std::uint64_t revision_ = 1;
  std::map<std::string, std::unique_ptr<Repository>>
      repositories_;                             // by "owner/name" in lower case
  std::map<std::string, std::int64_t> renamed_;  // old name -> id
  std::map<std::int64_t, Repository*> by_id_;
  std::map<std::string, std::unique_ptr<User>> users_;
};

// The value at "user.login"; nullptr when a part is missing or not an object.
const json::value* value_at(const json::object& document, std::string_view path);
// The text there, or empty.
std::string_view text_at(const json::object& document, std::string_view path);
std::int64_t number_at(const json::object& document, std::string_view path);

// "2026-01-02T03:04:05Z".
std::string write_timestamp(std::int64_t seconds);
// 40 hex digits that depend on the text alone: the object ids of the model's git.
std::string object_id(std::string_view text);

}  // namespace ghmesh::sim::world
