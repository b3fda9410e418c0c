// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as a file of the predecessor's: no crash, and a key that is told is the one whose file has this name.
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "library/legacy_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ghmesh::as_text(std::as_bytes(std::span(data, size)));
  const auto entry = ghmesh::library::parse_legacy_entry(text);
  if (!entry) return 0;
  const std::string stem = ghmesh::library::legacy_stem(entry->joined_key);
  const auto key = ghmesh::library::legacy_key(*entry, stem);
  if (key && !entry->joined_key.empty())
    GHMESH_CHECK(ghmesh::library::legacy_stem(key->joined()).size() == stem.size());
  return 0;
}
