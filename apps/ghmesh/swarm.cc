// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-swarm, which `ghmesh swarm` becomes: makes, keeps, shows and changes the secret that makes nodes a swarm.
//
// A secret comes in by a file or standard input and goes out by standard output, and by nothing else: never an
// argument, which everybody on the machine can read, and never a log.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <csignal>

#include "command.h"
#include "swarm_commands.h"

namespace ghmesh::app {
namespace {

struct Command {
  std::string_view name;
  int (*run)(const Arguments& arguments);
  std::string_view help;
};

constexpr std::array kCommands{
    Command{"new", run_swarm_new, "Print the secret of a new swarm, or an invitation to one"},
    Command{"join", run_swarm_join, "Make this node one of a swarm"},
    Command{"show", run_swarm_show, "Say which swarm this node is of"},
    Command{"rotate", run_swarm_rotate, "Go over to the next secret of this swarm"},
    Command{"leave", run_swarm_leave, "Forget the swarm"},
};

std::string usage() {
  std::string text =
      "Nodes that have one secret are a swarm, and share what they know.\n\n"
      "Usage: ghmesh swarm COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : kCommands)
    text += "  " + std::string(command.name) + std::string(10 - command.name.size(), ' ') +
            std::string(command.help) + "\n";
  return text +
         "\nOn one machine:    ghmesh swarm new > secret; ghmesh swarm join secret\n"
         "On all the others: ghmesh swarm join secret, with the same file\n"
         "`ghmesh swarm COMMAND --help` says more.\n";
}

int run(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" ||
      arguments[0] == "-h") {
    print(usage());
    return kExitOk;
  }
  for (const Command& command : kCommands)
    if (command.name == arguments[0]) return command.run({arguments.begin() + 1, arguments.end()});
  throw CommandError("there is no such command; `ghmesh swarm --help` lists them");
}

void keep_out_of_core_dumps() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace
}  // namespace ghmesh::app

int main(int count, char** values) {
  using namespace ghmesh;
  std::signal(SIGPIPE, SIG_IGN);
  log::set_level(log::Level::warn);
  app::keep_out_of_core_dumps();
  try {
    return app::run({values + (count > 0 ? 1 : 0), values + count});
  } catch (const app::CommandError& error) {
    if (*error.what() != '\0') app::complain(error.what());
    return error.code();
  } catch (const std::exception& error) {
    app::complain(error.what());
    return app::kExitFailed;
  }
}
