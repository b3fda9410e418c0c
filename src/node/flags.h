// SPDX-License-Identifier: Apache-2.0 OR MIT
// The table of settings as flags of a command.
#pragma once

#include <string_view>
#include <vector>

#include "node/config.h"

namespace CLI {
class App;
}

namespace ghmesh::node {

// Adds --config and the flags of these keys, or of all settings when there are none. What the command line gives is put
// into `flags`, which outlives the parsing. Values are checked by load_config(), as those of every other source.
void add_setting_flags(CLI::App& app, std::vector<FlagValue>& flags,
                       const std::vector<std::string_view>& keys = {});

}  // namespace ghmesh::node
