// SPDX-License-Identifier: Apache-2.0 OR MIT
// One question to the admin side of the daemon.
#pragma once

#include <string>

#include "client.h"

namespace ghmesh::app {

// Statistics of a thousand routes are far below it.
inline constexpr std::size_t kAdminAnswerBytesMax = 4 << 20;

// The body of a 200. Throws CommandError: kExitUnreachable when nobody answers, kExitFailed with the daemon's reason
// otherwise.
std::string ask_admin(const std::string& address, ClientRequest request);

}  // namespace ghmesh::app
