// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to github/: the groups of places in a repository that move together, for the tables of writes and of
// webhooks.
#pragma once

#include <string>
#include <vector>

#include "github/invalidation.h"

namespace ghmesh::github {

enum class Also : unsigned {
  nothing = 0,
  git = 1,     // what is derived from commits and references
  talk = 2,    // issues, pull requests, and what is said in them
  runs = 4,    // workflow runs, and the checks that they report
  checks = 8,  // checks and statuses, and the pulls that wait for them
  releases = 16,
  merge = 32,  // what a merge closes and starts
  search = 64,
  notifications = 128,
  counts = 256,      // stars, watchers, forks, and the repository's own object, which shows them
  everything = 512,  // names or access: all of the repository
};
constexpr Also operator|(Also a, Also b) {
  return static_cast<Also>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
void add_across(std::vector<Doubt>& doubts, const std::string& scope, Also also);

}  // namespace ghmesh::github
