// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace ghmesh::log {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("ghmesh",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::trace: return spdlog::level::trace;
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::off: return spdlog::level::off;
  }
  return spdlog::level::off;
}

bool is_visible_ascii(char c) { return c > ' ' && c < 0x7f; }

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (char c : value)
    if (!is_visible_ascii(c) || c == '"' || c == '=' || c == '\\') return true;
  return false;
}

// A value that came from outside can hold anything; no byte of it may start a new line or steer a terminal. Some
// terminals obey bytes above 0x7f too (0x9b begins a command), so only visible ASCII is written as it is.
void append_value(std::string& line, std::string_view value) {
  if (!needs_quotes(value)) {
    line += value;
    return;
  }
  line += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (!is_visible_ascii(c) && c != ' ') {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

}  // namespace

void set_level(Level level) { logger().set_level(to_spdlog(level)); }

bool is_enabled(Level level) { return logger().should_log(to_spdlog(level)); }

void write(Level level, std::string_view event, Fields fields) {
  if (!is_enabled(level)) return;
  std::string line(event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field.value);
  }
  logger().log(to_spdlog(level), "{}", line);
}

}  // namespace ghmesh::log
