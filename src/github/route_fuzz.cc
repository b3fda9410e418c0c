// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any path gets a route, whose owner and repository are views into that path.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "github/route.h"

namespace {

using namespace ghmesh;

bool is_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  const github::Route route = github::classify_route(path);
  GHMESH_CHECK(!route.name.empty());
  GHMESH_CHECK(is_within(route.owner, path) && is_within(route.repository, path));
  GHMESH_CHECK(route.may_keep || !route.may_share);
  GHMESH_CHECK(route.route_class != github::RouteClass::secret || !route.may_keep);
  GHMESH_CHECK(github::route_class_name(route.route_class) != "");
  return 0;
}
