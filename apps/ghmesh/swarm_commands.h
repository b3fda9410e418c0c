// SPDX-License-Identifier: Apache-2.0 OR MIT
// The commands of `ghmesh swarm`. Standard output carries what was asked for; hints go to standard error.
#pragma once

#include "command.h"

namespace ghmesh::app {

int run_swarm_new(const Arguments& arguments);
int run_swarm_join(const Arguments& arguments);
int run_swarm_show(const Arguments& arguments);
int run_swarm_rotate(const Arguments& arguments);
int run_swarm_leave(const Arguments& arguments);

}  // namespace ghmesh::app
