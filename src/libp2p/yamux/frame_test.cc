// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/yamux/frame.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::yamux {
namespace {

TEST(YamuxFrame, IsReadBack) {
  for (const FrameType type :
       {FrameType::data, FrameType::window_update, FrameType::ping, FrameType::go_away}) {
    for (std::uint16_t flags = 0; flags <= kAllFlags; ++flags) {
      const bool is_of_session = type == FrameType::ping || type == FrameType::go_away;
      const Header header{.type = type,
                          .flags = flags,
                          .stream_id = is_of_session ? 0 : 0x0102'0304u,
                          .length = 0xfffe'fdfc};
      EXPECT_EQ(*parse_header(write_header(header)), header);
    }
  }
}

TEST(YamuxFrame, IsBigEndian) {
  EXPECT_EQ(hex(write_header({.type = FrameType::window_update,
                              .flags = kSyn | kFin,
                              .stream_id = 0x0102'0304,
                              .length = 0x0506'0708})),
            "000100050102030405060708");
}

TEST(YamuxFrame, OfAnotherVersionTypeFlagOrPlaceIsRefused) {
  for (std::string_view text : {
           "010000000000000100000000",  // version 1
           "000400000000000100000000",  // type 4
           "000000100000000100000000",  // a flag beyond RST
           "000080000000000100000000",  // the highest flag
           "000000010000000000000000",  // Data of the session
           "000100000000000000000000",  // WindowUpdate of the session
           "000200010000000100000000",  // Ping of a stream
           "000300000000000100000000",  // GoAway of a stream
       }) {
    EXPECT_EQ(parse_header(*parse_hex(text)).error(), Errc::yamux_malformed) << text;
  }
}

}  // namespace
}  // namespace ghmesh::yamux
