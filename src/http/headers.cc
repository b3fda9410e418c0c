// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "http/headers.h"

#include "base/text.h"

namespace ghmesh::http {

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Header& header : headers_)
    if (equal_ignoring_case(header.name, name)) return header.value;
  return std::nullopt;
}

void Headers::add(std::string_view name, std::string_view value) {
  headers_.push_back({std::string(name), std::string(value)});
}

void Headers::set(std::string_view name, std::string_view value) {
  // Copies first: the caller may hand us a view of the very field that is about to go.
  Header header{std::string(name), std::string(value)};
  remove(header.name);
  headers_.push_back(std::move(header));
}

void Headers::remove(std::string_view name) {
  const std::string wanted(name);  // `name` may be a view of a field that the erasure moves
  std::erase_if(headers_,
                [&](const Header& header) { return equal_ignoring_case(header.name, wanted); });
}

}  // namespace ghmesh::http
