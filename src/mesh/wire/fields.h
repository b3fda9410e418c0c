// SPDX-License-Identifier: Apache-2.0 OR MIT
// How single values stand on the mesh's wire. Private to the room.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "packing/varint.h"

namespace ghmesh::mesh {

// Dates count from here, so that today's take four bytes.
inline constexpr std::int64_t kDatesBegin = 1'767'225'600;  // 2026-01-01
// Far beyond what anybody lives to see, and far from overflow.
inline constexpr std::int64_t kDateSecondsMax = std::int64_t{1} << 40;

inline void append_seconds(Bytes& out, std::int64_t seconds) {
  packing::append_varint(out, packing::to_zigzag(seconds));
}
inline std::optional<std::int64_t> take_seconds(Reader& in) {
  const auto number = packing::take_varint(in);
  if (!number) return std::nullopt;
  const std::int64_t seconds = packing::from_zigzag(*number);
  if (seconds > kDateSecondsMax || seconds < -kDateSecondsMax) return std::nullopt;
  return seconds;
}

// Dates beyond the limit are cut to it: they are our own, of an upstream that sent nonsense.
inline std::int64_t cut_date(WallTime date) {
  return std::clamp(to_seconds(date), -kDateSecondsMax / 2, kDateSecondsMax / 2);
}
inline void append_date(Bytes& out, WallTime date) {
  append_seconds(out, cut_date(date) - kDatesBegin);
}
inline std::optional<WallTime> take_date(Reader& in) {
  const auto seconds = take_seconds(in);
  if (!seconds) return std::nullopt;
  const WallTime date = wall_time(kDatesBegin + *seconds);
  if (to_seconds(date) != cut_date(date)) return std::nullopt;
  return date;
}

// To the millisecond.
using Moment = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
inline void append_moment(Bytes& out, Moment moment) {
  constexpr std::int64_t kMost = kDateSecondsMax / 2 * 1'000;
  const std::int64_t cut =
      std::clamp(static_cast<std::int64_t>(moment.time_since_epoch().count()), -kMost, kMost);
  packing::append_varint(out, packing::to_zigzag(cut - kDatesBegin * 1'000));
}
inline std::optional<Moment> take_moment(Reader& in) {
  constexpr std::int64_t kMost = kDateSecondsMax / 2 * 1'000;
  const auto number = packing::take_varint(in);
  if (!number) return std::nullopt;
  const std::int64_t since = packing::from_zigzag(*number);
  if (since > 2 * kMost || since < -2 * kMost) return std::nullopt;
  const std::int64_t count = since + kDatesBegin * 1'000;
  if (count > kMost || count < -kMost) return std::nullopt;
  return Moment(std::chrono::milliseconds(count));
}

inline std::optional<std::uint64_t> take_number(Reader& in, std::uint64_t most) {
  const auto number = packing::take_varint(in);
  return number && *number <= most ? number : std::nullopt;
}

template <std::size_t Size>
std::optional<std::array<std::byte, Size>> take_array(Reader& in) {
  const auto bytes = in.take(Size);
  if (!bytes) return std::nullopt;
  std::array<std::byte, Size> out;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

inline void append_sized(Bytes& out, ByteView bytes) {
  packing::append_varint(out, bytes.size());
  append(out, bytes);
}
inline std::optional<ByteView> take_sized(Reader& in, std::size_t bytes_max) {
  const auto bytes_count = take_number(in, bytes_max);
  return bytes_count ? in.take(*bytes_count) : std::nullopt;
}

}  // namespace ghmesh::mesh
