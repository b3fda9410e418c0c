// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/world/search.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::sim::world {

Search parse_search(std::string_view text) {
  Search search;
  while (!text.empty()) {
    const std::string_view word = trim(take_until(text, ' '));
    if (word.empty()) continue;
    std::string_view value = word;
    const std::string_view name = take_until(value, ':');
    if (value.empty()) {
      search.words.push_back(to_lower(word));
    } else if (name == "repo") {
      search.repository = to_lower(value);
    } else if (value == "open" || value == "closed") {
      search.state = value;
    } else if (name == "is" || name == "type") {
      search.type = value == "pull-request" ? "pr" : std::string(value);
    }
  }
  search.is_slow = std::erase(search.words, "slowly") > 0;
  return search;
}

bool has_words(const json::object& document, const Search& search) {
  const std::string text = to_lower(text_at(document, "title")) + " " +
                           to_lower(text_at(document, "body")) + " " +
                           to_lower(text_at(document, "full_name"));
  return std::all_of(search.words.begin(), search.words.end(),
                     [&](const std::string& word) { return text.find(word) != std::string::npos; });
}

bool is_wanted(const json::object& issue, const Search& search) {
  if (!search.state.empty() && text_at(issue, "state") != search.state) return false;
  const bool is_pull = issue.contains("pull_request");
  if (search.type == "pr" && !is_pull) return false;
  if (search.type == "issue" && is_pull) return false;
  return has_words(issue, search);
}

}  // namespace ghmesh::sim::world
