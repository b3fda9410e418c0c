// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to github/: a JSON text that consists of one object, read with the parser of this thread.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace ghmesh::github {

// A parser needs about ten bytes for each one it reads. What a larger body took is given back after it.
inline constexpr std::size_t kParserBytesKept = 128 * 1024;

// The object that a body consists of. The whole body is checked before a field is read, because simdjson's lazy reader
// (on-demand) may not be asked further after a syntax error, and follows a null pointer if it is. Each thread has one
// parser.
class JsonDocument {
 public:
  // `bytes_max` bounds what is read at all.
  JsonDocument(std::string_view body, std::size_t bytes_max) {
    if (body.empty() || body.size() > bytes_max) return;
    // simdjson reads past the end of its input, so the body is copied to where that is allowed.
    std::string& buffer = buffer_of_thread();
    buffer.assign(body);
    buffer.append(simdjson::SIMDJSON_PADDING, '\0');
    is_open_ = parser_of_thread()
                   .parse(buffer.data(), body.size(), /*realloc_if_needed=*/false)
                   .get_object()
                   .get(object_) == simdjson::SUCCESS;
  }
  ~JsonDocument() {
    if (buffer_of_thread().size() <= kParserBytesKept) return;
    parser_of_thread() = simdjson::dom::parser();
    buffer_of_thread() = std::string();
  }
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  bool is_open() const { return is_open_; }
  const simdjson::dom::object& object() const { return object_; }

 private:
  static std::string& buffer_of_thread() {
    thread_local std::string buffer;
    return buffer;
  }
  static simdjson::dom::parser& parser_of_thread() {
    thread_local simdjson::dom::parser parser;
    return parser;
  }
  simdjson::dom::object object_;
  bool is_open_ = false;
};

}  // namespace ghmesh::github
