// SPDX-License-Identifier: Apache-2.0 OR MIT
// What we send: data within the peer's windows, credit for what was consumed, keepalives.
#include <algorithm>

#include "libp2p/yamux/session.h"
#include "libp2p/yamux/stream.h"

namespace ghmesh::yamux {
namespace {

// A window that empties within this many round trips is too small for the path: it doubles (as go and rust do).
constexpr int kGrowthRoundTrips = 4;
// What a round trip is taken for before the first pong.
constexpr Duration kRoundTripGuess = 50ms;
// Sent output that still stands in front is dropped when there is this much of it.
constexpr std::size_t kCompactBytes = 256 * 1024;
constexpr std::uint32_t kNormalEnd = 0;  // GoAway code

}  // namespace

void Session::send_frame(const Header& header, ByteView body) {
  append_header(output_, header);
  append(output_, body);
}

void Session::send_answer(const Header& header) {
  send_frame(header);
  answer_bytes_ += kHeaderBytes;
}

ByteView Session::pending_output() const { return ByteView(output_).subspan(output_begin_); }

void Session::output_sent(std::size_t bytes_count, Instant now) {
  GHMESH_CHECK(bytes_count <= output_.size() - output_begin_);
  output_begin_ += bytes_count;
  output_moved_at_ = now;
  if (output_begin_ == output_.size()) {
    output_.clear();
    output_begin_ = 0;
    answer_bytes_ = 0;
  } else if (output_begin_ >= kCompactBytes) {
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(output_begin_));
    output_begin_ = 0;
  }
  answer_bytes_ = std::min(answer_bytes_, output_.size() - output_begin_);
  wake_writers();
}

std::size_t Session::output_room() const {
  const std::size_t waiting = output_.size() - output_begin_;
  return waiting < kOutputBytesMax ? kOutputBytesMax - waiting : 0;
}

Result<std::size_t> Session::write(StreamId id, ByteView bytes, Instant now) {
  Stream* stream = find(id);
  if (is_failed_ || !stream || stream->is_finished_here) return Errc::yamux_closed;
  if (output_.size() == output_begin_) output_moved_at_ = now;
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
  stream->wants_to_write = taken < bytes.size();
  return taken;
}

void Session::wake_writer(StreamId id, Stream& stream) {
  stream.wants_to_write = false;
  emit(Event::Kind::writable, id);
}

// In turn, beginning behind the one that was woken last: a stream with much to say does not starve the others.
void Session::wake_writers() {
  if (output_room() < kOutputBytesMax / 2) return;
  const auto wake_if_blocked = [this](auto& entry) {
    Stream& stream = entry.second;
    if (!stream.wants_to_write || stream.send_window == 0) return;
    last_writer_ = entry.first;
    wake_writer(entry.first, stream);
  };
  const auto middle = streams_.upper_bound(last_writer_);
  std::for_each(middle, streams_.end(), wake_if_blocked);
  std::for_each(streams_.begin(), middle, wake_if_blocked);
}

void Session::finish(StreamId id) {
  Stream* stream = find(id);
  if (is_failed_ || !stream || stream->is_finished_here) return;
  stream->is_finished_here = true;
  stream->wants_to_write = false;
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
  const auto held = stream.receive_window + static_cast<std::uint32_t>(stream.unread_bytes());
  if (is_failed_ || stream.receive_window_max - held < stream.receive_window_max / 2) return;
  grow_window(stream, now);
  const std::uint32_t credit = stream.receive_window_max - held;
  stream.receive_window += credit;
  stream.window_filled_at = now;
  send_answer({.type = FrameType::window_update, .stream_id = id, .length = credit});
}

void Session::grow_window(Stream& stream, Instant now) {
  const Duration round_trip = round_trip_.value_or(kRoundTripGuess);
  const bool is_busy = stream.window_filled_at != Instant{} &&
                       now - stream.window_filled_at < kGrowthRoundTrips * round_trip;
  const std::uint32_t growth = stream.receive_window_max;
  if (!is_busy || stream.receive_window_max >= kWindowBytesMax) return;
  if (grown_bytes_ + growth > options_.receive_bytes_max) return;
  grown_bytes_ += growth;
  stream.receive_window_max += growth;
}

void Session::go_away() {
  if (is_failed_ || is_going_away_) return;
  is_going_away_ = true;
  send_frame({.type = FrameType::go_away, .length = kNormalEnd});
}

Result<void> Session::tick(Instant now) {
  if (is_failed_) return {};
  if (output_.size() > output_begin_ && now - output_moved_at_ >= options_.write_deadline)
    return fail(Errc::yamux_stalled);
  if (ping_sent_at_) {
    if (now - *ping_sent_at_ >= options_.keepalive_deadline) return fail(Errc::yamux_keepalive);
  } else if (now - last_activity_ >= options_.keepalive_interval) {
    send_ping(now);
  }
  return {};
}

void Session::ping(Instant now) {
  if (!is_failed_ && !ping_sent_at_) send_ping(now);
}

void Session::send_ping(Instant now) {
  if (output_.size() == output_begin_) output_moved_at_ = now;
  ping_sent_at_ = now;
  send_frame({.type = FrameType::ping, .flags = kSyn, .length = ++ping_value_});
}

Instant Session::next_deadline() const {
  if (is_failed_) return Instant::max();
  Instant deadline = ping_sent_at_ ? *ping_sent_at_ + options_.keepalive_deadline
                                   : last_activity_ + options_.keepalive_interval;
  if (output_.size() > output_begin_)
    deadline = std::min(deadline, output_moved_at_ + options_.write_deadline);
  return deadline;
}

}  // namespace ghmesh::yamux
