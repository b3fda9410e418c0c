// SPDX-License-Identifier: Apache-2.0 OR MIT
// The command `ghmesh`: finds the subcommand and runs it. Each is in a file of its own.
//
// This program is small on purpose: it is started for every `ghmesh api`, so it links none of the daemon's libraries.
// `serve` replaces it by ghmesh-serve, which does, and `swarm` and `p2p` are replaced likewise
// (docs/decisions/0011-two-programs.md).
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>

#include "base/text.h"
#include "node/version.h"
#include "subcommands.h"

namespace ghmesh::app {
namespace {

constexpr std::array kSubcommands{
    Subcommand{"serve", run_serve, "Run the daemon"},
    Subcommand{"api", run_api, "Send one request through the daemon"},
    Subcommand{"run", run_run, "Run a command whose gh uses the daemon"},
    Subcommand{"env", run_env, "Print the variables that make programs use the daemon"},
    Subcommand{"stats", run_stats, "Show what the daemon has done"},
    Subcommand{"why", run_why, "Say how an answer comes to be"},
    Subcommand{"warm", run_warm, "Ask for what will be asked for"},
    Subcommand{"purge", run_purge, "Forget what is cached"},
    Subcommand{"invalidate", run_invalidate, "Have what is cached asked for again"},
    Subcommand{"swarm", run_swarm, "Make nodes a swarm that shares what it knows"},
    Subcommand{"peers", run_peers, "Show the peers of this node"},
    Subcommand{"ping", run_ping, "Measure the round trip to a peer of this node"},
    Subcommand{"p2p", run_p2p, "Speak libp2p: ping, identify and listen to peers"},
    Subcommand{"export", run_export, "Write the values that programs keep to files"},
    Subcommand{"import", run_import, "Take over the files of the Python predecessor"},
    Subcommand{"config", run_config, "Show the settings and where they come from"},
    Subcommand{"version", run_version, "Print the version"},
};

std::string usage() {
  std::string text =
      "ghmesh keeps GitHub's answers close to those who ask.\n\nUsage: ghmesh COMMAND "
      "[OPTIONS]\n\nCommands:\n";
  text += list_of(kSubcommands);
  return text + "\n`ghmesh COMMAND --help` says more.\n";
}

int complain_unknown(std::string_view name) {
  std::string text = "there is no command `" + std::string(name) + "`";
  for (const Subcommand& subcommand : kSubcommands)
    if (edit_distance(name, subcommand.name) <= 2) {
      text += "; did you mean `" + std::string(subcommand.name) + "`?";
      break;
    }
  complain(text);
  return kExitFailed;
}

int run(const Arguments& arguments) {
  if (asks_for_usage(arguments)) {
    print(usage());
    return kExitOk;
  }
  const std::string_view name =
      arguments[0] == "--version" ? "version" : std::string_view(arguments[0]);
  if (const Subcommand* found = find_subcommand(kSubcommands, name))
    return found->run({arguments.begin() + 1, arguments.end()});
  return complain_unknown(name);
}

}  // namespace

int run_version(const Arguments& arguments) {
  CLI::App app("Print the version.", "ghmesh version");
  bool as_json = false;
  app.add_flag("--json", as_json, "Print JSON");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const std::string version(node::kVersion);
  print(as_json ? R"({"name":"ghmesh","version":")" + version + "\"}\n"
                : "ghmesh " + version + "\n");
  return kExitOk;
}

}  // namespace ghmesh::app

int main(int count, char** values) {
  return ghmesh::app::run_program(count, values, ghmesh::app::run);
}
