// SPDX-License-Identifier: Apache-2.0 OR MIT
// Inside crypto/ only: bytes as the C libraries spell them.
#pragma once

#include "base/bytes.h"

namespace ghmesh::crypto {

inline const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* raw(MutableByteView bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace ghmesh::crypto
