// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "gh_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "command.h"
#include "token.h"

namespace ghmesh::app {
namespace {

constexpr std::string_view kSocketKey = "http_unix_socket:";

std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void write_private(const std::string& path, std::string_view text) {
  // gh refuses nothing, but what stands beside tokens is nobody else's to read.
  const int descriptor =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool is_written = descriptor >= 0 && write(descriptor, text.data(), text.size()) ==
                                                 static_cast<ssize_t>(text.size());
  const int code = errno;
  if (descriptor >= 0) close(descriptor);
  if (!is_written)
    throw CommandError("cannot write " + path + ": " + std::generic_category().message(code));
}

// A YAML text in double quotes, whose escapes are those of JSON.
std::string yaml_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string with_socket(std::string_view config_yml, std::string_view socket) {
  std::string out;
  while (!config_yml.empty()) {
    const std::string_view line = take_until(config_yml, '\n');
    if (line.starts_with(kSocketKey)) continue;
    out += line;
    out += '\n';
  }
  return out + std::string(kSocketKey) + " " + yaml_text(socket) + "\n";
}

void fill_gh_directory(const std::string& directory, const std::string& socket,
                       const node::Environment& environment) {
  const std::string own = gh_config_directory(environment);
  write_private(directory + "/config.yml",
                with_socket(own.empty() ? "" : read_text(own + "/config.yml"), socket));
  std::error_code error;
  const std::string link = directory + "/hosts.yml";
  std::filesystem::remove(link, error);
  if (own.empty() || !std::filesystem::exists(own + "/hosts.yml", error)) return;
  const auto target = std::filesystem::absolute(own + "/hosts.yml", error);
  std::filesystem::create_symlink(target, link, error);
  if (error) throw CommandError("cannot link " + link + ": " + error.message());
}

}  // namespace ghmesh::app
