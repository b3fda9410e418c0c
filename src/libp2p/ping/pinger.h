// SPDX-License-Identifier: Apache-2.0 OR MIT
// Ping, the side that asks: 32 bytes that nobody can guess go out, and the time until they are back is the round trip.
// Specification: docs/wire/ping.md.
//
// A stream machine (libp2p/stream/machine.h), one ping at a time, as many after each other as wanted. When the peer
// ends the stream between two pings, it is done: open another for the next.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/ping/responder.h"

namespace ghmesh::ping {

class Pinger {
 public:
  // Random: a peer that could guess it would seem nearer than it is.
  using Payload = std::array<std::byte, kPingBytes>;

  explicit Pinger(Instant /*now*/) {}

  // Not while one is under way, nor after finish().
  void ping(const Payload& payload, Instant now);
  bool is_waiting() const { return sent_at_.has_value(); }
  // Of the last ping that came back.
  std::optional<Duration> round_trip() const { return round_trip_; }
  // No more pings: the stream ends after the one under way.
  void finish(Instant now);

  // Errors: ping_wrong_echo (also for bytes that nobody asked for).
  Result<std::size_t> receive(ByteView bytes, Instant now);
  // Errors: ping_malformed (while a ping is under way).
  Result<void> peer_finished(Instant now);
  ByteView pending_output() const { return ByteView(payload_).subspan(payload_sent_); }
  void output_sent(std::size_t bytes_count, Instant now);
  bool wants_finish() const { return (is_finished_here_ && !is_waiting()) || is_finished_there_; }
  Result<void> tick(Instant now);
  Instant next_deadline() const { return deadline_; }
  bool is_done() const { return is_finished_there_; }

 private:
  Payload payload_{};
  std::size_t payload_sent_ = kPingBytes;
  std::size_t payload_returned_ = 0;
  std::optional<Instant> sent_at_;  // while a ping is under way
  std::optional<Duration> round_trip_;
  bool is_finished_here_ = false;
  bool is_finished_there_ = false;
  Instant deadline_ = Instant::max();
};

}  // namespace ghmesh::ping
