// SPDX-License-Identifier: Apache-2.0 OR MIT
// The one place that asks the process about its surroundings.
#include "node/config.h"

#include <pwd.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"

namespace ghmesh::node {
namespace {

// Only asked when HOME is not set: the user database may be a network service.
std::string home_of_user(unsigned user) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || !found ||
      !entry.pw_dir)
    return {};
  return entry.pw_dir;
}

bool has_own_run_directory(unsigned user) {
  struct stat status {};
  const std::string path = "/run/user/" + std::to_string(user);
  return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == user &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::uint64_t usable_processors_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint64_t>(std::max(CPU_COUNT(&set), 1));
}

}  // namespace

Environment Environment::of_process() {
  Environment environment;
  for (char** variable = environ; variable && *variable; ++variable) {
    std::string_view value(*variable);
    const std::string_view name = take_until(value, '=');
    if (name == kSwarmSecretVariable) continue;  // not into ordinary memory
    environment.variables.emplace_back(name, value);
  }
  environment.user = geteuid();
  if (environment.get("HOME").empty()) environment.home = home_of_user(environment.user);
  std::error_code error;
  environment.working_directory = std::filesystem::current_path(error).string();
  if (error) environment.working_directory = "/";
  environment.has_run_user = environment.user != 0 && has_own_run_directory(environment.user);
  environment.processors_count = usable_processors_count();
  return environment;
}

std::string Environment::get(std::string_view name) const {
  const auto found =
      std::ranges::find(variables, name, &std::pair<std::string, std::string>::first);
  return found == variables.end() ? std::string() : found->second;
}

}  // namespace ghmesh::node
