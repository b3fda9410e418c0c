// SPDX-License-Identifier: Apache-2.0 OR MIT
// The caller's GitHub token, found where gh finds it: GH_TOKEN, GITHUB_TOKEN, then gh's hosts.yml. Never an argument:
// the arguments of a process can be read by everybody on the machine.
#pragma once

#include <string>
#include <string_view>

#include "node/config.h"

namespace ghmesh::app {

// gh's own file holds a few hosts; anything larger is something else.
inline constexpr std::size_t kHostsFileBytesMax = 256 * 1024;

// A token that cannot be printed by mistake and is wiped when dropped. Not crypto::Secret: that would bring two
// libraries into a process that lives for a millisecond. Core dumps are off in it.
class Token {
 public:
  Token() = default;
  explicit Token(std::string&& text);  // wipes what it was given
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  ~Token();

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }

 private:
  void wipe();

  std::string text_;
};

// Empty: there is none.
Token find_token(const node::Environment& environment);

// gh's directory of configuration: GH_CONFIG_DIR, $XDG_CONFIG_HOME/gh, ~/.config/gh. Empty: none.
std::string gh_config_directory(const node::Environment& environment);

// The value of oauth_token below "github.com:"; empty when there is none. The file is YAML, as gh writes it: two levels
// of indented "key: value" lines. Whatever else it may hold is skipped.
std::string_view token_of_hosts_file(std::string_view text);

}  // namespace ghmesh::app
