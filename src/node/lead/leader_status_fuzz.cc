// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a process of the same user could answer in the leader's place.
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "node/lead/seat.h"

using namespace ghmesh;
using namespace ghmesh::node;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto status =
      parse_leader_status(as_text({reinterpret_cast<const std::byte*>(data), size}));
  if (!status) return 0;
  const auto again = parse_leader_status(write_leader_status(*status));
  GHMESH_CHECK(again && again->rank == status->rank && again->peers_count == status->peers_count);
  return 0;
}
