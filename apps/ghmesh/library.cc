// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-library, which `ghmesh export` and `ghmesh import` become: values of programs (libghmesh, Python) go out to
// the directories of the Python predecessor, and come in from them.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>

#include "ghmesh/legacy.h"
#include "node/flags.h"
#include "subcommands.h"

namespace ghmesh::app {
namespace {

// What both have in common: a directory of the predecessor's, and ours.
struct Move {
  std::string directory, format = "json-dir";
  std::vector<node::FlagValue> flags;

  Cache open() const {
    const node::Config config = node::load_config(flags, node::Environment::of_process()).config;
    CacheOptions options;
    options.directory = config.cache_dir;
    options.state_directory = config.state_dir;
    Cache cache(std::move(options));
    if (!cache.stats().is_on_disk)
      throw CommandError("the cache directory " + config.cache_dir + " cannot be used");
    return cache;
  }
};

std::optional<int> read(CLI::App& app, const Arguments& arguments, Move& move) {
  app.add_option("DIR", move.directory, "The predecessor's directory: NAME.json for each entry")
      ->required();
  app.add_option("--format", move.format, "How it is written; there is one way")
      ->check(CLI::IsMember({"json-dir"}));
  node::add_setting_flags(app, move.flags, {"cache_dir", "state_dir"});
  return parse_arguments(app, arguments);
}

void or_throw(const std::error_code& failure, const std::string& directory) {
  if (failure) throw CommandError(directory + ": " + failure.message());
}

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count) + (count == 1 ? " entry " : " entries ") + std::string(what);
}

int run_export(const Arguments& arguments) {
  CLI::App app(
      "Write the values that programs keep to a directory of the Python predecessor's form.",
      "ghmesh export");
  Move move;
  if (const auto code = read(app, arguments, move)) return *code;
  const Cache cache = move.open();
  std::error_code failure;
  const LegacyReport report = export_legacy(cache, move.directory, failure);
  or_throw(failure, move.directory);
  print(counted(report.moved_count, "exported, ") + std::to_string(report.older_count) +
        " older with the same file name, " + std::to_string(report.skipped_count) +
        " with too long a name\n");
  return kExitOk;
}

int run_import(const Arguments& arguments) {
  CLI::App app("Take over the entries of a directory of the Python predecessor.", "ghmesh import");
  Move move;
  if (const auto code = read(app, arguments, move)) return *code;
  Cache cache = move.open();
  std::error_code failure;
  const LegacyReport report = import_legacy(cache, move.directory, failure);
  or_throw(failure, move.directory);
  or_throw(cache.flush(), "the cache");
  print(counted(report.moved_count, "imported, ") + std::to_string(report.older_count) +
        " no newer than what is held, " + std::to_string(report.skipped_count) +
        " whose key cannot be told\n");
  return kExitOk;
}

constexpr std::array kSubcommands{
    Subcommand{"export", run_export, "Write the values of programs to files"},
    Subcommand{"import", run_import, "Take over the files of the Python predecessor"},
};

int run(const Arguments& arguments) {
  if (const Subcommand* found =
          arguments.empty() ? nullptr : find_subcommand(kSubcommands, arguments[0]))
    return found->run({arguments.begin() + 1, arguments.end()});
  throw CommandError("this is for `ghmesh export` and `ghmesh import`");
}

}  // namespace
}  // namespace ghmesh::app

int main(int count, char** values) {
  ghmesh::log::set_level(ghmesh::log::Level::warn);
  return ghmesh::app::run_program(count, values, ghmesh::app::run);
}
