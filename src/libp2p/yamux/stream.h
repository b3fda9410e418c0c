// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a session knows of one stream. Private to the room.
#pragma once

#include "libp2p/yamux/session.h"

namespace ghmesh::yamux {

struct Session::Stream {
  // --- what we may send ---
  std::uint32_t send_window = kWindowBytes;  // credit that the peer gave us and we did not use
  bool is_acknowledged = false;   // the peer has answered our SYN (always true for its own streams)
  bool is_finished_here = false;  // we sent FIN
  bool wants_to_write = false;    // write() took less than it was given

  // --- what arrives ---
  Bytes unread;  // [unread_begin, end) is what readable() shows
  std::size_t unread_begin = 0;
  std::uint32_t receive_window = kWindowBytes;      // how much the peer may still send
  std::uint32_t receive_window_max = kWindowBytes;  // what receive_window is filled up to
  Instant window_filled_at{};                       // when credit was last given
  bool is_finished_there = false;                   // the peer sent FIN

  std::size_t unread_bytes() const { return unread.size() - unread_begin; }
  bool is_closed() const { return is_finished_here && is_finished_there && unread_bytes() == 0; }
};

}  // namespace ghmesh::yamux
