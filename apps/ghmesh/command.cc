// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "command.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <iostream>
#include <optional>

namespace ghmesh::app {
namespace {

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      if (errno == EPIPE) _exit(kExitOk);
      throw CommandError("cannot write the output: " + std::generic_category().message(errno));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::optional<int> parse_arguments(CLI::App& app, const Arguments& arguments) {
  try {
    app.parse(Arguments(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitOk : kExitFailed;
  }
  return std::nullopt;
}

void print(std::string_view text) { write_all(STDOUT_FILENO, text); }

void complain(std::string_view text) {
  const std::string line = "ghmesh: " + std::string(text) + "\n";
  // Nothing can be done when not even this can be written.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

void throw_unreachable(std::string_view address, const Error& error) {
  throw CommandError("the daemon does not answer at " + std::string(address) + ": " + error.message() +
                         "\nStart it with `ghmesh serve`, or say where it is with --socket or GHMESH_SOCKET.",
                     kExitUnreachable);
}

}  // namespace ghmesh::app
