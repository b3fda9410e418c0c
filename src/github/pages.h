// SPDX-License-Identifier: Apache-2.0 OR MIT
// Pages of a list. GitHub's ETag is made of a page's body and not of its Link, so a 304 does not say whether a page
// that was the last one still is: when it is full, there may be another by now (docs/freshness.md, "Pages").
//
// GitHub's documentation, "Using pagination in the REST API".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ghmesh::github {

inline constexpr std::uint64_t kPageSizeDefault = 30;
inline constexpr std::uint64_t kPageSizeMax = 100;

struct Page {
  std::uint64_t number = 1;
  std::uint64_t size = kPageSizeDefault;
};
// What a query asks for. A number that is none counts as the default, as it does at GitHub.
Page read_page(std::string_view query);

// The same target, but of that page: "/repos/o/r/issues?state=all&page=3".
std::string target_of_page(std::string_view target, std::uint64_t number);

// How many elements a JSON array has; 0 for everything else. `body` is GitHub's own and well-formed.
std::uint64_t count_elements(std::string_view body);

// Whether another page may have come since: this one is full, and says of no next one.
bool may_have_grown(std::string_view query, std::string_view link, std::string_view body);

// "repositories/1296269", where the targets of a Link name the repository by its number; else empty.
std::string_view repository_number_scope(std::string_view link);

}  // namespace ghmesh::github
