// SPDX-License-Identifier: Apache-2.0 OR MIT
// HTTP-date (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ghmesh::http {

// Reads IMF-fixdate only, which is all that GitHub sends; nullopt for anything else.
std::optional<WallTime> parse_date(std::string_view text);
std::string write_date(WallTime time);

}  // namespace ghmesh::http
