// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/yamux/frame.h"

namespace ghmesh::yamux {
namespace {

constexpr std::uint8_t kVersion = 0;

bool is_session_frame(FrameType type) {
  return type == FrameType::ping || type == FrameType::go_away;
}

}  // namespace

Result<Header> parse_header(ByteView bytes) {
  GHMESH_CHECK(bytes.size() >= kHeaderBytes);
  const auto version = std::to_integer<std::uint8_t>(bytes[0]);
  const auto type = std::to_integer<std::uint8_t>(bytes[1]);
  if (version != kVersion || type > static_cast<std::uint8_t>(FrameType::go_away))
    return Errc::yamux_malformed;
  const Header header{.type = static_cast<FrameType>(type),
                      .flags = load_big_endian<std::uint16_t>(bytes.subspan(2, 2)),
                      .stream_id = load_big_endian<std::uint32_t>(bytes.subspan(4, 4)),
                      .length = load_big_endian<std::uint32_t>(bytes.subspan(8, 4))};
  if ((header.flags & ~kAllFlags) != 0) return Errc::yamux_malformed;
  if (is_session_frame(header.type) != (header.stream_id == 0)) return Errc::yamux_malformed;
  return header;
}

std::array<std::byte, kHeaderBytes> write_header(const Header& header) {
  std::array<std::byte, kHeaderBytes> out;
  const MutableByteView bytes(out);
  bytes[0] = std::byte{kVersion};
  bytes[1] = static_cast<std::byte>(header.type);
  store_big_endian(bytes.subspan(2, 2), header.flags);
  store_big_endian(bytes.subspan(4, 4), header.stream_id);
  store_big_endian(bytes.subspan(8, 4), header.length);
  return out;
}

}  // namespace ghmesh::yamux
