// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/wire/header_codes.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "http/date.h"
#include "mesh/wire/announcement.h"
#include "mesh/wire/fields.h"

namespace ghmesh::mesh {
namespace {

// The allow-list, and the order in which fields are kept. What the cache keeps of an answer is this list, too.
constexpr std::array<std::string_view, 14> kNames{"content-type",
                                                  "cache-control",
                                                  "vary",
                                                  "x-github-media-type",
                                                  "x-github-api-version-selected",
                                                  "last-modified",
                                                  "link",
                                                  "location",
                                                  "content-disposition",
                                                  "content-language",
                                                  "x-poll-interval",
                                                  "x-github-enterprise-version",
                                                  "deprecation",
                                                  "sunset"};

struct Pair {
  std::size_t name;
  std::string_view value;
};
constexpr std::array kPairs{
    Pair{0, "application/json; charset=utf-8"},
    Pair{1, "private, max-age=60, s-maxage=60"},
    Pair{2,
         "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With"},
    Pair{3, "github.v3; format=json"},
    Pair{4, "2022-11-28"},
    Pair{1, "public, max-age=60, s-maxage=60"},
    Pair{2, "Accept,Accept-Encoding, Accept, X-Requested-With"},
    Pair{4, "2026-03-10"},
    Pair{1, "no-cache"},
    Pair{10, "60"},
};
// What nearly every answer has: with a credential, and without.
constexpr std::array kSets{std::array<std::size_t, 5>{0, 1, 2, 3, 4},
                           std::array<std::size_t, 5>{0, 5, 6, 3, 4}};

// The codes: one byte each.
constexpr std::uint8_t kPairCodes = 0x00, kSetCodes = 0x40, kTextCodes = 0x50, kDateCodes = 0x60,
                       kCodesEnd = 0x70;
static_assert(kPairs.size() <= kSetCodes && kNames.size() <= kDateCodes - kTextCodes);

// RFC 9110, 5.5: nothing that could end a field and begin another.
bool is_field_value(std::string_view value) {
  return std::ranges::all_of(
      value, [](char c) { return c == '\t' || (c >= ' ' && c != 0x7f) || (c & 0x80) != 0; });
}

struct Field {
  std::size_t name;
  std::string_view value;
};

// The allowed fields in the order of the list.
std::vector<Field> sorted_fields(const http::Headers& headers) {
  std::vector<Field> fields;
  for (std::size_t name = 0; name < kNames.size(); ++name)
    for (const http::Header& header : headers)
      if (equal_ignoring_case(header.name, kNames[name])) fields.push_back({name, header.value});
  return fields;
}

bool is(const Field& field, const Pair& pair) {
  return field.name == pair.name && field.value == pair.value;
}

// Takes the fields of the first set that is all there out of `fields`. A name that stands there twice keeps its order
// by being written out.
std::optional<std::size_t> take_set(std::vector<Field>& fields) {
  for (std::size_t set = 0; set < kSets.size(); ++set) {
    const auto is_there_alone = [&](std::size_t pair) {
      const auto has_name = [&](const Field& field) { return field.name == kPairs[pair].name; };
      const auto first = std::ranges::find_if(fields, has_name);
      return first != fields.end() && is(*first, kPairs[pair]) &&
             std::ranges::count_if(fields, has_name) == 1;
    };
    if (!std::ranges::all_of(kSets[set], is_there_alone)) continue;
    std::erase_if(fields, [&](const Field& field) {
      return std::ranges::any_of(kSets[set], [&](auto pair) { return is(field, kPairs[pair]); });
    });
    return set;
  }
  return std::nullopt;
}

void write_field(Bytes& out, const Field& field, WallTime upstream_date) {
  const auto code = [&](std::size_t value) { out.push_back(static_cast<std::byte>(value)); };
  for (std::size_t pair = 0; pair < kPairs.size(); ++pair)
    if (is(field, kPairs[pair])) return code(kPairCodes + pair);
  const auto date = http::parse_date(field.value);
  if (date && cut_date(*date) == to_seconds(*date) && http::write_date(*date) == field.value) {
    code(kDateCodes + field.name);
    return append_seconds(out, cut_date(upstream_date) - to_seconds(*date));
  }
  code(kTextCodes + field.name);
  append_sized(out, as_bytes(field.value));
}

// What one code stands for. False when it stands for nothing.
bool take_field(Reader& in, std::uint8_t code, WallTime upstream_date, http::Headers& headers) {
  const auto add_pair = [&](const Pair& pair) { headers.add(kNames[pair.name], pair.value); };
  if (code < kPairs.size()) {
    add_pair(kPairs[code]);
    return true;
  }
  if (code >= kSetCodes && code < kSetCodes + kSets.size()) {
    for (std::size_t pair : kSets[code - kSetCodes]) add_pair(kPairs[pair]);
    return true;
  }
  if (code < kTextCodes || code >= kCodesEnd || code % 16 >= kNames.size()) return false;
  const std::string_view name = kNames[code % 16];
  if (code < kDateCodes) {
    const auto value = take_sized(in, kGossipedValueBytesMax);
    if (!value || !is_field_value(as_text(*value))) return false;
    headers.add(name, as_text(*value));
    return true;
  }
  const auto seconds = take_seconds(in);
  if (!seconds) return false;
  headers.add(name, http::write_date(wall_time(cut_date(upstream_date) - *seconds)));
  return true;
}

}  // namespace

http::Headers gossiped_headers(const http::Headers& headers) {
  http::Headers out;
  for (const Field& field : sorted_fields(headers)) out.add(kNames[field.name], field.value);
  return out;
}

bool write_headers(Bytes& out, const http::Headers& headers, WallTime upstream_date) {
  std::vector<Field> fields = sorted_fields(headers);
  if (fields.size() > kGossipedHeadersMax) return false;
  const auto set = take_set(fields);
  out.push_back(static_cast<std::byte>(fields.size() + (set ? 1 : 0)));
  if (set) out.push_back(static_cast<std::byte>(kSetCodes + *set));
  for (const Field& field : fields) {
    if (field.value.size() > kGossipedValueBytesMax || !is_field_value(field.value)) return false;
    write_field(out, field, upstream_date);
  }
  return true;
}

std::optional<http::Headers> take_headers(Reader& in, WallTime upstream_date) {
  const auto codes_count = take_number(in, kGossipedHeadersMax);
  if (!codes_count) return std::nullopt;
  http::Headers headers;
  for (std::uint64_t i = 0; i < *codes_count; ++i) {
    const auto code = in.take_big_endian<std::uint8_t>();
    if (!code || !take_field(in, *code, upstream_date, headers)) return std::nullopt;
    if (headers.size() > kGossipedHeadersMax) return std::nullopt;
  }
  return gossiped_headers(headers);
}

}  // namespace ghmesh::mesh
