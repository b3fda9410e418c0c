// SPDX-License-Identifier: Apache-2.0 OR MIT
// The plain bytes of an announcement, as a lying member could send them: refused, or something within its limits that
// is the same after it was written again.
#include "mesh/wire/announcement.h"

#include <cstdint>

#include "base/check.h"

using namespace ghmesh;
using namespace ghmesh::mesh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse_announcement({reinterpret_cast<const std::byte*>(data), size});
  if (!parsed) return 0;
  if (const auto* fetched = std::get_if<Fetched>(&*parsed)) {
    GHMESH_CHECK(fetched->headers == gossiped_headers(fetched->headers));
    GHMESH_CHECK(fetched->ttl >= Seconds(0) && fetched->ttl <= kClaimedTtlMax);
    GHMESH_CHECK(!fetched->body || fetched->body->size() <= kInlinePlainBytesMax);
    GHMESH_CHECK(fetched->body_bytes <= kEntryBodyBytesMax);
  }
  if (const auto* shared = std::get_if<Shared>(&*parsed)) {
    GHMESH_CHECK(shared->record_bytes > 0 && shared->record_bytes <= kSharedRecordBytesMax);
    GHMESH_CHECK(!shared->record || shared->record->size() <= kInlinePlainBytesMax);
  }
  const auto written = write_announcement(*parsed);
  if (!written) {
    // Packed by somebody who packs better than we do.
    GHMESH_CHECK(written.error() == Errc::too_large && size > kInlinePackedBytesMax / 2);
    return 0;
  }
  const auto again = parse_announcement(*written);
  GHMESH_CHECK(again.has_value());
  const auto* before = std::get_if<Fetched>(&*parsed);
  const auto* after = std::get_if<Fetched>(&*again);
  if (before != nullptr && before->body && after != nullptr && !after->body) {
    GHMESH_CHECK(after->body_digest == before->body_digest);
    return 0;
  }
  const auto* put = std::get_if<Shared>(&*parsed);
  const auto* put_again = std::get_if<Shared>(&*again);
  if (put != nullptr && put->record && put_again != nullptr && !put_again->record) {
    GHMESH_CHECK(put_again->digest == put->digest);
    return 0;
  }
  GHMESH_CHECK(*again == *parsed);
  return 0;
}
