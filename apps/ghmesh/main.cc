// SPDX-License-Identifier: Apache-2.0 OR MIT
// The command `ghmesh`: finds the subcommand and runs it. Each is in a file of its own.
//
// This program is small on purpose: it is started for every `ghmesh api`, so it links none of the daemon's libraries.
// `serve` replaces it by ghmesh-serve, which does, and `swarm` and `p2p` are replaced likewise
// (docs/decisions/0011-two-programs.md).
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <csignal>

#include "base/text.h"
#include "command.h"
#include "node/version.h"

namespace ghmesh::app {
namespace {

struct Subcommand {
  std::string_view name;
  int (*run)(const Arguments& arguments);
  std::string_view help;
};

constexpr std::array kSubcommands{
    Subcommand{"serve", run_serve, "Run the daemon"},
    Subcommand{"api", run_api, "Send one request through the daemon"},
    Subcommand{"run", run_run, "Run a command whose gh uses the daemon"},
    Subcommand{"env", run_env, "Print the variables that make programs use the daemon"},
    Subcommand{"stats", run_stats, "Show what the daemon has done"},
    Subcommand{"purge", run_purge, "Forget what is cached"},
    Subcommand{"swarm", run_swarm, "Make nodes a swarm that shares what it knows"},
    Subcommand{"peers", run_peers, "Show the peers of this node"},
    Subcommand{"ping", run_ping, "Measure the round trip to a peer of this node"},
    Subcommand{"p2p", run_p2p, "Speak libp2p: ping, identify and listen to peers"},
    Subcommand{"config", run_config, "Show the settings and where they come from"},
    Subcommand{"version", run_version, "Print the version"},
};

std::string usage() {
  std::string text =
      "ghmesh keeps GitHub's answers close to those who ask.\n\nUsage: ghmesh COMMAND "
      "[OPTIONS]\n\nCommands:\n";
  for (const Subcommand& subcommand : kSubcommands)
    text += "  " + std::string(subcommand.name) + std::string(10 - subcommand.name.size(), ' ') +
            std::string(subcommand.help) + "\n";
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

// This process holds the caller's token for a moment: nothing of it may end in a core dump.
void keep_out_of_core_dumps() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

int run(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" ||
      arguments[0] == "-h") {
    print(usage());
    return kExitOk;
  }
  const std::string_view name =
      arguments[0] == "--version" ? "version" : std::string_view(arguments[0]);
  for (const Subcommand& subcommand : kSubcommands)
    if (subcommand.name == name) return subcommand.run({arguments.begin() + 1, arguments.end()});
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
  using namespace ghmesh;
  std::signal(SIGPIPE, SIG_IGN);
  app::Arguments arguments(values + (count > 0 ? 1 : 0), values + count);
  try {
    app::keep_out_of_core_dumps();
    return app::run(arguments);
  } catch (const app::CommandError& error) {
    if (*error.what() != '\0') app::complain(error.what());
    return error.code();
  } catch (const std::exception& error) {
    app::complain(error.what());
    return app::kExitFailed;
  }
}
