// SPDX-License-Identifier: Apache-2.0 OR MIT
// The query of a target, and the pages of a list.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghmesh::sim {

// "a%20b+c" -> "a b c". Broken escapes stay as they are.
std::string percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);

class Query {
 public:
  Query() = default;
  explicit Query(std::string_view text);
  // The last value of this name; empty when there is none.
  std::string_view get(std::string_view name) const;
  bool contains(std::string_view name) const;
  // The query again, in its order, with this parameter replaced or added at the end.
  std::string with(std::string_view name, std::string_view value) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

struct Page {
  std::size_t number = 1;  // from 1
  std::size_t size = 30;   // per_page, 1..100
  std::size_t first = 0;   // the index of its first element
  std::size_t end = 0;     // one past its last
  std::size_t last_number = 1;
};
Page choose_page(const Query& query, std::size_t elements_count);

// The value of Link: prev, next, last, first as far as they apply, in GitHub's order. Empty when there is one page
// only. `url` is absolute and without query.
std::string write_link(std::string_view url, const Query& query, const Page& page);

}  // namespace ghmesh::sim
