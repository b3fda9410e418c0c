// SPDX-License-Identifier: Apache-2.0 OR MIT
// JSON as Python's json.dumps(value, sort_keys=True) spells it: names sorted, ", " and ": " between, everything beyond
// ASCII escaped, floats as repr() has them. So a CID of it is the one that the Python predecessor computes.
//
// Integers beyond 64 bits are no JSON here, nor is what nests deeper than kJsonDepthMax.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace ghmesh::library {

// simdjson's own limit is 1,024; answers of GitHub's nest a dozen deep.
inline constexpr int kJsonDepthMax = 256;

// A parser takes about ten bytes for each one that it reads. What a larger text took is given back after it.
inline constexpr std::size_t kParserBytesKept = 128 * 1024;

// A text, read by the parser of this thread: one at a time.
class JsonText {
 public:
  explicit JsonText(std::string_view text);
  ~JsonText();
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;
  bool is_good() const { return is_good_; }
  const simdjson::dom::element& value() const { return value_; }

 private:
  static simdjson::dom::parser& parser_of_thread();
  simdjson::dom::element value_;
  std::size_t bytes_count_;
  bool is_good_ = false;
};

// False: it nests too deep.
bool append_canonical(std::string& out, const simdjson::dom::element& value, int depth = 0);
void append_canonical_text(std::string& out, std::string_view utf8);
// Empty: it is not JSON.
std::string canonical_json(std::string_view json);

}  // namespace ghmesh::library
