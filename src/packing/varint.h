// SPDX-License-Identifier: Apache-2.0 OR MIT
// Varints of our own formats, the store's and the mesh's: seven bits a byte, lowest first (LEB128). Times and lengths
// are small numbers nearly always, and at 300 bytes a row or message every byte shows. Those of libp2p:
// multiformats/varint.h.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace ghmesh::packing {

inline void append_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

// nullopt when the bytes end too early, when the number has more than 64 bits, or when it is spelled longer than it
// needs.
inline std::optional<std::uint64_t> take_varint(Reader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = in.take_big_endian<std::uint8_t>();
    if (!byte) return std::nullopt;
    const std::uint64_t bits = *byte & 0x7f;
    if (shift == 63 && bits > 1) return std::nullopt;
    value |= bits << shift;
    if ((*byte & 0x80) == 0) {
      if (bits == 0 && shift > 0) return std::nullopt;
      return value;
    }
  }
  return std::nullopt;
}

// Signed numbers, the small ones of either sign short: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
inline std::uint64_t to_zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t from_zigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

}  // namespace ghmesh::packing
