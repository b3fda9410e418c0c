// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-p2p, which `ghmesh p2p` becomes: a libp2p node for as long as one command runs, for people and tests. It
// speaks to any libp2p peer. Results go to stdout, one a line.
#include <array>

#include "p2p_commands.h"
#include "subcommands.h"

namespace ghmesh::app {
namespace {

constexpr std::array kSubcommands{
    Subcommand{"id", run_p2p_id, "Print the peer id of this installation"},
    Subcommand{"listen", run_p2p_listen, "Serve ping and identify; print the address to dial"},
    Subcommand{"ping", run_p2p_ping, "Measure the round trip to a peer"},
    Subcommand{"identify", run_p2p_identify, "Print what a peer says of itself"},
    Subcommand{"perf", run_p2p_perf, "Measure how fast bytes go to a peer and come back"},
    Subcommand{"pub", run_p2p_pub, "Publish messages on a topic"},
    Subcommand{"sub", run_p2p_sub, "Print the messages of a topic"},
};

std::string usage() {
  std::string text =
      "A libp2p node for a moment: TCP, Noise, yamux, identify, ping, gossipsub.\n\n"
      "Usage: ghmesh p2p COMMAND [OPTIONS]\n\nCommands:\n";
  text += list_of(kSubcommands);
  return text +
         "\nMULTIADDR is /ip4/ADDRESS/tcp/PORT/p2p/PEER, or with a name: /dns4/NAME/tcp/PORT.\n"
         "`ghmesh p2p COMMAND --help` says more.\n";
}

int run(const Arguments& arguments) {
  if (asks_for_usage(arguments)) {
    print(usage());
    return kExitOk;
  }
  if (const Subcommand* found = find_subcommand(kSubcommands, arguments[0]))
    return found->run({arguments.begin() + 1, arguments.end()});
  throw CommandError("there is no command `p2p " + arguments[0] +
                     "`; `ghmesh p2p --help` lists them");
}

}  // namespace
}  // namespace ghmesh::app

int main(int count, char** values) {
  ghmesh::log::set_level(ghmesh::log::Level::warn);
  return ghmesh::app::run_program(count, values, ghmesh::app::run);
}
