// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a change makes out of date: the changed thing, the collections it stands in, all that is below it, and what else
// GitHub derives from it, across the tree. Used for changes that pass through us and for webhooks.
//
// A doubt only makes us ask again, which is free when nothing has changed: so every rule errs on the side of too much.
// Nothing is deleted; the body stays for a 304.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ghmesh::github {

// A place in GitHub's tree. The scope is what has an owner: "repos/octocat/hello-world" (lower case),
// "repositories/1296269", "orgs/github", "users/octocat", "gists/aa5a315d", else the first segment: "user", "search",
// "notifications". `rest` is what follows: "pulls/7/reviews".
struct Place {
  std::string scope;
  std::string rest;
  bool operator==(const Place&) const = default;
};
// `path` begins with "/" and has no query.
Place place_of(std::string_view path);

// "repos/octocat" is the scope of all repositories of one owner: only a doubt can have it.
std::string_view owner_scope(std::string_view scope);  // of "repos/octocat/hello-world"; else empty

// Something at a place has changed: what stands there, and with `below` all that is under it.
struct Doubt {
  enum class Reach { itself, below };
  Place place;
  Reach reach = Reach::below;
  bool operator==(const Doubt&) const = default;
};
bool concerns(const Doubt& doubt, std::string_view scope, std::string_view rest);

// A request with an unsafe method to this path was answered with success. Rules and their sources: docs/freshness.md,
// "Writes".
std::vector<Doubt> doubts_of_write(std::string_view path);

// What is derived from a repository's commits and references: all of this moves with a push.
std::vector<Doubt> doubts_of_push(std::string_view scope);

}  // namespace ghmesh::github
