// SPDX-License-Identifier: Apache-2.0 OR MIT
// The subcommands of `ghmesh p2p`.
#pragma once

#include <string>

#include "command.h"
#include "multiformats/peer_id.h"

namespace ghmesh::net {
class Session;
}

namespace ghmesh::app {

// Both throw CommandError, which names the address and the reason.
std::string listen(net::Session& session, const std::string& address);  // where it can be dialed
multiformats::PeerId connect(net::Session& session, const std::string& address);

int run_p2p_id(const Arguments& arguments);
int run_p2p_listen(const Arguments& arguments);
int run_p2p_ping(const Arguments& arguments);
int run_p2p_identify(const Arguments& arguments);
int run_p2p_perf(const Arguments& arguments);
int run_p2p_pub(const Arguments& arguments);
int run_p2p_sub(const Arguments& arguments);

}  // namespace ghmesh::app
