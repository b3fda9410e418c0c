// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/pages.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::sim {

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      if (const auto byte = parse_hex(text.substr(i + 1, 2)); byte && byte->size() == 1) {
        out.push_back(static_cast<char>(byte->front()));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i] == '+' && plus_is_space ? ' ' : text[i]);
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
    }
  }
  return out;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    std::string_view value = take_until(text, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    parameters_.emplace_back(percent_decode(name, true), percent_decode(value, true));
  }
}

std::string_view Query::get(std::string_view name) const {
  const auto found = std::find_if(parameters_.rbegin(), parameters_.rend(),
                                  [&](const auto& p) { return p.first == name; });
  return found == parameters_.rend() ? std::string_view() : std::string_view(found->second);
}

bool Query::contains(std::string_view name) const {
  return std::ranges::any_of(parameters_,
                             [&](const auto& parameter) { return parameter.first == name; });
}

std::string Query::with(std::string_view name, std::string_view value) const {
  std::string out;
  bool is_done = false;
  const auto add = [&](std::string_view key, std::string_view text) {
    if (!out.empty()) out += "&";
    out += percent_encode(key) + "=" + percent_encode(text);
  };
  for (const auto& [key, text] : parameters_) {
    add(key, key == name ? value : std::string_view(text));
    is_done = is_done || key == name;
  }
  if (!is_done) add(name, value);
  return out;
}

Page choose_page(const Query& query, std::size_t elements_count) {
  Page page;
  constexpr std::size_t kSizeMax = 100;
  if (const auto size = parse_decimal(query.get("per_page")); size && *size > 0)
    page.size = std::min<std::size_t>(*size, kSizeMax);
  if (const auto number = parse_decimal(query.get("page")); number && *number > 0)
    page.number = std::min<std::size_t>(*number, 1'000'000);
  page.last_number = std::max<std::size_t>(1, (elements_count + page.size - 1) / page.size);
  page.first = std::min((page.number - 1) * page.size, elements_count);
  page.end = std::min(page.first + page.size, elements_count);
  return page;
}

std::string write_link(std::string_view url, const Query& query, const Page& page) {
  if (page.last_number == 1 && page.number == 1) return {};
  std::string link;
  const auto add = [&](std::size_t number, std::string_view relation) {
    if (!link.empty()) link += ", ";
    link += "<" + std::string(url) + "?" + query.with("page", std::to_string(number)) +
            ">; rel=\"" + std::string(relation) + "\"";
  };
  if (page.number > 1) add(std::min(page.number - 1, page.last_number), "prev");
  if (page.number < page.last_number) {
    add(page.number + 1, "next");
    add(page.last_number, "last");
  }
  if (page.number > 1) add(1, "first");
  return link;
}

}  // namespace ghmesh::sim
