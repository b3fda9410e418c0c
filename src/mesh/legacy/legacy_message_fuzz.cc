// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as the plain text of a message, and as a whole message: no crash; what is taken has a key.
#include <cstdint>

#include "base/check.h"
#include "mesh/legacy/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ghmesh::crypto::Secret key(std::string(32, 'k'));
  const ghmesh::ByteView bytes = std::as_bytes(std::span(data, size));
  const ghmesh::WallTime now = ghmesh::wall_time(1'790'000'000);
  static_cast<void>(
      ghmesh::mesh::read_legacy_message(key, ghmesh::as_text(bytes), now).has_value());
  const std::string token = ghmesh::crypto::seal_fernet(key, bytes, now, {});
  const auto entry = ghmesh::mesh::read_legacy_message(key, token, now);
  if (entry) GHMESH_CHECK(!entry->joined_key.empty());
  return 0;
}
