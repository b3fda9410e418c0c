// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a session knows of one stream. Private to the room.
//
//   begins                          ends                                  then
//   open_stream(), or the peer's    both sides have sent FIN and all is   late frames are discarded
//   SYN                             consumed; RST of either side
#pragma once

#include "base/byte_queue.h"
#include "libp2p/yamux/session.h"

namespace ghmesh::yamux {

struct Session::Stream {
  // --- what we may send ---
  std::uint32_t send_window = kWindowBytes;  // credit that the peer gave us and we did not use
  bool is_acknowledged = false;   // the peer has answered our SYN (always true for its own streams)
  bool is_finished_here = false;  // we sent FIN
  bool wants_to_write = false;    // write() took less than it was given

  // --- what arrives ---
  ByteQueue unread;
  std::uint32_t receive_window = kWindowBytes;      // how much the peer may still send
  std::uint32_t receive_window_max = kWindowBytes;  // what both of the above are filled up to
  std::optional<Instant> window_filled_at;          // when credit was last given
  bool is_finished_there = false;                   // the peer sent FIN

  // What the peer may be given besides what it has and what was not read.
  std::uint32_t missing_credit() const {
    return receive_window_max - receive_window - static_cast<std::uint32_t>(unread.size());
  }
  bool is_closed() const { return is_finished_here && is_finished_there && unread.is_empty(); }
};

}  // namespace ghmesh::yamux
