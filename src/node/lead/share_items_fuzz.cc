// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a process could send its leader: refused, or the same after it was written again.
#include "node/lead/share_items.h"

#include <cstdint>

#include "base/check.h"

using namespace ghmesh;
using namespace ghmesh::node;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_text({reinterpret_cast<const std::byte*>(data), size});
  const auto items = parse_share_items(body);
  if (!items) return 0;
  std::string written;
  for (const ShareItem& item : *items) append_share_item(written, item);
  GHMESH_CHECK(written == body);
  return 0;
}
