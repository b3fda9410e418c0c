// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "library/canonical_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace ghmesh::library {
namespace {

namespace dom = simdjson::dom;

template <class T>
void append_integer(std::string& out, T number) {
  std::array<char, 24> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

// repr() of Python: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
void append_real(std::string& out, double number) {
  std::array<char, 400> digits{};
  const double size = std::abs(number);
  const bool is_scientific = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number,
                    is_scientific ? std::chars_format::scientific : std::chars_format::fixed);
  const std::string_view text(digits.data(), end.ptr);
  out += text;
  if (!is_scientific && text.find('.') == std::string_view::npos) out += ".0";
}

void append_unit(std::string& out, std::uint32_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(unit >> shift) & 15];
}

// The code point that begins here, and how many bytes it has; text from simdjson is good UTF-8.
std::pair<std::uint32_t, std::size_t> point_at(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  if (first >= 0xf0 && text.size() >= 4)
    return {((first & 7) << 18) | ((byte(1) & 63) << 12) | ((byte(2) & 63) << 6) | (byte(3) & 63),
            4};
  if (first >= 0xe0 && text.size() >= 3)
    return {((first & 15) << 12) | ((byte(1) & 63) << 6) | (byte(2) & 63), 3};
  if (first >= 0xc0 && text.size() >= 2) return {((first & 31) << 6) | (byte(1) & 63), 2};
  return {first, 1};
}

bool append_members(std::string& out, const dom::object& object, int depth) {
  std::vector<std::pair<std::string_view, dom::element>> members;
  for (const auto& [name, value] : object) members.emplace_back(name, value);
  std::ranges::stable_sort(members, {}, [](const auto& member) { return member.first; });
  out += '{';
  bool is_first = true;
  for (std::size_t i = 0; i < members.size(); ++i) {
    // Of a name that stands twice, the last one counts.
    if (i + 1 < members.size() && members[i + 1].first == members[i].first) continue;
    if (!std::exchange(is_first, false)) out += ", ";
    append_canonical_text(out, members[i].first);
    out += ": ";
    if (!append_canonical(out, members[i].second, depth + 1)) return false;
  }
  out += '}';
  return true;
}

}  // namespace

dom::parser& JsonText::parser_of_thread() {
  thread_local dom::parser parser;
  return parser;
}

JsonText::JsonText(std::string_view text) : bytes_count_(text.size()) {
  is_good_ = parser_of_thread().parse(text.data(), text.size()).get(value_) == simdjson::SUCCESS;
}

JsonText::~JsonText() {
  if (bytes_count_ > kParserBytesKept) parser_of_thread() = dom::parser();
}

void append_canonical_text(std::string& out, std::string_view utf8) {
  constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  out += '"';
  while (!utf8.empty()) {
    const auto [point, bytes_count] = point_at(utf8);
    const auto known =
        point < 0x80 ? kEscaped.find(static_cast<char>(point)) : std::string_view::npos;
    if (known != std::string_view::npos) {
      out += '\\';
      out += kLetters[known];
    } else if (point >= 0x20 && point < 0x7f) {
      out += static_cast<char>(point);
    } else if (point == 0x7f) {
      out += '\x7f';
    } else if (point < 0x10000) {
      append_unit(out, point);
    } else {
      append_unit(out, 0xd800 + ((point - 0x10000) >> 10));
      append_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
    utf8.remove_prefix(bytes_count);
  }
  out += '"';
}

bool append_canonical(std::string& out, const dom::element& value, int depth) {
  if (depth > kJsonDepthMax) return false;
  switch (value.type()) {
    case dom::element_type::ARRAY: {
      out += '[';
      bool is_first = true;
      for (const dom::element member : dom::array(value)) {
        if (!std::exchange(is_first, false)) out += ", ";
        if (!append_canonical(out, member, depth + 1)) return false;
      }
      out += ']';
      return true;
    }
    case dom::element_type::OBJECT: return append_members(out, dom::object(value), depth);
    case dom::element_type::INT64: append_integer(out, std::int64_t(value)); return true;
    case dom::element_type::UINT64: append_integer(out, std::uint64_t(value)); return true;
    case dom::element_type::DOUBLE: append_real(out, double(value)); return true;
    case dom::element_type::STRING:
      append_canonical_text(out, std::string_view(value));
      return true;
    case dom::element_type::BOOL: out += bool(value) ? "true" : "false"; return true;
    case dom::element_type::NULL_VALUE: out += "null"; return true;
  }
  return false;
}

std::string canonical_json(std::string_view json) {
  const JsonText text(json);
  std::string out;
  if (!text.is_good() || !append_canonical(out, text.value())) return {};
  return out;
}

}  // namespace ghmesh::library
