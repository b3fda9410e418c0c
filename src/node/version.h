// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which ghmesh this is.
#pragma once

#include <string_view>

namespace ghmesh::node {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace ghmesh::node
