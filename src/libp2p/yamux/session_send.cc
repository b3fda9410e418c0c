// SPDX-License-Identifier: Apache-2.0 OR MIT
// What we send: data within the peer's windows, credit for what was consumed, keepalives.
#include <algorithm>

#include "libp2p/yamux/session.h"
#include "libp2p/yamux/stream.h"

namespace ghmesh::yamux {
namespace {

// A window of which half is consumed within this many round trips is too small for the path: it doubles (as go and
// rust do).
constexpr int kGrowthRoundTrips = 4;
// What a round trip is taken for before the first pong, and at least: on a quicker path it is the scheduler that
// decides.
constexpr Duration kRoundTripGuess = 50ms;
constexpr Duration kRoundTripMin = 10ms;
constexpr std::uint32_t kNormalEnd = 0;  // GoAway code
// The largest ids, 2^32 - 2 and 2^32 - 1, stay unused: adding two to them would wrap.
constexpr StreamId kStreamIdMax = 0xffff'fffd;

}  // namespace

void Session::send_frame(const Header& header, ByteView body) {
  const MutableByteView out = output_.prepare(kHeaderBytes + body.size());
  copy_to(out, write_header(header));
  copy_to(out.subspan(kHeaderBytes), body);
  output_.commit(out.size());
}

void Session::send_answer(const Header& header) {
  send_frame(header);
  answer_bytes_ += kHeaderBytes;
}

void Session::output_sent(std::size_t bytes_count, Instant now) {
  if (bytes_count == 0) return;
  const bool wanted_input = wants_input();
  output_.pop(bytes_count);
  // Answers stand anywhere in it; they are taken to be the last.
  answer_bytes_ = std::min(answer_bytes_, output_.size());
  output_waits_since_.reset();
  note_waiting_output(now);
  note_resumed_input(wanted_input, now);
  wake_writers();
}

// open_stream(), finish() and reset() know no time: what they send is taken to wait since the next call that does.
void Session::note_waiting_output(Instant now) {
  if (!output_.is_empty() && !output_waits_since_) output_waits_since_ = now;
}

// Nobody listened while we wanted no input: that silence was not the peer's.
void Session::note_resumed_input(bool wanted_input, Instant now) {
  if (!wanted_input && wants_input()) last_activity_ = now;
}

std::size_t Session::output_room() const {
  return output_.size() < kOutputBytesMax ? kOutputBytesMax - output_.size() : 0;
}

Result<StreamId> Session::open_stream() {
  if (is_failed_ || is_going_away_ || peer_is_going_away_) return Errc::yamux_going_away;
  if (unacknowledged_ >= kUnacknowledgedMax) return Errc::limit_reached;
  if (next_stream_ > kStreamIdMax) return Errc::yamux_exhausted;
  const StreamId id = next_stream_;
  next_stream_ += 2;
  streams_[id];
  windows_bytes_ += kWindowBytes;
  ++unacknowledged_;
  send_frame({.type = FrameType::window_update, .flags = kSyn, .stream_id = id});
  return id;
}

Result<std::size_t> Session::write(StreamId id, ByteView bytes, Instant now) {
  Stream* stream = find(id);
  if (is_failed_ || !stream || stream->is_finished_here) return Errc::yamux_closed;
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const std::size_t part = std::min(
        {bytes.size() - taken, std::size_t{stream->send_window}, kBodyBytesMax, output_room()});
    if (part == 0) break;
    send_frame(
        {.type = FrameType::data, .stream_id = id, .length = static_cast<std::uint32_t>(part)},
        bytes.subspan(taken, part));
    stream->send_window -= static_cast<std::uint32_t>(part);
    taken += part;
  }
  if (taken > 0) last_writer_ = id;
  set_blocked(*stream, taken < bytes.size());
  note_waiting_output(now);
  return taken;
}

void Session::set_blocked(Stream& stream, bool is_blocked) {
  if (stream.wants_to_write == is_blocked) return;
  stream.wants_to_write = is_blocked;
  if (is_blocked) ++blocked_writers_;
  else --blocked_writers_;
}

void Session::wake_writer(StreamId id, Stream& stream) {
  set_blocked(stream, false);
  emit(Event::Kind::writable, id);
}

// In turn, beginning behind the one that wrote last: a stream with much to say does not starve the others.
void Session::wake_writers() {
  if (blocked_writers_ == 0 || !has_output_room()) return;
  const auto wake_if_blocked = [this](auto& entry) {
    Stream& stream = entry.second;
    if (stream.wants_to_write && stream.send_window > 0) wake_writer(entry.first, stream);
  };
  const auto next = streams_.upper_bound(last_writer_);
  std::for_each(next, streams_.end(), wake_if_blocked);
  std::for_each(streams_.begin(), next, wake_if_blocked);
}

void Session::finish(StreamId id) {
  Stream* stream = find(id);
  if (is_failed_ || !stream || stream->is_finished_here) return;
  stream->is_finished_here = true;
  set_blocked(*stream, false);
  send_frame({.type = FrameType::data, .flags = kFin, .stream_id = id});
  close_if_done(id);
}

void Session::reset(StreamId id) {
  const auto found = streams_.find(id);
  if (is_failed_ || found == streams_.end()) return;
  forget(found);
  send_frame({.type = FrameType::window_update, .flags = kRst, .stream_id = id});
}

// Credit goes back in halves of the window: less would cost a frame per read, more would stall the sender.
void Session::give_credit(StreamId id, Stream& stream, Instant now) {
  if (is_failed_ || stream.missing_credit() < stream.receive_window_max / 2) return;
  grow_window(stream, now);
  const std::uint32_t credit = stream.missing_credit();
  stream.receive_window += credit;
  stream.window_filled_at = now;
  send_answer({.type = FrameType::window_update, .stream_id = id, .length = credit});
  // Whether the window is large enough depends on the round trip.
  if (!round_trip_) ping(now);
}

void Session::grow_window(Stream& stream, Instant now) {
  const Duration round_trip = std::max(round_trip_.value_or(kRoundTripGuess), kRoundTripMin);
  const bool is_busy =
      stream.window_filled_at && now - *stream.window_filled_at < kGrowthRoundTrips * round_trip;
  const std::uint32_t growth = stream.receive_window_max;
  if (!is_busy || growth > kWindowBytesMax - stream.receive_window_max) return;
  if (windows_bytes_ + growth > options_.receive_bytes_max) return;
  windows_bytes_ += growth;
  stream.receive_window_max += growth;
}

void Session::go_away() {
  if (is_failed_ || is_going_away_) return;
  is_going_away_ = true;
  send_frame({.type = FrameType::go_away, .length = kNormalEnd});
}

Result<void> Session::tick(Instant now) {
  if (is_failed_) return {};
  if (output_waits_since_ && now - *output_waits_since_ >= options_.write_deadline)
    return fail(Errc::yamux_stalled);
  if (wants_input() && now >= keepalive_deadline()) {
    if (ping_sent_at_) return fail(Errc::yamux_keepalive);
    release_idle_memory();
    send_ping(now);
  }
  note_waiting_output(now);
  return {};
}

void Session::release_idle_memory() {
  for (auto& [id, stream] : streams_)
    if (stream.unread.is_empty()) stream.unread.release();
  idle_bytes_ = 0;
}

void Session::ping(Instant now) {
  if (!is_failed_ && !ping_sent_at_) send_ping(now);
}

void Session::send_ping(Instant now) {
  ping_sent_at_ = now;
  send_frame({.type = FrameType::ping, .flags = kSyn, .length = ++ping_value_});
  note_waiting_output(now);
}

// Until then the peer may be silent: before we ask it, or after. Whatever it says proves that it is there.
Instant Session::keepalive_deadline() const {
  if (!ping_sent_at_) return last_activity_ + options_.keepalive_interval;
  return std::max(*ping_sent_at_, last_activity_) + options_.keepalive_deadline;
}

Instant Session::next_deadline() const {
  if (is_failed_) return Instant::max();
  Instant deadline = wants_input() ? keepalive_deadline() : Instant::max();
  if (output_waits_since_)
    deadline = std::min(deadline, *output_waits_since_ + options_.write_deadline);
  else if (!output_.is_empty())
    deadline = last_activity_;  // at once: tick() then knows since when it waits
  return deadline;
}

}  // namespace ghmesh::yamux
