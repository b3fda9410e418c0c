// SPDX-License-Identifier: Apache-2.0 OR MIT
// What people write into GitHub's search box, as far as the model understands it: words, repo:, is:, type:, state:.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/world/world.h"

namespace ghmesh::sim::world {

struct Search {
  std::vector<std::string> words;  // lower case
  std::string repository;          // "owner/name" in lower case; empty: all
  std::string state;               // open, closed; empty: both
  std::string type;                // issue, pr; empty: both
  bool is_slow =
      false;  // GitHub gives up on slow searches and says so; here the word "slowly" makes one
};

Search parse_search(std::string_view text);
bool has_words(const json::object& document, const Search& search);
// Is this issue, or pull request in its shape as an issue, among the results?
bool is_wanted(const json::object& issue, const Search& search);

}  // namespace ghmesh::sim::world
