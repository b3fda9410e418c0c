// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "http/fields.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace ghmesh::http {
namespace {

// RFC 9111, 1.2.2: a number that does not fit counts as 2^31.
constexpr Seconds kDeltaSecondsMax{2'147'483'648};

Seconds parse_delta_seconds(std::string_view digits) {
  if (digits.empty()) return Seconds(0);
  std::int64_t value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return Seconds(0);
    value = std::min<std::int64_t>(value * 10 + (c - '0'), kDeltaSecondsMax.count());
  }
  return Seconds(value);
}

// Takes one list member off the front of `rest`; a comma inside a quoted string does not end it.
std::string_view take_member(std::string_view& rest) {
  bool is_quoted = false;
  std::size_t i = 0;
  for (; i < rest.size(); ++i) {
    if (rest[i] == '"') is_quoted = !is_quoted;
    if (is_quoted && rest[i] == '\\' && i + 1 < rest.size()) ++i;
    if (!is_quoted && rest[i] == ',') break;
  }
  const std::string_view member = trim(rest.substr(0, i));
  rest.remove_prefix(std::min(rest.size(), i + 1));
  return member;
}

std::string_view unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
  return value.substr(1, value.size() - 2);
}

// RFC 9111, 4.2.1: of two values for one directive, the one that trusts less.
void take_smaller(std::optional<Seconds>& value, Seconds more) {
  value = value ? std::min(*value, more) : more;
}
void take_larger(std::optional<Seconds>& value, Seconds more) {
  value = value ? std::max(*value, more) : more;
}

bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

// Takes `W/"x"` or `"x"` off the front of `rest` and returns x.
std::optional<std::string_view> take_entity_tag(std::string_view& rest) {
  std::string_view text = rest;
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (!text.starts_with('"')) return std::nullopt;
  text.remove_prefix(1);
  std::size_t bytes_count = 0;
  while (bytes_count < text.size() && is_tag_character(text[bytes_count])) ++bytes_count;
  if (bytes_count == text.size() || text[bytes_count] != '"') return std::nullopt;
  rest = text.substr(bytes_count + 1);
  return text.substr(0, bytes_count);
}

struct DurationUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// Longer names first where one begins with another.
constexpr std::array<DurationUnit, 8> kDurationUnits{{{"ns", 1},
                                                      {"us", 1'000},
                                                      {"\xc2\xb5s", 1'000},  // U+00B5, micro sign
                                                      {"\xce\xbcs", 1'000},  // U+03BC, Greek mu
                                                      {"ms", 1'000'000},
                                                      {"s", 1'000'000'000},
                                                      {"m", 60'000'000'000},
                                                      {"h", 3'600'000'000'000}}};
// Go keeps a duration in 64 bits of nanoseconds.
constexpr std::int64_t kNanosecondsMax = std::numeric_limits<std::int64_t>::max();

std::size_t digits_count(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

// One "1.5h" off the front of `rest`, in nanoseconds.
std::optional<std::int64_t> take_duration_part(std::string_view& rest) {
  const std::string_view whole = rest.substr(0, digits_count(rest));
  rest.remove_prefix(whole.size());
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = rest.substr(0, digits_count(rest));
    rest.remove_prefix(fraction.size());
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  const DurationUnit* unit = nullptr;
  for (const DurationUnit& known : kDurationUnits)
    if (rest.starts_with(known.name) && (!unit || known.name.size() > unit->name.size()))
      unit = &known;
  if (!unit) return std::nullopt;
  rest.remove_prefix(unit->name.size());

  std::int64_t value = 0;
  if (!whole.empty()) {
    const auto number = parse_decimal(whole);
    if (!number || *number > static_cast<std::uint64_t>(kNanosecondsMax / unit->nanoseconds))
      return std::nullopt;
    value = static_cast<std::int64_t>(*number) * unit->nanoseconds;
  }
  std::int64_t place = unit->nanoseconds;
  for (char c : fraction) {
    place /= 10;  // digits below a nanosecond count nothing, as in Go
    const std::int64_t more = place * (c - '0');
    if (value > kNanosecondsMax - more) return std::nullopt;
    value += more;
  }
  return value;
}

std::string_view forward_name(const CacheStatus& status) {
  switch (status.forward) {
    case Forward::automatic: break;
    case Forward::uri_miss: return "uri-miss";
    case Forward::stale: return "stale";
    case Forward::request: return "request";
    case Forward::method: return "method";
    case Forward::bypass: return "bypass";
  }
  switch (status.detail) {
    case Detail::fresh:
    case Detail::peer: return {};
    case Detail::revalidated: return "stale";
    case Detail::proven: return "uri-miss";
    case Detail::coalesced: return "miss";
    case Detail::fetched: return "uri-miss";
    case Detail::stale: return status.forwarded_status ? "stale" : std::string_view();
    case Detail::passed: return "bypass";
    case Detail::limited: return {};
  }
  return {};
}

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

}  // namespace

CacheControl parse_cache_control(std::string_view value) {
  CacheControl control;
  while (!value.empty()) {
    const std::string_view member = take_member(value);
    const std::size_t equals = member.find('=');
    const bool has_argument = equals != std::string_view::npos;
    const std::string_view name = trim(member.substr(0, equals));
    const std::string_view argument =
        has_argument ? unquoted(trim(member.substr(equals + 1))) : std::string_view();
    const auto is = [&](std::string_view known) { return equal_ignoring_case(name, known); };
    // no-cache="field" and private="field" speak of single fields; we take them for the whole.
    if (is("no-cache")) control.no_cache = true;
    else if (is("no-store")) control.no_store = true;
    else if (is("only-if-cached")) control.only_if_cached = true;
    else if (is("private")) control.is_private = true;
    else if (is("public")) control.is_public = true;
    else if (is("max-age")) take_smaller(control.max_age, parse_delta_seconds(argument));
    else if (is("s-maxage")) take_smaller(control.shared_max_age, parse_delta_seconds(argument));
    else if (is("min-fresh")) take_larger(control.min_fresh, parse_delta_seconds(argument));
    else if (is("max-stale"))
      take_smaller(control.max_stale,
                   has_argument ? parse_delta_seconds(argument) : Seconds::max());
  }
  return control;
}

std::optional<std::string_view> entity_tag_opaque(std::string_view tag) {
  std::string_view rest = trim(tag);
  const auto opaque = take_entity_tag(rest);
  if (!opaque || !rest.empty()) return std::nullopt;
  return opaque;
}

bool if_none_match_matches(std::string_view if_none_match, std::string_view tag) {
  const std::string_view wanted = entity_tag_opaque(tag).value_or(tag);
  std::string_view rest = trim(if_none_match);
  if (rest == "*") return true;
  while (!rest.empty()) {
    if (rest.front() == ',') {
      rest = trim(rest.substr(1));
      continue;
    }
    const auto opaque = take_entity_tag(rest);
    if (!opaque) return false;
    rest = trim(rest);
    if (!rest.empty() && rest.front() != ',') return false;
    if (*opaque == wanted) return true;
  }
  return false;
}

std::optional<Seconds> parse_go_duration(std::string_view text) {
  if (text == "0") return Seconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const auto part = take_duration_part(text);
    if (!part || *part > kNanosecondsMax - total) return std::nullopt;
    total += *part;
  }
  return std::chrono::duration_cast<Seconds>(std::chrono::nanoseconds(total));
}

std::string_view detail_name(Detail detail) {
  switch (detail) {
    case Detail::fresh: return "fresh";
    case Detail::revalidated: return "revalidated";
    case Detail::proven: return "proven";
    case Detail::coalesced: return "coalesced";
    case Detail::peer: return "peer";
    case Detail::fetched: return "fetched";
    case Detail::stale: return "stale";
    case Detail::passed: return "passed";
    case Detail::limited: return "limited";
  }
  return "unknown";
}

std::string write_cache_status(const CacheStatus& status) {
  std::string out;
  out.reserve(96);
  out += "ghmesh";
  const std::string_view forward = forward_name(status);
  if (status.detail == Detail::limited) {
    // Neither a hit nor forwarded: there is no parameter for an answer of the cache's own.
  } else if (forward.empty()) {
    out += "; hit";
  } else {
    out += "; fwd=";
    out += forward;
    if (status.forwarded_status) {
      out += "; fwd-status=";
      append_number(out, *status.forwarded_status);
    }
    if (status.is_stored) out += "; stored";
    if (status.detail == Detail::coalesced) out += "; collapsed";
  }
  if (status.ttl) {
    out += "; ttl=";
    append_number(out, status.ttl->count());
  }
  out += "; detail=";
  out += detail_name(status.detail);
  return out;
}

}  // namespace ghmesh::http
