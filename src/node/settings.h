// SPDX-License-Identifier: Apache-2.0 OR MIT
// The table of settings: what each is called, how its text becomes a value, what its default is, and one sentence about
// it.
//
// Not a door: config.cc (files, environment, defaults) and flags.cc (the command line) read it. To add a setting, add a
// member to Config and a row here; flags, variables, files, `config list`, the manual and its check then know it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node/config.h"

namespace ghmesh::node {

// Where a value stands, for what is relative to it.
struct ValueContext {
  std::string_view directory;  // of the file, or the working directory
  std::string_view home;
};

// Checks one value and returns the text in its canonical spelling. Throws ConfigError with what is wrong, without the
// place.
using Normalise = std::string (*)(std::string_view text, const ValueContext& context);

using Member = std::variant<std::string Config::*, std::vector<std::string> Config::*,
                            bool Config::*, std::uint64_t Config::*, cache::Durability Config::*,
                            Candidates Config::*, Trust Config::*, log::Level Config::*>;

struct Setting {
  std::string_view key;  // "cache_dir"; the flag is --cache-dir, the variable GHMESH_CACHE_DIR
  std::string_view placeholder;  // "DIR"; empty for a switch
  std::string_view
      fallback;  // the default as text; values of a list are separated by commas; empty: see `fallback_words`
  std::string_view
      fallback_words;  // how the manual describes a default that is found out at run time
  std::string_view help;
  Member member;
  Normalise normalise;

  bool is_list() const {
    return std::holds_alternative<std::vector<std::string> Config::*>(member);
  }
  bool is_switch() const { return std::holds_alternative<bool Config::*>(member); }
};

std::span<const Setting> all_settings();
const Setting* find_setting(std::string_view key);
// The key that was probably meant; empty when nothing is near.
std::string_view nearest_setting(std::string_view key);

std::string flag_of(std::string_view key);      // "--cache-dir"
std::string variable_of(std::string_view key);  // "GHMESH_CACHE_DIR"

// Parses, checks and stores. Throws ConfigError without the place.
void assign(Config& config, const Setting& setting, const std::vector<std::string>& values,
            const ValueContext& context);
// The value as it would stand in a configuration file.
std::string show(const Config& config, const Setting& setting);

}  // namespace ghmesh::node
