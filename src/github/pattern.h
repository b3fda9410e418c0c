// SPDX-License-Identifier: Apache-2.0 OR MIT
// What an operator names when many answers are meant at once: `octo-org/widgets`, `/repos/octo-org/*/pulls/**`.
//
//   OWNER/REPO   all of a repository; OWNER/* all of an owner's
//   /path        that path, whatever its query; with `?query`, that one only
//   *            within one segment, any bytes;  **  as a segment, any segments or none
//
// Letters are compared without their case: naming too much only means to ask GitHub again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "github/invalidation.h"

namespace ghmesh::github {

inline constexpr std::size_t kPatternBytesMax = 1024;
inline constexpr std::size_t kPatternSegmentsMax = 32;

class Pattern {
 public:
  // Errors: malformed (empty, or neither a path nor OWNER/REPO), too_large.
  static Result<Pattern> parse(std::string_view text);

  // `target` is a path with its query.
  bool matches(std::string_view target) const;
  bool has_wildcard() const;
  // The smallest place that holds all that matches; nullopt-like: an empty scope stands for everything.
  Doubt doubt() const;

 private:
  std::vector<std::string> segments_;  // lower case
  std::string query_;
  bool has_query_ = false;
};

}  // namespace ghmesh::github
