// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "command.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cerrno>
#include <iostream>
#include <optional>

#include "base/text.h"

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

// Names what was not understood, and for a flag the one that was probably meant.
std::string unexpected_argument(const CLI::App& app) {
  std::vector<std::string> extras = app.remaining();
  const auto flag =
      std::ranges::find_if(extras, [](const auto& text) { return text.starts_with('-'); });
  if (flag == extras.end()) return "unexpected argument: " + extras.front();
  const std::string given = flag->substr(0, flag->find('='));
  std::string nearest;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::string spelled = "--" + name;
      if (nearest.empty() || edit_distance(given, spelled) < edit_distance(given, nearest))
        nearest = spelled;
    }
  }
  // Further away than this, it is another word.
  const bool is_near = !nearest.empty() && edit_distance(given, nearest) <= 1 + given.size() / 4;
  return "unknown flag " + given + (is_near ? "; did you mean " + nearest + "?" : "");
}

}  // namespace

std::optional<int> parse_arguments(CLI::App& app, const Arguments& arguments) {
  try {
    app.parse(Arguments(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ExtrasError&) {
    complain(unexpected_argument(app));
    return kExitFailed;
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

void keep_out_of_core_dumps() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

void throw_unreachable(std::string_view address, const Error& error) {
  throw CommandError(
      "the daemon does not answer at " + std::string(address) + ": " + error.message() +
          "\nStart it with `ghmesh serve`, or say where it is with --socket or GHMESH_SOCKET.",
      kExitUnreachable);
}

}  // namespace ghmesh::app
