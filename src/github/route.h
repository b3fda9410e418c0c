// SPDX-License-Identifier: Apache-2.0 OR MIT
// Names the route of a path: "/repos/o/r/pulls/7" is route "/repos/{owner}/{repo}/pulls/{number}", of class pull.
//
// One table of templates says everything that depends on the route: how long an answer is fresh, whether it may be kept
// and shared. A path that no template matches gets the class `unknown`: kept briefly for its own principal, shared with
// nobody.
#pragma once

#include <string_view>

#include "base/time.h"

namespace ghmesh::github {

// X(name). What each stands for, and how long its answers are fresh: docs/freshness.md.
#define GHMESH_ROUTE_CLASSES(X) \
  X(unknown)           /* no template matches */ \
  X(root)              /* /meta, /zen, /emojis, /licenses: the same for everybody */ \
  X(identity)          /* /user...: says who the credential is */ \
  X(repository)        /* one repository's own object, and nothing below it */ \
  X(repository_detail) /* languages, topics, labels, milestones, statistics */ \
  X(repository_list) \
  X(contents)   /* files, readme, trees by name */ \
  X(git_object) /* by full SHA: immutable */ \
  X(reference)  /* branches, tags, git/refs, commits by a name that moves */ \
  X(commit)     /* by full SHA */ \
  X(commit_list) \
  X(checks) /* check runs, check suites, statuses */ \
  X(pull) \
  X(pull_list) \
  X(pull_files) \
  X(issue) \
  X(issue_list) \
  X(comments)     /* comments, reviews, reactions, timelines */ \
  X(release)      /* by tag or id */ \
  X(release_list) /* list and latest */ \
  X(run)          /* a workflow run or job: re-runs reuse the id */ \
  X(run_attempt)  /* /attempts/{n}: cannot change once completed */ \
  X(run_list) \
  X(runner_list) \
  X(workflow) \
  X(deployment) \
  X(alerts)   /* code scanning, Dependabot, advisories */ \
  X(settings) /* what an administrator sets: rules, permissions, names of secrets */ \
  X(search) \
  X(events)        /* obeys X-Poll-Interval */ \
  X(notifications) /* obeys X-Poll-Interval */ \
  X(organization)  /* organizations, teams, members, apps */ \
  X(user) \
  X(gist) \
  X(package) \
  X(project) \
  X(live)   /* /, /rate_limit and their kin: always asked */ \
  X(secret) /* answers that carry tokens or capability URLs: never kept */

enum class RouteClass {
#define X(name) name,
  GHMESH_ROUTE_CLASSES(X)
#undef X
};
std::string_view route_class_name(RouteClass route_class);

struct Route {
  // The template, or "unknown"; static storage, a closed set: fit for a metric's label.
  std::string_view name;
  RouteClass route_class = RouteClass::unknown;
  bool is_list = false;    // answers with a JSON array and may be paged
  bool may_keep = true;    // in this principal's partition
  bool may_share = false;  // with other principals, after a proof
  // Views into the path that was classified; empty where the route has none. Owner is also an organization's or user's
  // login.
  std::string_view owner;
  std::string_view repository;
};

// `path` begins with "/" and has neither query nor the /api/v3 prefix. Names are compared byte by byte: nothing is
// decoded or normalised. /repositories/{id}/... is the route of /repos/{owner}/{repo}/..., and likewise
// /organizations/{id}, /user/{id}.
Route classify_route(std::string_view path);

}  // namespace ghmesh::github
