// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/pattern.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace ghmesh::github {
namespace {

constexpr std::string_view kAnySegments = "**";

bool is_wild(std::string_view segment) { return segment.find('*') != std::string_view::npos; }

// "*" is any bytes. Greedy with one way back: no pattern makes this slow.
bool matches_segment(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resumed = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resumed = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resumed;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

// The same, a level up.
bool matches_segments(std::span<const std::string> pattern,
                      std::span<const std::string_view> path) {
  constexpr std::size_t kNone = SIZE_MAX;
  std::size_t p = 0, t = 0;
  std::size_t star = kNone, resumed = 0;
  while (t < path.size()) {
    if (p < pattern.size() && pattern[p] == kAnySegments) {
      star = p++;
      resumed = t;
    } else if (p < pattern.size() && matches_segment(pattern[p], path[t])) {
      ++p;
      ++t;
    } else if (star != kNone) {
      p = star + 1;
      t = ++resumed;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.subspan(p),
                             [](const std::string& each) { return each == kAnySegments; });
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
  if (text.size() > kPatternBytesMax) return Errc::too_large;
  for (std::string_view origin : {"https://api.github.com/", "http://api.github.com/"})
    if (starts_with_ignoring_case(text, origin)) text.remove_prefix(origin.size() - 1);
  std::string whole;
  if (!text.starts_with('/')) {
    const auto slash = text.find('/');
    const bool is_repository = slash != std::string_view::npos && slash > 0 &&
                               slash + 1 < text.size() &&
                               text.find('/', slash + 1) == std::string_view::npos;
    if (!is_repository || text.find('?') != std::string_view::npos) return Errc::malformed;
    whole = "/repos/" + std::string(text) + "/**";
    text = whole;
  }
  Pattern pattern;
  pattern.has_query_ = text.find('?') != std::string_view::npos;
  std::string_view path = take_until(text, '?');
  pattern.query_ = to_lower(text);
  path.remove_prefix(1);
  while (!path.empty()) {
    if (pattern.segments_.size() == kPatternSegmentsMax) return Errc::too_large;
    pattern.segments_.push_back(to_lower(take_until(path, '/')));
  }
  if (pattern.segments_.empty()) return Errc::malformed;
  return pattern;
}

bool Pattern::has_wildcard() const { return std::ranges::any_of(segments_, is_wild); }

bool Pattern::matches(std::string_view target) const {
  const std::string folded = to_lower(target);
  std::string_view query = folded;
  std::string_view path = take_until(query, '?');
  if (has_query_ && query != query_) return false;
  if (!path.starts_with('/')) return false;
  path.remove_prefix(1);
  std::vector<std::string_view> segments;
  while (!path.empty()) segments.push_back(take_until(path, '/'));
  return matches_segments(segments_, segments);
}

Doubt Pattern::doubt() const {
  std::string prefix;
  const auto wild = std::ranges::find_if(segments_, is_wild);
  for (auto at = segments_.begin(); at != wild; ++at) (prefix += '/') += *at;
  Doubt doubt{.place = place_of(prefix)};
  if (wild == segments_.end()) doubt.reach = Doubt::Reach::itself;
  // "/repos/*" and its like: no scope holds them.
  constexpr std::string_view kRoots[]{"repos", "repositories", "orgs",  "organizations",
                                      "users", "gists",        "teams", "enterprises"};
  if (std::ranges::find(kRoots, doubt.place.scope) != std::end(kRoots)) doubt.place = {};
  return doubt;
}

}  // namespace ghmesh::github
