// SPDX-License-Identifier: Apache-2.0 OR MIT
// What of REST tells whether an answer to a GraphQL query still stands. GraphQL has no ETag, so asking again always
// costs points; but the things that queries are about have a REST resource each, which changes whenever they do, and of
// which GitHub says for free that it has not changed.
//
//   issue   one issue: /repos/o/r/issues/7
//   pull    one pull request: /repos/o/r/pulls/7, whose body has the gates of a merge as well
//   list    issues or pull requests of a repository: the one that was updated last, of whatever state
// and where a pull request's checks are asked for, the check runs and statuses of its head.
//
// A query is witnessed only if each field that it selects is: what has no REST resource of its own (reviewDecision, the
// merge queue, references, deployments) makes it unwitnessed. What moves nothing there (reactions, a user's name) may
// lag by kWitnessedMax (docs/freshness.md, "GraphQL").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "graphql/document.h"

namespace ghmesh::github {

// How long an answer is renewed by its witnesses before it is asked for anew: as long as a repository's own description
// is fresh.
inline constexpr Seconds kWitnessedMax{600};
// A witness that has changed within this time says nothing yet: the answer may come from a copy that lags behind.
inline constexpr Seconds kWitnessSettles{5};

enum class WitnessKind { none, issue, pull, list };

// What a document says; the number may be a variable.
struct WitnessRule {
  WitnessKind kind = WitnessKind::none;
  std::string number;  // digits, or a variable's name; empty for a list
  bool is_node =
      false;  // it is the id of a pull request's node instead: node(id:) { ...on PullRequest }
  bool is_variable = false;
  bool needs_checks = false;
};
// Of an operation whose root fields are all `repository` of the same one, or whose only one is `node`.
WitnessRule find_witness(const graphql::Document& document, const graphql::Operation& operation);

// Of one request.
struct Witness {
  WitnessKind kind = WitnessKind::none;
  std::uint64_t number = 0;
  std::string node;  // in place of scope and number: REST calls it "node_id"
  bool needs_checks = false;
};
// Of the body of a pull request; empty: it has none.
std::string node_id_of(std::string_view pull_body);
// The first target to ask for; `scope` is "repos/o/r". Empty: there is none.
std::string witness_target(const Witness& witness, std::string_view scope);
// Those of the checks, from the body of the pull request; empty: its head cannot be told.
std::vector<std::string> check_targets(std::string_view scope, std::string_view pull_body);

// The latest "updated_at" anywhere in a body of GitHub's; the beginning of time: it has none.
WallTime last_update(std::string_view body);

}  // namespace ghmesh::github
