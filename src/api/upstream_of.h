// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which upstream a program means: for ghmesh::GitHub, and for the node of a process that leads. It is not the daemon's
// setting: a program is told by its options, and by the variable that tells the daemon too.
#pragma once

#include <string>
#include <string_view>

namespace ghmesh::api {

// Whom GitHub's API is asked of: what was given, else $GHMESH_UPSTREAM, else api.github.com.
std::string upstream_of(std::string_view given);

}  // namespace ghmesh::api
