// SPDX-License-Identifier: Apache-2.0 OR MIT
// The REST API over the world: which document a path means, for whom, and what a mutation changes.
//
// Here an answer is only what is told: status, body, Link. Validators, limits and the other headers are github.cc's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/headers.h"
#include "sim/accounts.h"
#include "sim/pages.h"
#include "sim/representation.h"
#include "sim/world/world.h"

namespace ghmesh::sim {

using Segments = std::vector<std::string>;

// One authenticated request. For paths below a repository, `repository` is set and `rest` holds the segments after it;
// otherwise `rest` holds all of them.
struct Question {
  std::string_view method;
  std::string_view target;  // as sent, with its query
  std::string_view path;    // as sent, without query
  Segments rest;
  Query query;
  const Caller* caller = nullptr;
  world::Repository* repository = nullptr;
  Access access = Access::none;
  Representation representation;
  std::string_view body;
  std::int64_t now_seconds = 0;
  bool is_peek = false;  // a test looks: what looking changes must not change
};

struct Outcome {
  int status = 200;
  std::string body;
  std::string content_type = "application/json; charset=utf-8";
  http::Headers headers;      // Location, Link, X-Poll-Interval ...
  std::string git_object_id;  // a directory listing: its ETag is this, whoever asks
  bool is_volatile = false;   // looking at it changed it: not to be rendered once for many
};

Outcome error_outcome(int status, std::string_view message);
Outcome json_outcome(boost::json::value document, const Representation& representation,
                     int status = 200);

class Rest {
 public:
  // `fixtures`: the object that tools/make_fixtures writes, or an empty one.
  Rest(world::World& world, Accounts& accounts, const boost::json::object& fixtures,
       std::string files_url);

  Outcome answer(const Question& question);
  // Changes what this path shows, as somebody elsewhere would have done. False when there is nothing to change.
  bool change(const Question& question);

 private:
  Outcome read(const Question& question);
  Outcome read_repository(const Question& question);
  std::optional<Outcome> read_special(const Question& question);
  std::optional<Outcome> read_collection(const Question& question);
  std::optional<Outcome> read_item(const Question& question);
  std::optional<Outcome> read_git(const Question& question);
  std::optional<Outcome> read_git_objects(const Question& question);
  std::optional<Outcome> read_contents(const Question& question);
  std::optional<Outcome> read_account(const Question& question);
  std::optional<Outcome> read_example(const Question& question);
  Outcome read_pull(const Question& question, world::Item& pull);
  Outcome read_commit(const Question& question, const boost::json::object& commit);
  Outcome search(const Question& question);
  Outcome list(const Question& question, boost::json::array all, std::string_view wrapper);
  Outcome redirect_to_file(std::string_view path);

  Outcome write(const Question& question);
  Outcome write_repository(const Question& question, const boost::json::object& input);
  std::optional<Outcome> write_issues(const Question& question, const boost::json::object& input);
  std::optional<Outcome> write_pulls(const Question& question, const boost::json::object& input);
  std::optional<Outcome> write_code(const Question& question, const boost::json::object& input);
  std::optional<Outcome> write_actions(const Question& question, const boost::json::object& input);
  std::optional<Outcome> write_settings(const Question& question, const boost::json::object& input);
  std::optional<Outcome> write_account(const Question& question, const boost::json::object& input);
  std::string add_commit(world::Repository& repository, std::string_view message,
                         std::int64_t now_seconds);
  bool change_repository(const Question& question, const std::string& mark);
  std::vector<world::Repository*> visible_repositories(const Caller& caller);
  boost::json::object told_repository(const Question& question, const world::Repository& repository,
                                      Access access);

  struct Recorded {
    boost::json::value body;
    std::string link;
  };
  struct Example {
    Segments pattern;  // "*" for a parameter
    boost::json::value body;
  };
  world::World& world_;
  Accounts& accounts_;
  std::string files_url_;
  std::map<std::string, Recorded, std::less<>> recorded_;  // by path and query
  std::vector<Example> examples_;
};

// A path below a repository that shows one document, or a list of them, of one of its collections.
struct CollectionPath {
  std::string_view collection;
  world::Item* item = nullptr;  // null for a list
};
std::optional<CollectionPath> find_collection(world::Repository& repository, const Segments& rest);

// "/a/b%20c" -> {"a", "b c"}; nothing for a trailing slash.
Segments split_path(std::string_view path);
// Does "issues/*/comments" match? '*' is any one segment, '#' one of digits only, '**' the rest (at least one).
bool matches(const Segments& segments, std::string_view pattern);
// The document of this collection whose member at `path` is `value` (a text or a number); nullptr if none.
world::Item* find_item(world::Items& items, std::string_view path, std::string_view value);

}  // namespace ghmesh::sim
