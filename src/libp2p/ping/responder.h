// SPDX-License-Identifier: Apache-2.0 OR MIT
// Ping, the side that answers: every 32 bytes come back as they are. Specification: docs/wire/ping.md.
//
// A stream machine (libp2p/stream/machine.h). It has no limit on the number of pings: some peers keep one stream for as
// long as the connection lives. How many streams a peer may have is the host's matter: two (ping.md).
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace ghmesh::ping {

inline constexpr std::string_view kProtocol = "/ipfs/ping/1.0.0";
inline constexpr std::size_t kPingBytes = 32;
// What waits to be echoed. A peer that sends on without reading is not read from; honest ones wait for each echo.
inline constexpr std::size_t kHeldBytesMax = 16 * kPingBytes;
// For a ping to become whole and its echo to be taken, and for an echo to come back: as go and js.
inline constexpr Duration kDeadline = 10s;
// More streams of one peer than this are to be refused (libp2p specification, ping/ping.md).
inline constexpr std::size_t kInboundStreamsMax = 2;

class Responder {
 public:
  explicit Responder(Instant /*now*/) {}

  Result<std::size_t> receive(ByteView bytes, Instant now);
  // Errors: ping_malformed (in the middle of a ping).
  Result<void> peer_finished(Instant now);
  ByteView pending_output() const;
  void output_sent(std::size_t bytes_count, Instant now);
  bool wants_finish() const { return is_finished_there_; }
  Result<void> tick(Instant now);
  Instant next_deadline() const { return deadline_; }
  bool is_done() const { return is_finished_there_ && held_.empty(); }

  std::uint64_t pings_count() const { return received_ / kPingBytes; }

 private:
  Bytes held_;  // received and not yet echoed
  std::uint64_t received_ = 0;
  bool is_finished_there_ = false;
  Instant deadline_ = Instant::max();  // while anything is held
};

}  // namespace ghmesh::ping
