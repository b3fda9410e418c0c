// SPDX-License-Identifier: Apache-2.0 OR MIT
// For the tests of this room: two sessions and a wire, and frames made by hand.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "base/test_wire.h"
#include "libp2p/yamux/session.h"

namespace ghmesh::yamux {

inline constexpr Instant kStart = Instant(1h);

struct Pair {
  explicit Pair(Options options = {})
      : dialer(Role::dialer, options, kStart), listener(Role::listener, options, kStart) {}

  // Honest sessions find no fault with each other.
  std::size_t carry(Session& from, Session& to, std::size_t bytes_max = SIZE_MAX) {
    auto carried = test::carry(from, to, bytes_max, now);
    EXPECT_TRUE(carried) << carried.error().message();
    return carried ? *carried : 0;
  }
  void settle(std::size_t bytes_max = SIZE_MAX) {
    EXPECT_TRUE(test::settle(dialer, listener, bytes_max, now));
  }
  void read_all(Session& session, StreamId stream) {
    session.consume(stream, session.readable(stream).size(), now);
  }

  Session dialer, listener;
  Instant now = kStart;
};

// The events that wait, without their streams.
inline std::vector<Event::Kind> kinds(Session& session) {
  std::vector<Event::Kind> out;
  while (auto event = session.next_event()) out.push_back(event->kind);
  return out;
}

// A frame with `body_bytes` bytes of its body, which may be fewer than `header` claims.
inline Bytes frame(const Header& header, std::size_t body_bytes = 0) {
  Bytes out = copy_bytes(write_header(header));
  out.resize(out.size() + body_bytes);
  return out;
}
inline Bytes frame(FrameType type, std::uint16_t flags, StreamId id, std::uint32_t length,
                   std::size_t body_bytes = 0) {
  return frame({.type = type, .flags = flags, .stream_id = id, .length = length}, body_bytes);
}

// What ends the session; no error when nothing does.
inline Error rejection(Session& session, ByteView bytes) {
  auto received = session.receive(bytes, kStart);
  return received ? Error() : received.error();
}

}  // namespace ghmesh::yamux
