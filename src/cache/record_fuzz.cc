// SPDX-License-Identifier: Apache-2.0 OR MIT
// A record's plain bytes, as any build or a broken disk might hold them: refused, or read into something that reads the
// same after it was written again.
#include "cache/record.h"

#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ghmesh;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  (void)cache::parse_prefix(bytes);
  const auto record = cache::parse_record(bytes);
  if (!record) return 0;
  const auto again = cache::parse_record(cache::write_record(record->entry, record->body_key));
  GHMESH_CHECK(again.has_value());
  GHMESH_CHECK(again->entry.headers == record->entry.headers);
  GHMESH_CHECK(again->entry.etag == record->entry.etag);
  GHMESH_CHECK(again->entry.proven_at == record->entry.proven_at &&
               again->entry.ttl == record->entry.ttl);
  GHMESH_CHECK(again->body_key == record->body_key);
  GHMESH_CHECK((again->entry.body == nullptr) == (record->entry.body == nullptr));
  if (record->entry.body) GHMESH_CHECK(*again->entry.body == *record->entry.body);
  return 0;
}
