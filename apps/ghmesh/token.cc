// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "token.h"

#include <strings.h>

#include <fstream>

#include "base/text.h"

namespace ghmesh::app {

void Token::wipe() { explicit_bzero(text_.data(), text_.size()); }

Token::Token(std::string&& text) : text_(text) { explicit_bzero(text.data(), text.size()); }

Token::~Token() { wipe(); }

std::string gh_config_directory(const node::Environment& environment) {
  if (const std::string named = environment.get("GH_CONFIG_DIR"); !named.empty()) return named;
  if (const std::string base = environment.get("XDG_CONFIG_HOME"); !base.empty())
    return base + "/gh";
  const std::string home =
      environment.get("HOME").empty() ? environment.home : environment.get("HOME");
  return home.empty() ? home : home + "/.config/gh";
}

std::string_view token_of_hosts_file(std::string_view text) {
  bool is_in_host = false;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view content = trim(line);
    if (content.empty() || content.starts_with('#')) continue;
    if (line.front() != ' ' && line.front() != '\t') {
      is_in_host = content == "github.com:" || content == "\"github.com\":";
      continue;
    }
    constexpr std::string_view kKey = "oauth_token:";
    if (!is_in_host || !content.starts_with(kKey)) continue;
    std::string_view value = trim(content.substr(kKey.size()));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.front() == value.back())
      value = value.substr(1, value.size() - 2);
    if (!value.empty()) return value;
  }
  return {};
}

Token find_token(const node::Environment& environment) {
  for (std::string_view name : {"GH_TOKEN", "GITHUB_TOKEN"})
    if (std::string token = environment.get(name); !token.empty()) return Token(std::move(token));
  const std::string directory = gh_config_directory(environment);
  if (directory.empty()) return {};
  std::ifstream stream(directory + "/hosts.yml", std::ios::binary);
  if (!stream) return {};
  std::string text(kHostsFileBytesMax, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  const Token file(std::move(text));  // wipes it
  return Token(std::string(token_of_hosts_file(file.reveal())));
}

}  // namespace ghmesh::app
