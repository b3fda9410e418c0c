// SPDX-License-Identifier: Apache-2.0 OR MIT
// The bytes that a measurement carries: zeros, always the same, so that nothing is made or held for them. Private to
// the room.
#pragma once

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace ghmesh::perf {

// What one call shows: a Noise message takes no more.
inline constexpr std::size_t kFillerBytesMax = 64 * 1024;

inline ByteView filler(std::uint64_t bytes_left) {
  static constexpr std::array<std::byte, kFillerBytesMax> kZeros{};
  return ByteView(kZeros).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes_left, kFillerBytesMax)));
}

}  // namespace ghmesh::perf
