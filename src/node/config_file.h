// SPDX-License-Identifier: Apache-2.0 OR MIT
// The TOML of a configuration file as keys, texts and lines. Not a door: config.cc gives them meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/config.h"

namespace ghmesh::node {

// Groups beyond this are a mistake of a generator, and each costs a look at every new credential.
inline constexpr std::size_t kGroupsCountMax = 1000;

struct FileValue {
  std::string key;
  std::vector<std::string> values;
  bool is_list = false;
  unsigned line = 0;
};

struct FileGroup {
  Group group;
  unsigned line = 0;
};

struct ConfigFile {
  std::string path;
  std::vector<FileValue> values;
  std::vector<FileGroup> groups;
};

// Throws ConfigError with path and line. Whether a key exists and a value fits is not checked here.
ConfigFile parse_config_file(std::string_view text, const std::string& path);
// nullopt: there is no such file. Throws ConfigError when it is there and cannot be read.
std::optional<ConfigFile> read_config_file(const std::string& path);

}  // namespace ghmesh::node
