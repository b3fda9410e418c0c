// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to github/: the rows behind classify_route(). The table is route_table.cc; the matcher is route.cc.
#pragma once

#include <span>
#include <string_view>

#include "github/route.h"

namespace ghmesh::github {

enum class Shape { one, list };
enum class Reach { all, own, none };

struct Row {
  std::string_view suffix;  // what follows the section's prefix
  RouteClass route_class;
  Shape shape;
  Reach reach;
};

struct Section {
  std::string_view prefix;
  std::span<const Row> rows;
};

std::span<const Section> route_sections();

}  // namespace ghmesh::github
