// SPDX-License-Identifier: Apache-2.0 OR MIT
// Names the route of a path: "/repos/o/r/pulls/7" is route "/repos/{owner}/{repo}/pulls/{number}", of class pull.
//
// One table of templates says everything that depends on the route: how long an answer is fresh, whether it may be kept and
// shared. A path that no template matches gets the class `unknown`: kept briefly for its own principal, shared with nobody.
#pragma once

#include <string_view>

#include "base/time.h"

namespace ghmesh::github {

enum class RouteClass {
  unknown,
  root,             // /, /meta, /zen, /emojis, /versions, /licenses ...
  identity,         // /user: says who the credential is
  repository,       // one repository's metadata
  repository_list,
  contents,         // files, readme, trees by name, archives' metadata
  git_object,       // by full SHA: immutable
  reference,        // branches, tags, git/refs
  commit,
  commit_list,
  checks,           // check runs, check suites, statuses
  pull,
  pull_list,
  pull_files,
  issue,
  issue_list,
  release,          // by tag or id
  release_list,     // list and latest
  run,              // a workflow run or job, re-runs reuse the id
  run_attempt,      // /attempts/{n}: cannot change once completed
  run_list,
  runner_list,
  workflow,
  deployment,
  search,
  events,           // obeys X-Poll-Interval
  notifications,
  organization,
  user,
  live,             // rate_limit, logs: always asked
  secret,           // answers that carry tokens or capability URLs: never kept, never shared
};
std::string_view route_class_name(RouteClass route_class);

struct Route {
  std::string_view name;  // the template; static storage
  RouteClass route_class = RouteClass::unknown;
  bool is_list = false;      // answers with a JSON array and may be paged
  bool may_keep = true;      // in this principal's partition
  bool may_share = false;    // with other principals, after a proof
  // Views into the path that was classified; empty where the route has none.
  std::string_view owner;
  std::string_view repository;
};

// `path` begins with "/" and has neither query nor the /api/v3 prefix.
Route classify_route(std::string_view path);

}  // namespace ghmesh::github
