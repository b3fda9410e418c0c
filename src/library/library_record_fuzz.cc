// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as a record, and its name as a key: no crash; what is read is written again to the same.
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "library/key.h"
#include "library/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = ghmesh::as_text(std::as_bytes(std::span(data, size)));
  static_cast<void>(ghmesh::library::parse_key(bytes));
  const auto record = ghmesh::library::parse_record(bytes);
  if (!record) return 0;
  const auto again = ghmesh::library::write_record(*record);
  const auto back = ghmesh::library::parse_record(again);
  GHMESH_CHECK(back && *back == *record);
  const auto key = ghmesh::library::parse_key(record->name);
  if (key) static_cast<void>(key->joined());
  return 0;
}
