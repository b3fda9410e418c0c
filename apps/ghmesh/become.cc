// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh serve`: becomes ghmesh-serve, which is beside this program or in ../libexec/ghmesh.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

#include "command.h"

namespace ghmesh::app {
namespace {

constexpr std::array<const char*, 2> kPlaces{"ghmesh-serve", "../libexec/ghmesh/ghmesh-serve"};

}  // namespace

int run_serve(const Arguments& arguments) {
  std::vector<char*> argv;
  std::string name = "ghmesh serve";
  argv.push_back(name.data());
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);

  // Where this very file is, not where the search path would look: the two belong to one installation.
  std::error_code error;
  const std::filesystem::path self =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  std::string tried;
  for (const char* place : kPlaces) {
    const std::string path = (self / place).lexically_normal().string();
    execv(path.c_str(), argv.data());
    tried += "\n  " + path + ": " + std::generic_category().message(errno);
  }
  throw CommandError("the daemon's program ghmesh-serve is not where it was installed:" + tried);
}

}  // namespace ghmesh::app
