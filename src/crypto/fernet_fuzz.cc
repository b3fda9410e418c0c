// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as a token: it does not open, unless it is one that this key has made.
#include <cstdint>

#include "crypto/fernet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ghmesh::crypto::Secret key(std::string(32, 'k'));
  const std::string_view token = ghmesh::as_text(std::as_bytes(std::span(data, size)));
  static_cast<void>(ghmesh::crypto::open_fernet(key, token).has_value());
  return 0;
}
