// SPDX-License-Identifier: Apache-2.0 OR MIT
// One event, one line, on stderr: an event name and its fields (logfmt). Thread-safe.
//
//   log::info("listening", {{"socket", path}});
//   -> 2026-11-22T08:00:00.123Z info listening socket=/run/ghmesh/gh.sock
//
// Secrets cannot be logged: a crypto::Secret does not convert to a field value.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ghmesh::log {

enum class Level { trace, debug, info, warn, error, off };

struct Field {
  std::string_view name;
  std::string value;

  Field(std::string_view name_in, std::string_view text) : name(name_in), value(text) {}
  Field(std::string_view name_in, const char* text) : name(name_in), value(text) {}
  Field(std::string_view name_in, const Error& error) : name(name_in), value(error.message()) {}
  template <std::integral T>
  Field(std::string_view name_in, T number) : name(name_in), value(std::to_string(number)) {}
};

using Fields = std::initializer_list<Field>;

void set_level(Level level);
bool is_enabled(Level level);
void write(Level level, std::string_view event, Fields fields);

inline void debug(std::string_view event, Fields fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::warn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace ghmesh::log
