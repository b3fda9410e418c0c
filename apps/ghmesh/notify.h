// SPDX-License-Identifier: Apache-2.0 OR MIT
// Tells systemd how the daemon is: one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)). By hand, because
// it is twenty lines, and libsystemd would be one more library in the process that holds the tokens.
#pragma once

#include <string_view>

namespace ghmesh::app {

// "READY=1", "STOPPING=1". Does nothing without NOTIFY_SOCKET; a manager that does not listen is no reason to fail.
void notify_manager(std::string_view state);

}  // namespace ghmesh::app
