// SPDX-License-Identifier: Apache-2.0 OR MIT
// Bytes: how raw memory is named, read and written everywhere in ghmesh.
//
// A Reader walks bytes that may have been cut anywhere, so "not enough yet" is an ordinary answer and not an error:
// ask remaining() or use the try-free getters, which return nullopt and leave the position where it was.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ghmesh {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes copy_bytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Not for secrets: the time taken tells where two inputs differ. crypto/secret.h compares those.
inline bool equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

// To the front of `out`, which is at least as large and does not overlap it. (std::ranges::copy on spans moves 16 bytes
// at a time with g++ 12.)
inline void copy_to(MutableByteView out, ByteView bytes) {
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

// Fixed-width integers in network order (big endian) and, where a format asks for it, little endian.
template <std::unsigned_integral T>
T load_big_endian(ByteView bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>((value << 8) | std::to_integer<T>(bytes[i]));
  return value;
}
template <std::unsigned_integral T>
void store_big_endian(MutableByteView out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8))
    out[i] = static_cast<std::byte>(value & 0xff);
}
template <std::unsigned_integral T>
void append_big_endian(Bytes& out, T value) {
  out.resize(out.size() + sizeof(T));
  store_big_endian<T>(MutableByteView(out).last(sizeof(T)), value);
}

// Reads from the front of a view. Every getter either succeeds and advances, or returns nullopt and does not move.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  std::size_t remaining() const { return bytes_.size(); }
  bool is_empty() const { return bytes_.empty(); }
  ByteView rest() const { return bytes_; }

  std::optional<ByteView> take(std::size_t bytes_count) {
    if (bytes_count > bytes_.size()) return std::nullopt;
    ByteView taken = bytes_.first(bytes_count);
    bytes_ = bytes_.subspan(bytes_count);
    return taken;
  }

  template <std::unsigned_integral T>
  std::optional<T> take_big_endian() {
    auto taken = take(sizeof(T));
    if (!taken) return std::nullopt;
    return load_big_endian<T>(*taken);
  }

 private:
  ByteView bytes_;
};

}  // namespace ghmesh
