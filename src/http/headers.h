// SPDX-License-Identifier: Apache-2.0 OR MIT
// Header fields of a message that we keep or make: ordered, names compared without case (RFC 9110, 5.1).
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghmesh::http {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : headers_(headers) {}

  // The value of the first field of this name; nullopt when there is none. The view lives until the next change.
  std::optional<std::string_view> find(std::string_view name) const;
  // find(), or the empty text.
  std::string_view get(std::string_view name) const {
    return find(name).value_or(std::string_view());
  }
  bool contains(std::string_view name) const { return find(name).has_value(); }

  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // replaces every field of this name
  void remove(std::string_view name);

  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }
  std::size_t size() const { return headers_.size(); }
  bool empty() const { return headers_.empty(); }
  bool operator==(const Headers&) const = default;

 private:
  std::vector<Header> headers_;
};

}  // namespace ghmesh::http
