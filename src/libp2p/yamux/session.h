// SPDX-License-Identifier: Apache-2.0 OR MIT
// Yamux: many two-way streams over one reliable byte pipe. Specification: docs/wire/yamux.md.
//
// A machine: it owns no socket, timer or thread. Feed it what arrived, take what must be sent, take its events. Drain
// next_event() and pending_output() after every call that changes it.
//
// Memory is bounded, whatever the peer does:
// - A stream holds at most its receive window of unread bytes, and all streams together receive_bytes_max and what one
//   receive() adds to it: then wants_input() is false until something is consumed. Whoever opens a stream to the peer
//   or accepts one reads it or resets it; a stream that nobody reads makes only this peer wait.
// - Windows begin at 256 KiB and grow for busy streams while all of them together stay below receive_bytes_max.
// - Nothing is allocated from a length that the peer claims: the body of a frame is taken as it arrives.
// - What waits to be sent is bounded, too: write() takes less when the output is full, and wants_input() is false while
//   answers to the peer pile up because it does not read them.
//
// A peer that breaks the protocol ends the session with an Errc::yamux_*; the session is then finished, and only what
// it has to say last (a GoAway) may be taken from pending_output().
#pragma once

#include <array>
#include <bitset>
#include <map>
#include <optional>
#include <vector>

#include "base/byte_queue.h"
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
// Streams whose first frames overtake each other: go opens from several threads at once, up to the same backlog.
inline constexpr std::size_t kIdsBehindMax = kUnacknowledgedMax;
// Bytes that write() lets wait for the pipe: a few Noise messages keep it full.
inline constexpr std::size_t kOutputBytesMax = 256 * 1024;
// Answers (pong, window update, reset) that wait for a peer that does not read. Beyond, its input waits
// (CVE-2024-32984).
inline constexpr std::size_t kAnswerBytesMax = 64 * 1024;
// Memory that streams keep while nothing waits in them, so that a busy one need not ask for it again and again. None
// after keepalive_interval of silence.
inline constexpr std::size_t kIdleBytesMax = 512 * 1024;

enum class Role { dialer, listener };  // the dialer opens odd stream ids, the listener even ones

struct Options {
  std::size_t inbound_streams_max = 256;  // further ones are reset and counted
  // Of all streams together: what waits to be read, and, beyond the initial ones, the windows. Two windows of the
  // largest size.
  std::size_t receive_bytes_max = 32 * 1024 * 1024;
  Duration keepalive_interval = 30s;  // go and js: 30 s
  Duration keepalive_deadline = 10s;  // a peer that says nothing for so long after a ping is gone
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
  std::uint64_t streams_refused = 0;  // beyond inbound_streams_max, or after go_away()
  std::uint64_t pings_ignored = 0;    // while earlier answers were still waiting
  std::uint64_t bytes_discarded = 0;  // for streams that were closed here
  std::uint64_t input_pauses = 0;     // wants_input() turned false because too much was unread
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
  // False while the peer should be made to wait: do not read from the pipe until output was sent or bytes consumed.
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
  // What has arrived and was not consumed, in one piece; empty when there is nothing.
  ByteView readable(StreamId stream) const;
  // Frees the first bytes of readable() and gives the peer credit for them.
  void consume(StreamId stream, std::size_t bytes_count, Instant now);
  // The peer has finished this stream, and everything it sent was consumed.
  bool is_at_end(StreamId stream) const;
  // We open and accept no more streams; those that are open go on.
  void go_away();
  // Measures the round trip; also sent after keepalive_interval of silence, and when the first credit is given.
  void ping(Instant now);

  // --- out ---
  std::optional<Event> next_event();
  ByteView pending_output() const { return output_.bytes(); }
  void output_sent(std::size_t bytes_count, Instant now);

  std::size_t streams_count() const { return streams_.size(); }
  std::size_t unread_bytes() const { return unread_bytes_; }  // of all streams
  std::size_t held_bytes() const;                             // on the heap, in all
  const Counters& counters() const { return counters_; }
  std::optional<Duration> round_trip() const { return round_trip_; }

 private:
  struct Stream;
  using Streams = std::map<StreamId, Stream>;  // ordered: iteration decides who may write next

  Stream* find(StreamId stream);
  const Stream* find(StreamId stream) const;
  bool is_ours(StreamId stream) const { return (stream % 2 == 1) == (role_ == Role::dialer); }
  bool was_opened(StreamId stream) const;
  bool is_used_up(StreamId stream) const;
  void use_up(StreamId stream);
  void close_if_done(StreamId stream);
  void forget(Streams::iterator stream);
  void emit(Event::Kind kind, StreamId stream = 0);

  // session.cc: what arrives
  Result<void> fail(Error reason);
  Result<std::optional<Header>> take_header(ByteView& bytes);
  Result<void> handle_header(const Header& header, Instant now);
  Result<void> handle_stream_frame(const Header& header);
  Result<void> handle_ping(const Header& header, Instant now);
  void handle_go_away();
  Result<void> check_stream_frame(const Header& header, const Stream* stream) const;
  Stream* accept_stream(StreamId stream);
  void take_credit(StreamId id, Stream& stream, std::uint32_t credit);
  void take_body(ByteView body);
  void end_of_body();
  void keep_or_release(Stream& stream);

  // session_send.cc: what we send
  void send_frame(const Header& header, ByteView body = {});
  void send_answer(const Header& header);
  void send_ping(Instant now);
  std::size_t output_room() const;
  // Enough to be worth waking a writer for.
  bool has_output_room() const { return output_room() >= kOutputBytesMax / 2; }
  void give_credit(StreamId id, Stream& stream, Instant now);
  void grow_window(Stream& stream, Instant now);
  void set_blocked(Stream& stream, bool is_blocked);
  void wake_writer(StreamId id, Stream& stream);
  void wake_writers();
  void release_idle_memory();
  void note_waiting_output(Instant now);
  void note_resumed_input(bool wanted_input, Instant now);
  Instant keepalive_deadline() const;

  const Role role_;
  const Options options_;
  bool is_failed_ = false;
  bool is_going_away_ = false;  // we said so
  bool peer_is_going_away_ = false;

  Streams streams_;
  StreamId next_stream_;           // ours
  StreamId last_peer_stream_ = 0;  // the highest id that the peer has opened
  // Bit n: it has opened last_peer_stream_ - 2n, too. Lower ones than these are used up.
  std::bitset<kIdsBehindMax> opened_behind_;
  std::size_t inbound_streams_ = 0;
  std::size_t unacknowledged_ = 0;
  std::size_t blocked_writers_ = 0;
  StreamId last_writer_ = 0;  // blocked writers take turns: the next one stands behind it

  std::size_t windows_bytes_ = 0;  // all receive windows at their largest
  std::size_t unread_bytes_ = 0;
  std::size_t idle_bytes_ = 0;  // memory of streams that have nothing unread

  std::array<std::byte, kHeaderBytes> header_;  // of a frame that arrived in part
  std::size_t header_bytes_ = 0;
  Header body_header_;  // of the frame whose body is arriving
  std::uint32_t body_bytes_left_ = 0;
  Stream* body_stream_ = nullptr;  // null: its body is discarded

  ByteQueue output_;
  std::size_t answer_bytes_ = 0;  // of output_: frames that the peer's input caused
  std::optional<Instant> output_waits_since_;
  std::vector<Event> events_;
  std::size_t events_begin_ = 0;

  Instant last_activity_;  // of the peer
  std::optional<Instant> ping_sent_at_;
  std::uint32_t ping_value_ = 0;
  std::optional<Duration> round_trip_;
  Counters counters_;
};

}  // namespace ghmesh::yamux
