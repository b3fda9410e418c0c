// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/graphql/execute.h"

#include <algorithm>

#include "base/text.h"
#include "sim/graphql/schema.h"

namespace ghmesh::sim::graphql {
namespace {

using Path = std::vector<json::value>;

constexpr std::size_t kVisitsMax =
    2'000'000;                           // about what GitHub does in the ten seconds that it allows
constexpr std::size_t kErrorsMax = 100;  // one mistake in a list of thousands is still one mistake

json::value to_json(const Value& value, const json::object& variables) {
  switch (value.kind) {
    case Value::Kind::null: return nullptr;
    case Value::Kind::boolean: return value.boolean;
    case Value::Kind::integer: return value.integer;
    case Value::Kind::real:
    case Value::Kind::text:
    case Value::Kind::enumeration: return json::value(value.text);
    case Value::Kind::variable: {
      const auto* found = variables.if_contains(value.text);
      return found ? *found : json::value(nullptr);
    }
    case Value::Kind::list: {
      json::array list;
      for (const Value& element : value.list) list.push_back(to_json(element, variables));
      return list;
    }
    case Value::Kind::object: {
      json::object object;
      for (std::size_t i = 0; i < value.names.size(); ++i)
        object[value.names[i]] = to_json(value.list[i], variables);
      return object;
    }
  }
  return nullptr;
}

json::object to_inputs(const Arguments& arguments, const json::object& variables) {
  json::object inputs;
  for (const auto& [name, value] : arguments) inputs[name] = to_json(value, variables);
  return inputs;
}

// first or last of a field, when it is there.
std::optional<std::int64_t> page_size(const json::object& inputs) {
  for (const char* name : {"first", "last"})
    if (const auto* value = inputs.if_contains(name); value && value->is_int64())
      return value->as_int64();
  return std::nullopt;
}

// "cursor:v2:41" in base64: the place of a node among all of them.
std::string write_cursor(std::size_t index) {
  return base64(as_bytes("cursor:v2:" + std::to_string(index)));
}
std::optional<std::size_t> parse_cursor(std::string_view cursor) {
  const auto bytes = parse_base64(cursor);
  constexpr std::string_view kPrefix = "cursor:v2:";
  if (!bytes || !as_text(*bytes).starts_with(kPrefix)) return std::nullopt;
  const auto index = parse_decimal(as_text(*bytes).substr(kPrefix.size()));
  return index ? std::optional<std::size_t>(*index) : std::nullopt;
}

class Execution {
 public:
  Execution(const Document& document, const json::object& variables, world::World& world,
            const Viewer& viewer)
      : document_(document), variables_(variables), schema_(world, viewer) {}

  // GitHub's estimate before it runs a query: one request for each connection of each parent node, in hundreds.
  bool estimate(const std::vector<Selection>& selections) {
    count(selections, 1, 0);
    return errors_.empty();
  }
  std::int64_t points() const { return std::max<std::int64_t>(1, (requests_count_ + 50) / 100); }

  json::value run(const Operation& operation) {
    json::object data;
    if (operation.kind == "mutation") {
      for (const Selection& selection : operation.selections) {
        Path path = {json::value(selection.key())};
        const json::object inputs = to_inputs(selection.arguments, variables_);
        put(data, selection, schema_.mutate(selection.name, inputs), inputs, path);
      }
    } else {
      Path path;
      select(data, schema_.root(), operation.selections, path);
    }
    return data;
  }
  json::array& errors() { return errors_; }

 private:
  void fail(std::string_view type, std::string_view message, const Path& path) {
    json::object error;
    if (!type.empty()) error["type"] = type;
    error["path"] = json::array(path.begin(), path.end());
    error["message"] = message;
    errors_.push_back(std::move(error));
  }

  // Fragments that spread others twice double the work with each level: after so many steps it ends, as GitHub's does
  // after ten seconds.
  bool visit() {
    if (++visits_count_ == kVisitsMax)
      fail("", "Something went wrong while executing your query: it is too complex", {});
    return visits_count_ < kVisitsMax;
  }

  const Fragment* find_fragment(const Selection& selection) const {
    const auto found = document_.fragments.find(selection.name);
    return found == document_.fragments.end() ? nullptr : &found->second;
  }

  void count(const std::vector<Selection>& selections, std::int64_t parents_count, int depth) {
    if (depth > kDepthMax || nodes_count_ > kNodesCountMax) return;
    for (const Selection& selection : selections) {
      if (!visit()) return;
      if (selection.kind == Selection::Kind::spread) {
        if (const Fragment* fragment = find_fragment(selection))
          count(fragment->selections, parents_count, depth + 1);
        continue;
      }
      std::int64_t children_count = parents_count;
      if (selection.kind == Selection::Kind::field) {
        if (const auto size = page_size(to_inputs(selection.arguments, variables_))) {
          if (*size < 0 || *size > kPageSizeMax) {
            fail("EXCESSIVE_PAGINATION",
                 "Requesting " + std::to_string(*size) + " records on the `" + selection.name +
                     "` connection exceeds the `first` limit of 100 records.",
                 {json::value(selection.name)});
            return;
          }
          requests_count_ += parents_count;
          children_count = parents_count * *size;
          nodes_count_ += children_count;
          if (nodes_count_ > kNodesCountMax) {
            fail("MAX_NODE_LIMIT_EXCEEDED", "This query requests more than 500,000 possible nodes.",
                 {json::value(selection.name)});
            return;
          }
        }
      }
      count(selection.selections, children_count, depth + 1);
    }
  }

  bool is_included(const Selection& selection) const {
    for (const Directive& directive : selection.directives) {
      const json::object inputs = to_inputs(directive.arguments, variables_);
      const auto* condition = inputs.if_contains("if");
      const bool holds = condition && condition->is_bool() && condition->as_bool();
      if (directive.name == "include" && !holds) return false;
      if (directive.name == "skip" && holds) return false;
    }
    return true;
  }

  void select(json::object& out, const Node& node, const std::vector<Selection>& selections,
              Path& path) {
    if (++depth_ > kDepthMax) {
      --depth_;
      return fail("", "The query is nested too deeply",
                  path);  // also what ends fragments that spread themselves
    }
    for (const Selection& selection : selections) {
      if (!is_included(selection) || errors_.size() >= kErrorsMax) continue;
      if (!visit()) return;
      if (selection.kind == Selection::Kind::spread) {
        const Fragment* fragment = find_fragment(selection);
        if (!fragment) {
          fail("", "Fragment " + selection.name + " was used, but not defined", path);
        } else if (applies(fragment->condition, node.type)) {
          select(out, node, fragment->selections, path);
        }
      } else if (selection.kind == Selection::Kind::inline_fragment) {
        if (applies(selection.condition, node.type)) select(out, node, selection.selections, path);
      } else {
        path.push_back(json::value(selection.key()));
        const json::object inputs = to_inputs(selection.arguments, variables_);
        put(out, selection, schema_.resolve(node, selection.name, inputs), inputs, path);
        path.pop_back();
      }
    }
    --depth_;
  }

  // Writes what was found below the selection's key; objects of one key are merged, as the spec asks.
  void put(json::object& out, const Selection& selection, Found found, const json::object& inputs,
           Path& path) {
    json::value& slot = out[selection.key()];
    if (const auto* error = std::get_if<FieldError>(&found)) {
      slot = nullptr;
      return fail(error->type, error->message, path);
    }
    if (auto* scalar = std::get_if<json::value>(&found)) {
      slot = std::move(*scalar);
      return;
    }
    if (selection.selections.empty())
      return fail("", "Field '" + selection.name + "' must have selections", path);
    if (const auto* node = std::get_if<Node>(&found)) {
      if (!slot.is_object()) slot = json::object();
      put_node(slot.as_object(), *node, selection, path);
    } else if (const auto* nodes = std::get_if<std::vector<Node>>(&found)) {
      json::array list;
      for (const Node& element : *nodes) {
        json::object object;
        select(object, element, selection.selections, path);
        list.push_back(std::move(object));
      }
      slot = std::move(list);
    } else {
      if (!slot.is_object()) slot = json::object();
      put_connection(slot.as_object(), std::get<Connection>(found), selection.selections, inputs,
                     path);
    }
  }

  void put_node(json::object& out, const Node& node, const Selection& selection, Path& path) {
    if (node.type != "Payload") return select(out, node, selection.selections, path);
    // The payload of a mutation: each member that is asked for is the object that was changed.
    const json::object inputs = {{"id", world::text_at(*node.document, "node_id")}};
    for (const Selection& member : selection.selections) {
      if (member.name == "clientMutationId") {
        out[member.key()] = nullptr;
        continue;
      }
      Found changed = schema_.resolve(schema_.root(), "node", inputs);
      if (!member.name.ends_with("Edge")) {
        put(out, member, std::move(changed), inputs, path);
        continue;
      }
      json::object edge;
      for (const Selection& part : member.selections) put(edge, part, changed, inputs, path);
      out[member.key()] = std::move(edge);
    }
  }

  struct Cut {
    std::size_t first = 0;
    std::size_t end = 0;
    std::size_t total = 0;
  };

  static Cut cut(const Connection& connection, const json::object& inputs) {
    Cut cut{0, connection.nodes.size(), connection.nodes.size()};
    const auto cursor = [&](const char* name) {
      return parse_cursor(world::text_at(inputs, name));
    };
    if (const auto after = cursor("after")) cut.first = std::min(*after + 1, cut.total);
    if (const auto before = cursor("before"))
      cut.end = std::max(cut.first, std::min(*before, cut.total));
    // A search has no end to count from: there GitHub reads `last` as `first`, and gh relies on it.
    if (inputs.contains("first") || connection.is_search) {
      cut.end = std::min(
          cut.end, cut.first + static_cast<std::size_t>(page_size(inputs).value_or(kPageSizeMax)));
    } else if (const auto last = page_size(inputs)) {
      const auto size = static_cast<std::size_t>(*last);
      if (cut.end - cut.first > size) cut.first = cut.end - size;
    }
    return cut;
  }

  void put_connection(json::object& out, const Connection& connection,
                      const std::vector<Selection>& selections, const json::object& inputs,
                      Path& path) {
    const Cut page = cut(connection, inputs);
    for (const Selection& selection : selections) {
      if (!is_included(selection)) continue;
      if (!visit()) return;
      if (selection.kind != Selection::Kind::field) {
        const Fragment* fragment =
            selection.kind == Selection::Kind::spread ? find_fragment(selection) : nullptr;
        if (++depth_ <= kDepthMax)
          put_connection(out, connection, fragment ? fragment->selections : selection.selections,
                         inputs, path);
        --depth_;
        continue;
      }
      json::value& slot = out[selection.key()];
      if (selection.name == "totalCount") {
        slot = page.total;
      } else if (selection.name == "pageInfo") {
        slot = page_info(page, selection.selections);
      } else if (selection.name == "nodes" || selection.name == "edges") {
        slot = page_nodes(connection, page, selection, path);
      } else if (selection.name == "__typename") {
        slot = "Connection";
      } else if (selection.name == "issueCount" || selection.name == "repositoryCount") {
        slot = page.total;  // of a search
      } else {
        fail("", "Field '" + selection.name + "' doesn't exist on a connection", path);
      }
    }
  }

  static json::object page_info(const Cut& page, const std::vector<Selection>& selections) {
    const bool is_empty = page.first == page.end;
    json::object all = {
        {"hasNextPage", page.end < page.total},
        {"hasPreviousPage", page.first > 0},
        {"startCursor", is_empty ? json::value(nullptr) : json::value(write_cursor(page.first))},
        {"endCursor", is_empty ? json::value(nullptr) : json::value(write_cursor(page.end - 1))}};
    json::object told;
    for (const Selection& selection : selections)
      if (const auto* value = all.if_contains(selection.name)) told[selection.key()] = *value;
    return told;
  }

  json::array page_nodes(const Connection& connection, const Cut& page, const Selection& selection,
                         Path& path) {
    json::array list;
    for (std::size_t i = page.first; i < page.end; ++i) {
      json::object element;
      path.push_back(json::value(i));
      if (selection.name == "nodes") {
        select(element, connection.nodes[i], selection.selections, path);
      } else {
        for (const Selection& part : selection.selections) {
          if (part.name == "cursor") {
            element[part.key()] = write_cursor(i);
          } else if (part.name == "node") {
            json::object node;
            select(node, connection.nodes[i], part.selections, path);
            element[part.key()] = std::move(node);
          }
        }
      }
      path.pop_back();
      list.push_back(std::move(element));
    }
    return list;
  }

  static constexpr std::size_t kErrorsMax =
      100;  // one mistake in a list of thousands is still one mistake

  const Document& document_;
  const json::object& variables_;
  Schema schema_;
  json::array errors_;
  std::int64_t requests_count_ = 0;
  std::int64_t nodes_count_ = 0;
  std::size_t visits_count_ = 0;
  int depth_ = 0;
};

Executed refuse(std::string_view message) {
  Executed executed;
  executed.body["errors"] = json::array{json::object{{"message", message}}};
  return executed;
}

}  // namespace

Executed execute(const json::object& request, world::World& world, const Viewer& viewer) {
  const auto* text = request.if_contains("query");
  if (!text || !text->is_string())
    return refuse("A query attribute must be specified and must be a string.");
  const auto document = parse_document(text->as_string());
  if (!document) return refuse("Parse error: " + document.error().message());
  const auto* operation = document->find_operation(world::text_at(request, "operationName"));
  if (!operation) return refuse("An operation name is required");
  if (operation->kind == "subscription")
    return refuse("Schema is not configured for subscriptions");

  json::object variables;
  const auto* given = request.if_contains("variables");
  for (const Variable& variable : operation->variables) {
    const auto* value =
        given && given->is_object() ? given->as_object().if_contains(variable.name) : nullptr;
    if (!value && variable.is_required && variable.otherwise.kind == Value::Kind::null)
      return refuse("Variable $" + variable.name + " of required type was provided invalid value");
    variables[variable.name] = value ? *value : to_json(variable.otherwise, {});
  }
  Executed executed;
  executed.is_mutation = operation->kind == "mutation";
  Execution execution(*document, variables, world, viewer);
  json::value data;
  if (execution.estimate(operation->selections)) data = execution.run(*operation);
  executed.points = execution.points();
  if (!data.is_null()) executed.body["data"] = std::move(data);
  if (!execution.errors().empty()) executed.body["errors"] = std::move(execution.errors());
  return executed;
}

}  // namespace ghmesh::sim::graphql
