// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the programs that have subcommands share: the list of them, and how one is found and run.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "command.h"

namespace ghmesh::app {

struct Subcommand {
  std::string_view name;
  int (*run)(const Arguments& arguments);
  std::string_view help;
};

// A line for each, for a usage text.
std::string list_of(std::span<const Subcommand> subcommands);
// Null: there is none of this name.
const Subcommand* find_subcommand(std::span<const Subcommand> subcommands, std::string_view name);
bool asks_for_usage(const Arguments& arguments);  // there are none, or they say so

// What main() is but for its name: nothing of this process ends in a core dump, and what is thrown becomes a line on
// standard error and an exit code.
int run_program(int count, char** values, int (*run)(const Arguments& arguments));

}  // namespace ghmesh::app
