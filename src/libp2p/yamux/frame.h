// SPDX-License-Identifier: Apache-2.0 OR MIT
// One yamux frame: 12 bytes of header, big endian, and for Data a body of `length` bytes (yamux specification,
// "Framing"; docs/wire/yamux.md). Private to the room: session.h is the door.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::yamux {

inline constexpr std::size_t kHeaderBytes = 12;

enum class FrameType : std::uint8_t { data = 0, window_update = 1, ping = 2, go_away = 3 };

enum Flag : std::uint16_t { kSyn = 1, kAck = 2, kFin = 4, kRst = 8 };
inline constexpr std::uint16_t kAllFlags = kSyn | kAck | kFin | kRst;

struct Header {
  FrameType type = FrameType::data;
  std::uint16_t flags = 0;
  std::uint32_t stream_id = 0;
  // Data: bytes of the body; WindowUpdate: credit; Ping: opaque; GoAway: code.
  std::uint32_t length = 0;

  bool has(Flag flag) const { return (flags & flag) != 0; }
  bool operator==(const Header&) const = default;
};

// `bytes` holds at least kHeaderBytes. Errors: yamux_malformed for another version, type or flag, for a stream frame on
// id 0, and for a session frame (Ping, GoAway) on any other id.
Result<Header> parse_header(ByteView bytes);
std::array<std::byte, kHeaderBytes> write_header(const Header& header);

}  // namespace ghmesh::yamux
