// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "node/settings.h"

namespace ghmesh::node {
namespace {

std::string description(const Setting& setting) {
  const std::string_view fallback =
      setting.fallback.empty() ? setting.fallback_words : setting.fallback;
  std::string text(setting.help);
  if (!setting.is_switch()) text += " [" + std::string(fallback) + "]";
  return text;
}

void add_flag(CLI::App& app, std::vector<FlagValue>& flags, const Setting& setting) {
  const std::string key(setting.key);
  const std::string flag = flag_of(key);
  if (setting.is_switch()) {
    const auto note = [&flags, key](std::int64_t count) {
      flags.push_back({key, {count > 0 ? "true" : "false"}});
    };
    app.add_flag(flag + ",!--no-" + flag.substr(2), note, description(setting));
    return;
  }
  const auto note = [&flags, key](const CLI::results_t& values) {
    flags.push_back({key, values});
    return true;
  };
  CLI::Option* option =
      app.add_option(flag, note, description(setting))->type_name(std::string(setting.placeholder));
  // One value for each time the flag is given: what follows it may be an argument of the command.
  option->type_size(1)->expected(1)->allow_extra_args(false);
  option->multi_option_policy(setting.is_list() ? CLI::MultiOptionPolicy::TakeAll
                                                : CLI::MultiOptionPolicy::TakeLast);
}

}  // namespace

void add_setting_flags(CLI::App& app, std::vector<FlagValue>& flags,
                       const std::vector<std::string_view>& keys) {
  const auto note_config = [&flags](const CLI::results_t& values) {
    flags.push_back({"config", values});
    return true;
  };
  app.add_option("--config", note_config,
                 "Read this configuration file instead of the user's and the system's")
      ->type_name("FILE")
      ->type_size(1)
      ->expected(1);
  for (const Setting& setting : all_settings())
    if (keys.empty() || std::ranges::find(keys, setting.key) != keys.end())
      add_flag(app, flags, setting);
}

}  // namespace ghmesh::node
