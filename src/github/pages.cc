// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/pages.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "github/links.h"

namespace ghmesh::github {
namespace {

constexpr std::string_view kPage = "page";
constexpr std::string_view kPageSize = "per_page";

std::uint64_t read_number(std::string_view text, std::uint64_t otherwise) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 ? number
                                                                                : otherwise;
}

}  // namespace

Page read_page(std::string_view query) {
  Page page;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    if (name == kPage) page.number = read_number(value, 1);
    if (name == kPageSize) page.size = std::min(read_number(value, kPageSizeDefault), kPageSizeMax);
  }
  return page;
}

std::string target_of_page(std::string_view target, std::uint64_t number) {
  std::string_view query = target;
  std::string made(take_until(query, '?'));
  char separator = '?';
  while (!query.empty()) {
    const std::string_view parameter = take_until(query, '&');
    if (parameter.substr(0, parameter.find('=')) == kPage) continue;
    made += separator;
    made += parameter;
    separator = '&';
  }
  if (number > 1) ((made += separator) += "page=") += std::to_string(number);
  return made;
}

std::uint64_t count_elements(std::string_view body) {
  body = trim(body);
  if (!body.starts_with('[')) return 0;
  std::uint64_t commas = 0;
  std::size_t depth = 0;
  bool is_empty = true;
  for (std::size_t i = 0; i < body.size(); ++i) {
    switch (body[i]) {
      case '"':
        is_empty = false;
        for (++i; i < body.size() && body[i] != '"'; ++i)
          if (body[i] == '\\') ++i;
        break;
      case '[':
      case '{':
        if (depth > 0) is_empty = false;
        ++depth;
        break;
      case ']':
      case '}':
        if (--depth == 0) return is_empty ? 0 : commas + 1;
        break;
      case ',':
        if (depth == 1) ++commas;
        break;
      case ' ':
      case '\t':
      case '\r':
      case '\n': break;
      default: is_empty = false;
    }
  }
  return 0;
}

bool may_have_grown(std::string_view query, std::string_view link, std::string_view body) {
  return find_link(link, "next").empty() && count_elements(body) >= read_page(query).size;
}

std::string_view repository_number_scope(std::string_view link) {
  constexpr std::string_view kBefore = "/repositories/";
  const auto found = link.find(kBefore);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = link.substr(found + 1);
  const std::size_t begin = kBefore.size() - 1;
  const std::size_t end = std::min(rest.find_first_not_of("0123456789", begin), rest.size());
  return end == begin ? std::string_view() : rest.substr(0, end);
}

}  // namespace ghmesh::github
