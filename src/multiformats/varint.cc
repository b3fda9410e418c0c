// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/varint.h"

namespace ghmesh::multiformats {

void append_varint(Bytes& out, std::uint64_t value) {
  GHMESH_CHECK(value <= kVarintMax);
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t bytes_count = 1;
  for (; value >= 0x80; value >>= 7) ++bytes_count;
  return bytes_count;
}

Result<std::optional<Varint>> parse_varint(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < kVarintBytesMax; ++i) {
    const auto byte = std::to_integer<std::uint64_t>(bytes[i]);
    value |= (byte & 0x7f) << (7 * i);
    if (byte & 0x80) continue;
    if (byte == 0 && i > 0) return Errc::malformed;  // a shorter spelling exists
    return std::optional<Varint>({.value = value, .bytes_count = i + 1});
  }
  if (bytes.size() >= kVarintBytesMax) return Errc::malformed;
  return std::optional<Varint>();
}

Result<std::uint64_t> take_varint(Reader& reader) {
  auto varint = parse_varint(reader.rest());
  if (!varint) return varint.error();
  if (!*varint) return Errc::truncated;
  reader.take((*varint)->bytes_count);
  return (*varint)->value;
}

}  // namespace ghmesh::multiformats
