// SPDX-License-Identifier: Apache-2.0 OR MIT
// The first byte chooses the field; the rest is its value. Holds what callers rely on: nothing is read outside the
// value, times are never negative, and a date that is read is written back alike.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/date.h"
#include "http/fields.h"

namespace {

using namespace ghmesh;

void check_cache_control(std::string_view value) {
  const auto control = http::parse_cache_control(value);
  for (const auto& seconds :
       {control.max_age, control.shared_max_age, control.max_stale, control.min_fresh})
    GHMESH_CHECK(!seconds || *seconds >= Seconds(0));
}

void check_tags(std::string_view value) {
  const auto opaque = http::entity_tag_opaque(value);
  if (!opaque) return;
  GHMESH_CHECK(opaque->find('"') == std::string_view::npos);
  GHMESH_CHECK(http::if_none_match_matches(value, *opaque));
}

void check_tag_list(std::string_view value) {
  // The part up to the first line break is the tag, the rest the list.
  const std::size_t end = value.find('\n');
  if (end == std::string_view::npos) return;
  const std::string_view tag = value.substr(0, end);
  if (http::if_none_match_matches(value.substr(end + 1), tag) && http::entity_tag_opaque(tag)) {
    // Weak comparison does not care for the W/ of either side.
    const std::string weak = "W/\"" + std::string(*http::entity_tag_opaque(tag)) + '"';
    GHMESH_CHECK(http::if_none_match_matches(value.substr(end + 1), weak));
  }
}

void check_date(std::string_view value) {
  const auto time = http::parse_date(value);
  if (!time) return;
  const bool is_leap_second = value.substr(23, 2) == "60";
  GHMESH_CHECK(is_leap_second || http::write_date(*time) == value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view value(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'c': check_cache_control(value); break;
    case 'e': check_tags(value); break;
    case 'l': check_tag_list(value); break;
    case 'd': check_date(value); break;
    default:
      if (const auto seconds = http::parse_go_duration(value)) GHMESH_CHECK(*seconds >= Seconds(0));
  }
  return 0;
}
