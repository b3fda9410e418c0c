// SPDX-License-Identifier: Apache-2.0 OR MIT
// Keys of values back from their text (ghmesh/cache.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ghmesh/cache.h"

namespace ghmesh::library {

// Writes the text of a key, part by part: the operation, then arguments, then named ones in the order of their names.
class KeyText {
 public:
  explicit KeyText(std::string& out) : out_(out) {}
  void begin(std::string_view operation);
  void add(std::string_view argument);
  void add_named(std::string_view name, std::string_view value);

 private:
  std::string& out_;
};

// The key with this Key::text(). Nothing: it is none.
std::optional<Key> parse_key(std::string_view text);

}  // namespace ghmesh::library
