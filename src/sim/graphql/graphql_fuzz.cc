// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as a GraphQL document, parsed and executed over a small world: no crash, no endless work, always an answer.
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "sim/graphql/execute.h"

namespace {

using ghmesh::sim::world::Repository;
using ghmesh::sim::world::World;

World& small_world() {
  static World world(1, {});
  return world;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ghmesh::as_text(std::as_bytes(std::span(data, size)));
  const ghmesh::sim::graphql::Viewer viewer{.login = "octocat",
                                            .may_read = [](const Repository&) { return true; },
                                            .may_write = [](const Repository&) { return false; }};
  const auto executed = ghmesh::sim::graphql::execute({{"query", text}}, small_world(), viewer);
  GHMESH_CHECK(executed.points >= 1);
  GHMESH_CHECK(executed.body.contains("data") || executed.body.contains("errors"));
  return 0;
}
