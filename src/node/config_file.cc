// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/config_file.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/text.h"

// Compiled in rather than linked: the command line reads this file too, and every shared library costs it start-up
// time.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace ghmesh::node {
namespace {

std::string place(const std::string& path, unsigned line) {
  return path + ":" + std::to_string(line);
}

unsigned line_of(const toml::node& node) { return node.source().begin.line; }

// A value as the text that a flag would carry.
std::string text_of(const toml::node& node, const std::string& path) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  throw ConfigError("a value here is a text, a number, true or false, or a list of texts, in " +
                    place(path, line_of(node)));
}

std::vector<std::string> list_of(const toml::node& node, const std::string& path) {
  std::vector<std::string> values;
  if (const auto* array = node.as_array())
    for (const toml::node& element : *array) values.push_back(text_of(element, path));
  else values.push_back(text_of(node, path));
  return values;
}

FileGroup parse_group(const toml::table& table, const std::string& path) {
  FileGroup found;
  found.line = line_of(table);
  for (const auto& [key, node] : table) {
    if (key.str() == "name") {
      found.group.name = text_of(node, path);
    } else if (key.str() == "audit_labels") {
      found.group.audit_labels = list_of(node, path);
    } else if (key.str() == "token_files") {
      found.group.token_files = list_of(node, path);
    } else {
      throw ConfigError("unknown key `" + std::string(key.str()) + "` of a group in " +
                        place(path, key.source().begin.line) +
                        "; a group has name, audit_labels and token_files");
    }
  }
  return found;
}

void parse_groups(const toml::node& node, ConfigFile& file) {
  const auto* array = node.as_array();
  if (!array)
    throw ConfigError("groups are written as [[group]] in " + place(file.path, line_of(node)));
  for (const toml::node& element : *array) {
    const auto* table = element.as_table();
    if (!table)
      throw ConfigError("groups are written as [[group]] in " + place(file.path, line_of(element)));
    if (file.groups.size() == kGroupsCountMax)
      throw ConfigError("more than " + std::to_string(kGroupsCountMax) + " groups in " +
                        place(file.path, line_of(element)));
    file.groups.push_back(parse_group(*table, file.path));
  }
}

}  // namespace

ConfigFile parse_config_file(std::string_view text, const std::string& path) {
  ConfigFile file{.path = path};
  toml::table root;
  try {
    root = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw ConfigError(std::string(error.description()) + " in " +
                      place(path, error.source().begin.line));
  }
  for (const auto& [key, node] : root) {
    if (key.str() == "group") {
      parse_groups(node, file);
      continue;
    }
    FileValue value{
        .key = std::string(key.str()), .is_list = node.is_array(), .line = key.source().begin.line};
    // An unknown table is reported by its name, which says more than what is wrong with its type.
    if (!node.is_table()) value.values = list_of(node, path);
    file.values.push_back(std::move(value));
  }
  return file;
}

std::optional<ConfigFile> read_config_file(const std::string& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  const auto failure = [&] {
    const int code = errno;
    return ConfigError("cannot read the configuration " + path + ": " +
                       std::generic_category().message(code));
  };
  if (!stream) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw failure();
  }
  std::string text(kConfigFileBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) throw failure();
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kConfigFileBytesMax)
    throw ConfigError("the configuration " + path + " is larger than " +
                      std::to_string(kConfigFileBytesMax) + " bytes");
  return parse_config_file(text, path);
}

}  // namespace ghmesh::node
