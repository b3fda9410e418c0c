// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh config`: which settings are in force, and why.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "command.h"
#include "node/flags.h"

namespace ghmesh::app {
namespace {

std::string list_text(const std::vector<node::SettingValue>& values, bool with_origin) {
  std::string text;
  for (const node::SettingValue& value : values) {
    // As git does it: a tab between the origin and the value, so that both can be cut apart.
    if (with_origin) text += value.origin + "\t";
    text += value.key + " = " + value.value + "\n";
  }
  return text;
}

}  // namespace

int run_config(const Arguments& arguments) {
  CLI::App app("Show the settings that `ghmesh serve` with the same flags would use.",
               "ghmesh config");
  app.require_subcommand(1);
  std::vector<node::FlagValue> flags;
  bool with_origin = false;
  std::string key;
  CLI::App* list =
      app.add_subcommand("list", "All settings, as they would stand in the configuration file");
  list->add_flag("--show-origin", with_origin, "Say where each value comes from");
  node::add_setting_flags(*list, flags);
  CLI::App* get = app.add_subcommand("get", "One setting");
  get->add_option("key", key, "Such as cache_dir")->required();
  node::add_setting_flags(*get, flags);
  CLI::App* path = app.add_subcommand("path", "The files that are read, the stronger first");
  CLI::App* describe = app.add_subcommand("describe", "What all settings mean");
  bool as_man = false;
  describe->add_flag("--man", as_man, "For a manual page instead of Markdown");
  if (const auto code = parse_arguments(app, arguments)) return *code;

  if (*describe) {
    print(as_man ? node::settings_as_man() : node::settings_as_markdown());
    return kExitOk;
  }
  const node::Environment environment = node::Environment::of_process();
  if (*path) {
    for (const std::string& file : node::config_file_paths(environment)) print(file + "\n");
    return kExitOk;
  }
  const auto loaded = node::load_config(flags, environment);
  if (*list) {
    print(list_text(loaded.values, with_origin));
    return kExitOk;
  }
  const auto found = std::ranges::find(loaded.values, key, &node::SettingValue::key);
  if (found == loaded.values.end())
    throw CommandError("there is no setting `" + key + "`: see `ghmesh config list`");
  print(found->value + "\n");
  return kExitOk;
}

}  // namespace ghmesh::app
