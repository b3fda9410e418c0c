// SPDX-License-Identifier: Apache-2.0 OR MIT
// Yamux: many two-way streams over one reliable byte pipe. Specification: docs/wire/yamux.md.
//
// A machine: it owns no socket, timer or thread. Feed it what arrived, take what must be sent, take its events. Drain
// next_event() and pending_output() after every call that changes it.
//
// Memory is bounded. A stream holds at most its receive window of unread bytes; windows begin at 256 KiB and grow for
// busy streams while all of them together stay below receive_bytes_max. Nothing is allocated from a length that the
// peer claims: the body of a frame is taken as it arrives. What waits to be sent is bounded too: write() takes less
// when the output is full, and wants_input() turns false when answers to the peer pile up because it does not read
// them.
//
// A peer that breaks the protocol ends the session with an Errc::yamux_*; the session is then finished, and only what
// it has to say last (a GoAway) may be taken from pending_output().
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/yamux/frame.h"

namespace ghmesh::yamux {

using StreamId = std::uint32_t;

// Initial window of every stream (specification, "Flow Control").
inline constexpr std::uint32_t kWindowBytes = 256 * 1024;
// The largest window that one stream grows to; go and js use the same.
inline constexpr std::uint32_t kWindowBytesMax = 16 * 1024 * 1024;
// The body of one Data frame that we send: with its header it fills one Noise message (65,519 bytes of plaintext)
// exactly.
inline constexpr std::size_t kBodyBytesMax = 65'519 - kHeaderBytes;
// Streams of ours that the peer has not acknowledged (specification, "ACK backlog"; rust blocks its openers at the same
// number).
inline constexpr std::size_t kUnacknowledgedMax = 256;
// Bytes that write() lets wait for the pipe: a few Noise messages keep it full.
inline constexpr std::size_t kOutputBytesMax = 512 * 1024;
// Answers (pong, window update, reset) that wait for a peer that does not read. Beyond, its input waits
// (CVE-2024-32984).
inline constexpr std::size_t kAnswerBytesMax = 64 * 1024;

enum class Role { dialer, listener };  // the dialer opens odd stream ids, the listener even ones

struct Options {
  std::size_t inbound_streams_max = 256;  // further ones are reset and counted
  // Sum of all receive windows beyond the initial ones.
  std::size_t receive_bytes_max = 64 * 1024 * 1024;
  Duration keepalive_interval = 30s;  // go and js: 30 s
  Duration keepalive_deadline = 10s;  // without a pong the session is dead
  Duration write_deadline = 10s;      // output that does not move for so long
};

struct Event {
  enum class Kind {
    opened,      // the peer opened `stream`
    readable,    // `stream` has bytes again after it had none
    writable,    // `stream` takes bytes again after write() took fewer than it was given
    finished,    // the peer will send no more on `stream`; what is readable stays so
    reset,       // `stream` is gone, both ways; what was not read is lost
    going_away,  // the peer accepts no new streams
  };
  Kind kind;
  StreamId stream = 0;
};

struct Counters {
  std::uint64_t streams_refused = 0;  // beyond inbound_streams_max
  std::uint64_t pings_ignored = 0;    // while an earlier answer was still waiting
  std::uint64_t bytes_discarded = 0;  // for streams that were closed here
};

class Session {
 public:
  Session(Role role, Options options, Instant now);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- from below ---
  // Consumes all of `bytes`. An error is final.
  Result<void> receive(ByteView bytes, Instant now);
  // False while the peer should be made to wait: do not read from the pipe until output was sent.
  bool wants_input() const;
  // Time has passed. Spurious calls do nothing. Errors (final): yamux_keepalive, yamux_stalled.
  Result<void> tick(Instant now);
  Instant next_deadline() const;

  // --- from above ---
  // Errors: limit_reached (too many unacknowledged), yamux_going_away, yamux_exhausted (2^31 streams were opened).
  Result<StreamId> open_stream();
  // Takes a prefix of `bytes` and returns its size: less than all when the window or the output is full (a writable
  // event follows). Errors: yamux_closed (finished or reset by us, or gone).
  Result<std::size_t> write(StreamId stream, ByteView bytes, Instant now);
  // No more from us on this stream (half-close). The peer may go on.
  void finish(StreamId stream);
  // Gives the stream up, both ways.
  void reset(StreamId stream);
  // What has arrived and was not consumed: a contiguous part, empty when there is nothing. Valid until the next
  // non-const call.
  ByteView readable(StreamId stream) const;
  // Frees the first bytes of readable() and gives the peer credit for them.
  void consume(StreamId stream, std::size_t bytes_count, Instant now);
  // The peer has finished this stream, and everything it sent was consumed.
  bool is_at_end(StreamId stream) const;
  // We open and accept no more streams; those that are open go on.
  void go_away();
  // Measures the round trip; also sent after keepalive_interval of silence.
  void ping(Instant now);

  // --- out ---
  std::optional<Event> next_event();
  ByteView pending_output() const;
  void output_sent(std::size_t bytes_count, Instant now);

  std::size_t streams_count() const { return streams_.size(); }
  // What has arrived on all streams and was not consumed.
  std::size_t unread_bytes() const { return unread_bytes_; }
  const Counters& counters() const { return counters_; }
  std::optional<Duration> round_trip() const { return round_trip_; }

 private:
  struct Stream;

  Stream* find(StreamId stream);
  const Stream* find(StreamId stream) const;
  bool is_ours(StreamId stream) const;

  Result<void> fail(Errc reason);
  Result<void> handle_header(const Header& header, Instant now);
  Result<void> handle_stream_frame(const Header& header);
  Result<void> handle_ping(const Header& header, Instant now);
  void accept_stream(const Header& header);
  Result<void> grant_credit(StreamId id, Stream& stream, std::uint32_t credit);
  void take_body(ByteView body);
  void end_of_body();

  void send_frame(const Header& header, ByteView body = {});
  void send_answer(const Header& header);
  void send_ping(Instant now);
  std::size_t output_room() const;
  void give_credit(StreamId id, Stream& stream, Instant now);
  void grow_window(Stream& stream, Instant now);
  void wake_writer(StreamId id, Stream& stream);
  void wake_writers();
  void close_if_done(StreamId stream);
  void forget(std::map<StreamId, Stream>::iterator stream);
  void emit(Event::Kind kind, StreamId stream = 0);

  const Role role_;
  const Options options_;
  bool is_failed_ = false;
  bool is_going_away_ = false;  // we said so
  bool peer_is_going_away_ = false;

  std::map<StreamId, Stream> streams_;  // ordered: iteration decides who may write next
  StreamId next_stream_;                // ours
  StreamId last_peer_stream_ = 0;       // the highest id that the peer has opened
  std::size_t inbound_streams_ = 0;
  std::size_t unacknowledged_ = 0;
  std::size_t unread_bytes_ = 0;
  std::size_t grown_bytes_ = 0;  // by how much all receive windows exceed the initial ones
  StreamId last_writer_ = 0;     // round robin among blocked writers

  Bytes header_;        // of a frame that arrived in part
  Header body_header_;  // of the frame whose body is arriving
  std::uint32_t body_bytes_left_ = 0;

  Bytes output_;
  std::size_t output_begin_ = 0;  // what was sent of output_
  std::size_t answer_bytes_ = 0;  // of output_: frames that the peer's input caused
  Instant output_moved_at_;
  std::deque<Event> events_;

  Instant last_activity_;
  std::optional<Instant> ping_sent_at_;
  std::uint32_t ping_value_ = 0;
  std::optional<Duration> round_trip_;
  Counters counters_;
};

}  // namespace ghmesh::yamux
