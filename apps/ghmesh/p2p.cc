// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-p2p, which `ghmesh p2p` becomes: a libp2p node for as long as one command runs, for people and tests. It
// speaks to any libp2p peer. Results go to stdout, one a line.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <csignal>

#include "command.h"
#include "p2p_commands.h"

namespace ghmesh::app {
namespace {

struct Command {
  std::string_view name;
  int (*run)(const Arguments& arguments);
  std::string_view help;
};

constexpr std::array kCommands{
    Command{"id", run_p2p_id, "Print the peer id of this installation"},
    Command{"listen", run_p2p_listen, "Serve ping and identify; print the address to dial"},
    Command{"ping", run_p2p_ping, "Measure the round trip to a peer"},
    Command{"identify", run_p2p_identify, "Print what a peer says of itself"},
    Command{"perf", run_p2p_perf, "Measure how fast bytes go to a peer and come back"},
    Command{"pub", run_p2p_pub, "Publish messages on a topic"},
    Command{"sub", run_p2p_sub, "Print the messages of a topic"},
};

std::string usage() {
  std::string text =
      "A libp2p node for a moment: TCP, Noise, yamux, identify, ping, gossipsub.\n\n"
      "Usage: ghmesh p2p COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : kCommands)
    text += "  " + std::string(command.name) + std::string(10 - command.name.size(), ' ') +
            std::string(command.help) + "\n";
  return text +
         "\nMULTIADDR is /ip4/ADDRESS/tcp/PORT/p2p/PEER, or with a name: /dns4/NAME/tcp/PORT.\n"
         "`ghmesh p2p COMMAND --help` says more.\n";
}

int run(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" ||
      arguments[0] == "-h") {
    print(usage());
    return kExitOk;
  }
  for (const Command& command : kCommands)
    if (command.name == arguments[0]) return command.run({arguments.begin() + 1, arguments.end()});
  throw CommandError("there is no command `p2p " + arguments[0] +
                     "`; `ghmesh p2p --help` lists them");
}

// The node's key lives in this process.
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
