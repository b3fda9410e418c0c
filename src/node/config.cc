// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/config.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.h"
#include "node/config_file.h"
#include "node/settings.h"
#include "node/values.h"

namespace ghmesh::node {
namespace {

constexpr std::string_view kVariablePrefix = "GHMESH_";
constexpr std::string_view kConfigKey = "config";  // names the file, so it cannot stand in it
constexpr std::uint64_t kThreadsCountDefaultMax = 8;

// One value as a source gave it.
struct Given {
  std::vector<std::string> values;
  std::string origin;
  std::string directory;  // what a relative path is relative to
};
using GivenByKey = std::map<std::string, Given, std::less<>>;

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> values;
  while (!text.empty()) {
    const std::string_view value = trim(take_until(text, ','));
    if (!value.empty()) values.emplace_back(value);
  }
  return values;
}

std::string directory_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

// The directory of an XDG base directory variable, or of its default below the home directory.
std::string base_directory(const Environment& environment, std::string_view variable,
                           std::string_view below_home) {
  // The specification wants relative ones ignored.
  const std::string named = environment.get(variable);
  if (named.starts_with('/')) return named;
  const std::string home =
      environment.get("HOME").empty() ? environment.home : environment.get("HOME");
  if (!home.starts_with('/')) return {};
  return home + "/" + std::string(below_home);
}

// Where the socket is when nobody says so. Never below /tmp: whoever creates the directory first would be sent our
// callers' tokens. All of these can be made by this user or root only.
std::string runtime_directory(const Environment& environment) {
  const std::string named = environment.get("XDG_RUNTIME_DIR");
  if (named.starts_with('/')) return named + "/ghmesh";
  if (environment.user == 0) return "/run/ghmesh";
  // Without a login session (cron, sudo -u) the variable is missing, but a daemon of this user may listen there.
  if (environment.has_run_user) return "/run/user/" + std::to_string(environment.user) + "/ghmesh";
  const std::string state = base_directory(environment, "XDG_STATE_HOME", ".local/state");
  return state.empty() ? state : state + "/ghmesh";
}

std::string below(const std::string& directory, std::string_view name, std::string_view key) {
  if (!directory.empty()) return directory + "/" + std::string(name);
  throw ConfigError("there is no home directory to put `" + std::string(key) + "` in: set " +
                    flag_of(key) + " or " + variable_of(key));
}

std::vector<std::string> fallback_values(const Setting& setting, const Config& config,
                                         const Environment& environment) {
  if (!setting.fallback.empty())
    return setting.is_list() ? split_list(setting.fallback)
                             : std::vector<std::string>{std::string(setting.fallback)};
  if (setting.key == "socket")
    return {below(runtime_directory(environment), "gh.sock", setting.key)};
  if (setting.key == "admin") return {directory_of(config.socket) + "/admin.sock"};
  if (setting.key == "cache_dir")
    return {below(base_directory(environment, "XDG_CACHE_HOME", ".cache"), "ghmesh", setting.key)};
  if (setting.key == "state_dir")
    return {below(base_directory(environment, "XDG_STATE_HOME", ".local/state"), "ghmesh",
                  setting.key)};
  if (setting.key == "threads")
    return {std::to_string(
        std::clamp<std::uint64_t>(environment.processors_count, 1, kThreadsCountDefaultMax))};
  return {};
}

std::string suggestion(std::string_view nearest) {
  return nearest.empty() ? "; `ghmesh config list` shows all"
                         : "; did you mean `" + std::string(nearest) + "`?";
}

void collect_file(const ConfigFile& file, GivenByKey& given,
                  std::map<std::string, std::string>& group_origins, std::vector<Group>& groups) {
  for (const FileValue& value : file.values) {
    const std::string place = file.path + ":" + std::to_string(value.line);
    const Setting* setting = find_setting(value.key);
    if (!setting)
      throw ConfigError("unknown key `" + value.key + "` in " + place +
                        suggestion(nearest_setting(value.key)));
    if (value.is_list && !setting->is_list())
      throw ConfigError("`" + value.key + "` takes one value, not a list, in " + place);
    given[value.key] = Given{value.values, "file " + place, directory_of(file.path)};
  }
  for (const FileGroup& found : file.groups) {
    const std::string origin = "file " + file.path + ":" + std::to_string(found.line);
    if (!group_origins.emplace(found.group.name, origin).second)
      throw ConfigError("a second group is called " + as_toml(found.group.name) + " (" + origin +
                        ")");
    groups.push_back(found.group);
  }
}

void collect_environment(const Environment& environment, GivenByKey& given) {
  for (const auto& [name, text] : environment.variables) {
    if (!name.starts_with(kVariablePrefix)) continue;
    if (name == kSwarmSecretVariable) continue;
    const std::string key = to_lower(std::string_view(name).substr(kVariablePrefix.size()));
    if (variable_of(key) == name && key == kConfigKey) continue;
    const Setting* setting = variable_of(key) == name ? find_setting(key) : nullptr;
    if (!setting) {
      const std::string_view nearest = nearest_setting(key);
      throw ConfigError("unknown variable `" + name + "` in the environment" +
                        suggestion(nearest.empty() ? std::string() : variable_of(nearest)));
    }
    if (text.empty()) continue;
    given[key] = Given{setting->is_list() ? split_list(text) : std::vector<std::string>{text},
                       "environment " + name, environment.working_directory};
  }
}

void collect_flags(const std::vector<FlagValue>& flags, const Environment& environment,
                   GivenByKey& given) {
  for (const FlagValue& flag : flags) {
    if (flag.key == kConfigKey) continue;
    GHMESH_CHECK(find_setting(flag.key) != nullptr);
    given[flag.key] =
        Given{flag.values, "flag " + flag_of(flag.key), environment.working_directory};
  }
}

// The file that --config or GHMESH_CONFIG names, with its source; empty when neither does.
Given named_file(const std::vector<FlagValue>& flags, const Environment& environment) {
  const auto flag = std::ranges::find(flags, kConfigKey, &FlagValue::key);
  if (flag != flags.end() && !flag->values.empty())
    return {{flag->values.back()}, "flag --config", {}};
  const std::string variable = environment.get(variable_of(kConfigKey));
  if (!variable.empty()) return {{variable}, "environment " + variable_of(kConfigKey), {}};
  return {};
}

void collect_files(const std::vector<FlagValue>& flags, const Environment& environment,
                   GivenByKey& given, std::map<std::string, std::string>& group_origins,
                   std::vector<Group>& groups) {
  const Given named = named_file(flags, environment);
  if (!named.values.empty()) {
    const ValueContext context{environment.working_directory, environment.home};
    const auto file = read_config_file(normalise_path(named.values.front(), context));
    if (!file)
      throw ConfigError("there is no configuration file " + as_toml(named.values.front()) + " (" +
                        named.origin + ")");
    collect_file(*file, given, group_origins, groups);
    return;
  }
  const auto paths = config_file_paths(environment);
  for (auto path = paths.rbegin(); path != paths.rend(); ++path)
    if (const auto file = read_config_file(*path))
      collect_file(*file, given, group_origins, groups);
}

void check_group(Group& group, const std::string& origin, const Environment& environment) {
  const std::string place = " (group " + as_toml(group.name) + ", " + origin + ")";
  const bool has_good_name =
      !group.name.empty() && group.name.size() <= 64 && std::ranges::all_of(group.name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  if (!has_good_name)
    throw ConfigError("a group needs a name of a-z, 0-9, - and _, at most 64 of them" + place);
  if (group.audit_labels.empty() && group.token_files.empty())
    throw ConfigError("the group has no members: give it audit_labels or token_files" + place);
  const std::string path = origin.substr(std::string_view("file ").size());
  const std::string directory = directory_of(path);
  try {
    for (const std::string& label : group.audit_labels) check_audit_label(label);
    for (std::string& file : group.token_files)
      file = normalise_path(file, {directory, environment.home});
  } catch (const ConfigError& error) {
    throw ConfigError(error.what() + place);
  }
}

// What no setting can know alone.
void check_together(const Config& config) {
  for (const std::string& address : config.listen)
    if (!config.allow_remote && !is_loopback(address))
      throw ConfigError("`listen` names " + address +
                        ", which other machines reach: tokens would cross the network " +
                        "unencrypted. Set `allow_remote` if that is what you want");
  if (config.admin == config.socket)
    throw ConfigError("`admin` and `socket` are the same path: " + as_toml(config.socket));
  for (const std::string& address : config.listen)
    if (address == config.admin && !address.ends_with(":0"))
      throw ConfigError("`admin` and `listen` are the same address: " + address);
}

}  // namespace

std::vector<std::string> config_file_paths(const Environment& environment) {
  std::vector<std::string> paths;
  const std::string user_directory = base_directory(environment, "XDG_CONFIG_HOME", ".config");
  if (!user_directory.empty()) paths.push_back(user_directory + "/ghmesh/config.toml");
  paths.push_back("/etc/ghmesh/config.toml");
  return paths;
}

LoadedConfig load_config(const std::vector<FlagValue>& flags, const Environment& environment_in) {
  Environment environment = environment_in;
  if (const std::string home = environment.get("HOME"); home.starts_with('/'))
    environment.home = home;
  LoadedConfig loaded;
  GivenByKey given;
  std::map<std::string, std::string> group_origins;
  collect_files(flags, environment, given, group_origins, loaded.config.groups);
  collect_environment(environment, given);
  collect_flags(flags, environment, given);

  for (const Setting& setting : all_settings()) {
    const auto found = given.find(setting.key);
    const bool is_given = found != given.end();
    const auto values =
        is_given ? found->second.values : fallback_values(setting, loaded.config, environment);
    const std::string origin = is_given ? found->second.origin : "default";
    const ValueContext context{is_given ? found->second.directory : environment.working_directory,
                               environment.home};
    try {
      // A text without a value and without a default is simply empty.
      if (!values.empty() || setting.is_list()) assign(loaded.config, setting, values, context);
    } catch (const ConfigError& error) {
      throw ConfigError("`" + std::string(setting.key) + "`: " + error.what() + " (" + origin +
                        ")");
    }
    loaded.values.push_back({std::string(setting.key), show(loaded.config, setting), origin});
  }
  for (Group& group : loaded.config.groups) {
    const std::string& origin = group_origins[group.name];
    check_group(group, origin, environment);
    loaded.values.push_back({"group." + group.name,
                             "{ audit_labels = " + std::to_string(group.audit_labels.size()) +
                                 ", token_files = " + as_toml(group.token_files) + " }",
                             origin});
  }
  check_together(loaded.config);
  return loaded;
}

}  // namespace ghmesh::node
