// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh serve`, `swarm`, `p2p`, `export` and `import`: become the program that links what they need
// (docs/decisions/0011-two-programs.md). It is beside this program or in ../libexec/ghmesh.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

#include "command.h"

namespace ghmesh::app {
namespace {

constexpr std::array kPlaces{"", "../libexec/ghmesh/"};

int become(const std::string& program, std::string shown_name, const Arguments& arguments) {
  std::vector<char*> argv;
  argv.push_back(shown_name.data());
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);

  // Where this very file is, not where the search path would look: the programs belong to one installation.
  std::error_code error;
  const std::filesystem::path self =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  std::string tried;
  for (const char* place : kPlaces) {
    const std::string path = (self / (place + program)).lexically_normal().string();
    execv(path.c_str(), argv.data());
    tried += "\n  " + path + ": " + std::generic_category().message(errno);
  }
  throw CommandError("the program " + program + " is not where it was installed:" + tried);
}

}  // namespace

int run_serve(const Arguments& arguments) {
  return become("ghmesh-serve", "ghmesh serve", arguments);
}

int run_swarm(const Arguments& arguments) {
  return become("ghmesh-swarm", "ghmesh swarm", arguments);
}

int run_export(const Arguments& given) {
  Arguments arguments = given;
  arguments.insert(arguments.begin(), "export");
  return become("ghmesh-library", "ghmesh", arguments);
}

int run_import(const Arguments& given) {
  Arguments arguments = given;
  arguments.insert(arguments.begin(), "import");
  return become("ghmesh-library", "ghmesh", arguments);
}

int run_p2p(const Arguments& arguments) { return become("ghmesh-p2p", "ghmesh p2p", arguments); }

}  // namespace ghmesh::app
