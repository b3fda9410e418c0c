// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "subcommands.h"

#include <algorithm>
#include <csignal>

namespace ghmesh::app {

std::string list_of(std::span<const Subcommand> subcommands) {
  std::string text;
  for (const Subcommand& subcommand : subcommands)
    text += "  " + std::string(subcommand.name) + std::string(10 - subcommand.name.size(), ' ') +
            std::string(subcommand.help) + "\n";
  return text;
}

const Subcommand* find_subcommand(std::span<const Subcommand> subcommands, std::string_view name) {
  const auto found = std::ranges::find(subcommands, name, &Subcommand::name);
  return found == subcommands.end() ? nullptr : &*found;
}

bool asks_for_usage(const Arguments& arguments) {
  return arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" ||
         arguments[0] == "-h";
}

int run_program(int count, char** values, int (*run)(const Arguments& arguments)) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    keep_out_of_core_dumps();
    return run({values + (count > 0 ? 1 : 0), values + count});
  } catch (const CommandError& error) {
    if (*error.what() != '\0') complain(error.what());
    return error.code();
  } catch (const std::exception& error) {
    complain(error.what());
    return kExitFailed;
  }
}

}  // namespace ghmesh::app
