// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/route.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "github/route_table.h"

namespace ghmesh::github {
namespace {

// The rows as a tree of path segments, built once. A literal beats a parameter, and a parameter beats {+rest}: so
// /pulls/comments is not pull number "comments".
class RouteTree {
 public:
  RouteTree();

  struct Leaf {
    std::string name;
    const Row* row = nullptr;
  };
  struct Node {
    std::vector<std::pair<std::string_view, int>> literals;  // sorted by before()
    int parameter = -1;
    int leaf = -1;
    int rest_leaf = -1;
  };

  // `rest` is empty or begins with "/". Null when nothing matches.
  const Leaf* match(int node, std::string_view rest) const;
  // The node that a template's segments lead to; it must exist.
  int node_of(std::string_view template_path) const;

 private:
  void insert(std::string_view prefix, const Row& row);
  int child_of(int node, std::string_view segment, bool is_parameter);
  int find_literal(const Node& node, std::string_view segment) const;

  std::vector<Node> nodes_;
  // Nodes keep views of these names.
  std::vector<std::unique_ptr<Leaf>> leaves_;
};

// Any total order will do, and lengths are quicker to compare than letters.
bool before(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

// Takes "/segment" off the front of `rest`.
std::string_view take_segment(std::string_view& rest) {
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '/') ++end;
  const std::string_view segment = rest.substr(1, end - 1);
  rest.remove_prefix(end);
  return segment;
}

// "{+path}" is spelled "{path}" in the description, and so in metrics and logs.
std::string template_name(std::string_view prefix, std::string_view suffix) {
  std::string name(prefix);
  name += suffix;
  if (const auto plus = name.find("{+"); plus != std::string::npos) name.erase(plus + 1, 1);
  return name;
}

RouteTree::RouteTree() {
  nodes_.emplace_back();
  for (const Section& section : route_sections())
    for (const Row& row : section.rows) insert(section.prefix, row);
}

void RouteTree::insert(std::string_view prefix, const Row& row) {
  leaves_.push_back(std::make_unique<Leaf>(Leaf{template_name(prefix, row.suffix), &row}));
  const int leaf = static_cast<int>(leaves_.size()) - 1;
  const bool takes_rest = row.suffix.find("{+") != std::string_view::npos;
  std::string_view rest = leaves_.back()->name;
  int node = 0;
  while (!rest.empty()) {
    const std::string_view segment = take_segment(rest);
    if (takes_rest && rest.empty()) {
      GHMESH_CHECK(nodes_[node].rest_leaf == -1);  // two rows for one template
      nodes_[node].rest_leaf = leaf;
      return;
    }
    node = child_of(node, segment, segment.starts_with('{'));
  }
  GHMESH_CHECK(nodes_[node].leaf == -1);  // two rows for one template
  nodes_[node].leaf = leaf;
}

int RouteTree::child_of(int node, std::string_view segment, bool is_parameter) {
  const int existing = is_parameter ? nodes_[node].parameter : find_literal(nodes_[node], segment);
  if (existing != -1) return existing;
  const int child = static_cast<int>(nodes_.size());
  nodes_.emplace_back();
  if (is_parameter) {
    nodes_[node].parameter = child;
  } else {
    auto& literals = nodes_[node].literals;
    const auto place = std::ranges::lower_bound(literals, segment, before,
                                                &std::pair<std::string_view, int>::first);
    literals.insert(place, {segment, child});
  }
  return child;
}

int RouteTree::find_literal(const Node& node, std::string_view segment) const {
  const auto place = std::ranges::lower_bound(node.literals, segment, before,
                                              &std::pair<std::string_view, int>::first);
  return place != node.literals.end() && place->first == segment ? place->second : -1;
}

const RouteTree::Leaf* RouteTree::match(int node_index, std::string_view rest) const {
  // The depth of this recursion is that of the tree, whatever the path.
  const Node& node = nodes_[node_index];
  if (rest.empty()) return node.leaf == -1 ? nullptr : leaves_[node.leaf].get();
  std::string_view after = rest;
  const std::string_view segment = take_segment(after);
  if (const int child = find_literal(node, segment); child != -1)
    if (const Leaf* leaf = match(child, after)) return leaf;
  if (segment.empty()) return nullptr;
  if (node.parameter != -1)
    if (const Leaf* leaf = match(node.parameter, after)) return leaf;
  return node.rest_leaf == -1 ? nullptr : leaves_[node.rest_leaf].get();
}

int RouteTree::node_of(std::string_view template_path) const {
  int node = 0;
  while (!template_path.empty()) {
    const std::string_view segment = take_segment(template_path);
    node = segment.starts_with('{') ? nodes_[node].parameter : find_literal(nodes_[node], segment);
    GHMESH_CHECK(node != -1);
  }
  return node;
}

struct Routes {
  RouteTree tree;
  int repository = tree.node_of("/repos/{owner}/{repo}");
  int organization = tree.node_of("/orgs/{org}");
  int team = tree.node_of("/teams/{team_id}");
  int user = tree.node_of("/users/{username}");
};

const Routes& routes() {
  static const Routes instance;
  return instance;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// A full object name: SHA-1 today, SHA-256 where a repository uses it.
bool is_full_sha(std::string_view text) {
  if (text.size() != 40 && text.size() != 64) return false;
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string_view last_segment(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The spellings by id, which Link and redirects use: /repositories/{id}, /organizations/{id} (with /team/{id} below it)
// and /user/{id}. They are the routes of what they name.
const RouteTree::Leaf* match_by_id(std::string_view path) {
  const Routes& known = routes();
  std::string_view rest = path;
  const std::string_view kind = take_segment(rest);
  if (rest.empty()) return nullptr;
  const bool is_repository = kind == "repositories";
  const bool is_organization = kind == "organizations";
  if (!is_repository && !is_organization && kind != "user") return nullptr;
  if (!is_number(take_segment(rest))) return nullptr;
  if (is_repository) return known.tree.match(known.repository, rest);
  if (!is_organization) return known.tree.match(known.user, rest);
  std::string_view below = rest;
  if (!below.empty() && take_segment(below) == "team" && !below.empty() &&
      is_number(take_segment(below)))
    return known.tree.match(known.team, below);
  return known.tree.match(known.organization, rest);
}

void find_owner(std::string_view path, Route& route) {
  std::string_view rest = path;
  const std::string_view kind = take_segment(rest);
  const bool has_repository = kind == "repos" || kind == "networks";
  if (rest.empty() || (!has_repository && kind != "orgs" && kind != "users")) return;
  const std::string_view owner = take_segment(rest);
  if (!has_repository) {
    route.owner = owner;
    return;
  }
  if (rest.empty()) return;
  const std::string_view repository = take_segment(rest);
  if (owner.empty() || repository.empty()) return;
  route.owner = owner;
  route.repository = repository;
}

// What these routes name is immutable only when it is named by its full hash.
RouteClass class_of(RouteClass route_class, std::string_view path) {
  if (route_class == RouteClass::git_object && !is_full_sha(last_segment(path)))
    return RouteClass::contents;
  if (route_class == RouteClass::commit && !is_full_sha(last_segment(path)))
    return RouteClass::reference;
  return route_class;
}

}  // namespace

std::string_view route_class_name(RouteClass route_class) {
  switch (route_class) {
#define X(name) \
  case RouteClass::name: return #name;
    GHMESH_ROUTE_CLASSES(X)
#undef X
  }
  return "unknown";
}

Route classify_route(std::string_view path) {
  Route route{.name = "unknown"};
  if (!path.starts_with('/')) return route;
  find_owner(path, route);
  const Routes& known = routes();
  const RouteTree::Leaf* leaf = match_by_id(path);
  if (!leaf) leaf = known.tree.match(0, path);
  if (!leaf) return route;
  route.name = leaf->name;
  route.route_class = class_of(leaf->row->route_class, path);
  route.is_list = leaf->row->shape == Shape::list;
  route.may_keep = leaf->row->reach != Reach::none;
  route.may_share = leaf->row->reach == Reach::all;
  return route;
}

}  // namespace ghmesh::github
