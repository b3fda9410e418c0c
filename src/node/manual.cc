// SPDX-License-Identifier: Apache-2.0 OR MIT
// The table of settings in the words of the manual.
#include "node/config.h"

#include <algorithm>

#include "node/settings.h"

namespace ghmesh::node {
namespace {

std::string fallback_text(const Setting& setting) {
  if (!setting.fallback.empty()) return std::string(setting.fallback);
  return std::string(setting.fallback_words);
}

std::string flag_text(const Setting& setting) {
  return flag_of(setting.key) +
         (setting.placeholder.empty() ? "" : " " + std::string(setting.placeholder));
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// roff: a hyphen of a flag is not a hyphen of a word, a backslash begins a command, and so does a dot or quote at the
// beginning of a line.
std::string roff(std::string text) {
  text = replace_all(std::move(text), "\\", "\\e");
  text = replace_all(std::move(text), "-", "\\-");
  if (text.starts_with('.') || text.starts_with('\'')) text = "\\&" + text;
  return text;
}

}  // namespace

std::string settings_as_markdown() {
  std::string out =
      "| Key in the file | Flag | Variable | Default | What it does |\n|---|---|---|---|---|\n";
  for (const Setting& setting : all_settings()) {
    const auto cell = [](std::string text) { return replace_all(std::move(text), "|", "\\|"); };
    out +=
        "| `" + std::string(setting.key) + "` | `" + cell(flag_text(setting)) + "` | `" +
        variable_of(setting.key) + "` | " +
        (setting.fallback.empty() ? fallback_text(setting) : "`" + fallback_text(setting) + "`") +
        " | " + cell(std::string(setting.help)) + " |\n";
  }
  return out;
}

std::string settings_as_man() {
  std::string out;
  for (const Setting& setting : all_settings()) {
    out += ".TP\n.B " + roff(flag_of(setting.key));
    if (!setting.placeholder.empty())
      out += " \\fI" + roff(std::string(setting.placeholder)) + "\\fR";
    out += "\n" + roff(replace_all(std::string(setting.help), "`", "")) +
           "\n.br\nDefault: " + roff(fallback_text(setting)) +
           ". Variable: " + variable_of(setting.key) + ". Key: " + std::string(setting.key) + ".\n";
  }
  return out;
}

}  // namespace ghmesh::node
