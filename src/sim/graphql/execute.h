// SPDX-License-Identifier: Apache-2.0 OR MIT
// Answers a GraphQL request from the world: the documents that REST shows, under GraphQL's names.
//
// Generic: a field is looked up in schema.cc's tables, otherwise in the document under its name in snake_case.
// Connections, aliases, fragments, @include and @skip, variables, errors with their path, and GitHub's cost in points
// are the executor's.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "graphql/document.h"
#include "sim/world/world.h"

namespace ghmesh::sim::graphql {

namespace json = boost::json;
using ghmesh::graphql::Arguments;
using ghmesh::graphql::Directive;
using ghmesh::graphql::Document;
using ghmesh::graphql::Fragment;
using ghmesh::graphql::kDepthMax;
using ghmesh::graphql::Operation;
using ghmesh::graphql::parse_document;
using ghmesh::graphql::Selection;
using ghmesh::graphql::Value;
using ghmesh::graphql::Variable;

inline constexpr std::int64_t kNodesCountMax = 500'000;  // GitHub's own limit of one query
inline constexpr std::int64_t kPageSizeMax = 100;

// Who asks, and what of the world that is.
struct Viewer {
  std::string login;  // empty: an installation or a workflow's token
  std::function<bool(const world::Repository&)> may_read;
  std::function<bool(const world::Repository&)> may_write;
  std::int64_t now_seconds = 0;
  // What the rateLimit field says, before this call.
  std::int64_t points_limit = 0;
  std::int64_t points_remaining = 0;
  std::int64_t points_reset = 0;
};

struct Executed {
  json::object body;         // {"data": ..., "errors": ...}
  std::int64_t points = 1;   // of the primary budget
  bool is_mutation = false;  // 5 points of the secondary one
};

// `request` is the decoded body: {"query", "variables", "operationName"}.
Executed execute(const json::object& request, world::World& world, const Viewer& viewer);

}  // namespace ghmesh::sim::graphql
