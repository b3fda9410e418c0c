// SPDX-License-Identifier: Apache-2.0 OR MIT
// A directory of configuration for gh in which gh uses our socket, and everything else is as in the user's own.
#pragma once

#include <string>

#include "node/config.h"

namespace ghmesh::app {

// Fills `directory`, which exists: config.yml is the user's with http_unix_socket set, hosts.yml leads to the user's
// own file, so that a login made by gh in there stays. Throws CommandError.
void fill_gh_directory(const std::string& directory, const std::string& socket,
                       const node::Environment& environment);

// The text of config.yml with this socket: the line that sets it is replaced, or added.
std::string with_socket(std::string_view config_yml, std::string_view socket);

}  // namespace ghmesh::app
