// SPDX-License-Identifier: Apache-2.0 OR MIT
// GitHub's GraphQL types over the world's documents: which field of which type stands where.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/graphql/execute.h"

namespace ghmesh::sim::graphql {

// An object of a type: a document, and the repository it belongs to (null for users and the like).
struct Node {
  std::string_view type;
  const json::object* document = nullptr;
  world::Repository* repository = nullptr;
};

struct Connection {
  std::vector<Node> nodes;  // all of them: the executor cuts the page
  bool is_search = false;
};

struct FieldError {
  std::string type;  // NOT_FOUND, ...; empty for a mistake in the query
  std::string message;
};

// What a field is: a scalar, an object (or none), a plain list, a connection, or a mistake.
using Found = std::variant<json::value, Node, std::vector<Node>, Connection, FieldError>;

// The arguments of a field, variables replaced.
using Inputs = json::object;

// Resolves fields for one request. Documents that are made on the way live as long as it does.
class Schema {
 public:
  Schema(world::World& world, const Viewer& viewer) : world_(world), viewer_(viewer) {}

  Found resolve(const Node& parent, std::string_view field, const Inputs& inputs);
  Found mutate(std::string_view field, const Inputs& inputs);
  Node root() const { return {"Query", &empty_, nullptr}; }

 private:
  Found resolve_query(std::string_view field, const Inputs& inputs);
  Found resolve_repository(const Node& node, std::string_view field, const Inputs& inputs);
  Found resolve_issue(const Node& node, std::string_view field);
  Found resolve_pull(const Node& node, std::string_view field);
  Found resolve_user(const Node& node, std::string_view field, const Inputs& inputs);
  Found resolve_plain(const Node& node, std::string_view field);
  Found find_numbered(const Node& node, std::string_view collection, std::string_view type,
                      const Inputs& inputs);
  Found find_repository(std::string_view owner, std::string_view name);
  Found find_node(std::string_view id);
  Found create_issue(world::Repository& repository, const json::object& input);
  Found add_comment(const Node& subject, const json::object& input);
  // Closes, reopens or merges; false when there is no such mutation.
  bool change_state(std::string_view mutation, const Node& subject);
  // What a mutation answers: its members are resolved by the id of what was changed.
  Node payload(const json::object& changed, world::Repository& repository);
  Found search(const Inputs& inputs);
  Found type_description(std::string_view name);
  Connection list(world::Repository& repository, std::string_view collection, std::string_view type,
                  const Inputs& inputs);
  Connection children(const Node& node, std::string_view collection, std::string_view type);
  Connection elements(const Node& node, std::string_view member, std::string_view type);
  Found user(const Node& node, std::string_view member);
  Found ref_of_commit(world::Repository& repository, std::string_view branch);
  Node make(std::string_view type, json::object document, world::Repository* repository);

  world::World& world_;
  const Viewer& viewer_;
  std::deque<json::object> made_;
  json::object empty_;
};

// Does a fragment on `condition` apply to an object of this type? Interfaces and unions are known by name.
bool applies(std::string_view condition, std::string_view type);

}  // namespace ghmesh::sim::graphql
