// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to github/: the few things that are read out of bodies, from bodies of bounded size. What cannot be read says
// nothing, and the caller falls back to the careful side.
#pragma once

#include <string_view>

#include "github/route.h"

namespace ghmesh::github {

enum class BodyState {
  unsaid,          // nothing that concerns us, or not readable
  active,          // open, queued, running
  settled,         // completed, merged, closed: changes only when somebody reopens or re-runs it
  being_computed,  // "mergeable": null
  incomplete,      // "incomplete_results": true
};
BodyState read_body_state(RouteClass route_class, std::string_view body);

// What the "message" of a 403 is about.
enum class Denial { unknown, permission, limit };
Denial read_denial(std::string_view body);

}  // namespace ghmesh::github
