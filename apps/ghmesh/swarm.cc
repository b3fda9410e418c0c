// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-swarm, which `ghmesh swarm` becomes: makes, keeps, shows and changes the secret that makes nodes a swarm.
//
// A secret comes in by a file or standard input and goes out by standard output, and by nothing else: never an
// argument, which everybody on the machine can read, and never a log.
#include <array>

#include "subcommands.h"
#include "swarm_commands.h"

namespace ghmesh::app {
namespace {

constexpr std::array kSubcommands{
    Subcommand{"new", run_swarm_new, "Print the secret of a new swarm, or an invitation to one"},
    Subcommand{"join", run_swarm_join, "Make this node one of a swarm"},
    Subcommand{"show", run_swarm_show, "Say which swarm this node is of"},
    Subcommand{"rotate", run_swarm_rotate, "Go over to the next secret of this swarm"},
    Subcommand{"leave", run_swarm_leave, "Forget the swarm"},
};

std::string usage() {
  std::string text =
      "Nodes that have one secret are a swarm, and share what they know.\n\n"
      "Usage: ghmesh swarm COMMAND [OPTIONS]\n\nCommands:\n";
  text += list_of(kSubcommands);
  return text +
         "\nOn one machine:    ghmesh swarm new > secret; ghmesh swarm join secret\n"
         "On all the others: ghmesh swarm join secret, with the same file\n"
         "`ghmesh swarm COMMAND --help` says more.\n";
}

int run(const Arguments& arguments) {
  if (asks_for_usage(arguments)) {
    print(usage());
    return kExitOk;
  }
  if (const Subcommand* found = find_subcommand(kSubcommands, arguments[0]))
    return found->run({arguments.begin() + 1, arguments.end()});
  throw CommandError("there is no such command; `ghmesh swarm --help` lists them");
}

}  // namespace
}  // namespace ghmesh::app

int main(int count, char** values) {
  ghmesh::log::set_level(ghmesh::log::Level::warn);
  return ghmesh::app::run_program(count, values, ghmesh::app::run);
}
