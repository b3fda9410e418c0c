// SPDX-License-Identifier: Apache-2.0 OR MIT
// What arrives: frames in, events out. What we send stands in session_send.cc.
#include "libp2p/yamux/session.h"

#include <algorithm>

#include "libp2p/yamux/stream.h"

namespace ghmesh::yamux {
namespace {

// GoAway codes (specification, "Go Away").
constexpr std::uint32_t kProtocolError = 1;

// A consumed prefix longer than this is worth moving the rest to the front.
constexpr std::size_t kCompactBytes = 64 * 1024;

constexpr StreamId kStreamIdMax = 0xffff'fffe;

}  // namespace

Session::Session(Role role, Options options, Instant now)
    : role_(role),
      options_(options),
      next_stream_(role == Role::dialer ? 1 : 2),
      output_moved_at_(now),
      last_activity_(now) {}

Session::~Session() = default;

Session::Stream* Session::find(StreamId stream) {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : &found->second;
}

const Session::Stream* Session::find(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : &found->second;
}

bool Session::is_ours(StreamId stream) const {
  return (stream % 2 == 1) == (role_ == Role::dialer);
}

void Session::emit(Event::Kind kind, StreamId stream) {
  events_.push_back({.kind = kind, .stream = stream});
}

std::optional<Event> Session::next_event() {
  if (events_.empty()) return std::nullopt;
  const Event event = events_.front();
  events_.pop_front();
  return event;
}

Result<void> Session::fail(Errc reason) {
  if (!is_failed_) send_answer({.type = FrameType::go_away, .length = kProtocolError});
  is_failed_ = true;
  return reason;
}

bool Session::wants_input() const { return answer_bytes_ < kAnswerBytesMax; }

Result<void> Session::receive(ByteView bytes, Instant now) {
  GHMESH_CHECK(!is_failed_);
  last_activity_ = now;
  while (!bytes.empty()) {
    if (body_bytes_left_ > 0) {
      const ByteView body = bytes.first(std::min<std::size_t>(bytes.size(), body_bytes_left_));
      take_body(body);
      body_bytes_left_ -= static_cast<std::uint32_t>(body.size());
      bytes = bytes.subspan(body.size());
      if (body_bytes_left_ == 0) end_of_body();
      continue;
    }
    const std::size_t missing = kHeaderBytes - header_.size();
    const ByteView more = bytes.first(std::min(bytes.size(), missing));
    append(header_, more);
    bytes = bytes.subspan(more.size());
    if (header_.size() < kHeaderBytes) return {};
    auto header = parse_header(header_);
    header_.clear();
    if (!header) return fail(Errc::yamux_malformed);
    auto handled = handle_header(*header, now);
    if (!handled) return handled;
  }
  return {};
}

Result<void> Session::handle_header(const Header& header, Instant now) {
  switch (header.type) {
    case FrameType::data:
    case FrameType::window_update: return handle_stream_frame(header);
    case FrameType::ping: return handle_ping(header, now);
    case FrameType::go_away:
      peer_is_going_away_ = true;
      emit(Event::Kind::going_away);
      return {};
  }
  return fail(Errc::yamux_malformed);
}

Result<void> Session::handle_ping(const Header& header, Instant now) {
  if (header.has(kAck)) {
    if (ping_sent_at_ && header.length == ping_value_) {
      round_trip_ = now - *ping_sent_at_;
      ping_sent_at_.reset();
    }
    return {};
  }
  if (!header.has(kSyn)) return fail(Errc::yamux_malformed);
  // A peer that asks without reading the answers gets no more of them.
  if (answer_bytes_ + kHeaderBytes > kAnswerBytesMax / 2) {
    ++counters_.pings_ignored;
    return {};
  }
  send_answer({.type = FrameType::ping, .flags = kAck, .length = header.length});
  return {};
}

// Everything that can be wrong with a frame is found here, before any state is made for it (CVE-2026-32314).
Result<void> Session::handle_stream_frame(const Header& header) {
  const StreamId id = header.stream_id;
  const bool is_data = header.type == FrameType::data;
  Stream* stream = find(id);

  if (header.has(kSyn)) {
    if (is_ours(id) || stream) return fail(Errc::yamux_stream_id);
    if (is_data && header.length > kWindowBytes) return fail(Errc::yamux_window_exceeded);
    accept_stream(header);
    stream = find(id);
  } else if (!stream) {
    // A late frame of a stream that is closed here is ordinary; one of a stream that never was is not.
    const bool was_ours = is_ours(id) && id < next_stream_;
    const bool was_theirs = !is_ours(id) && id <= last_peer_stream_;
    if (!was_ours && !was_theirs) return fail(Errc::yamux_stream_id);
  }

  if (stream) {
    if (is_data && header.length > stream->receive_window) return fail(Errc::yamux_window_exceeded);
    if (is_data && header.length > 0 && stream->is_finished_there)
      return fail(Errc::yamux_stream_id);
    if (header.has(kAck) && is_ours(id) && !stream->is_acknowledged) {
      stream->is_acknowledged = true;
      --unacknowledged_;
    }
    if (!is_data) {
      auto granted = grant_credit(id, *stream, header.length);
      if (!granted) return granted;
    }
  }

  body_header_ = header;
  body_bytes_left_ = is_data ? header.length : 0;
  if (stream && is_data) stream->receive_window -= header.length;
  if (body_bytes_left_ == 0) end_of_body();
  return {};
}

void Session::accept_stream(const Header& header) {
  const StreamId id = header.stream_id;
  last_peer_stream_ = std::max(last_peer_stream_, id);
  if (is_going_away_ || inbound_streams_ >= options_.inbound_streams_max) {
    ++counters_.streams_refused;
    send_answer({.type = FrameType::window_update, .flags = kRst, .stream_id = id});
    return;
  }
  ++inbound_streams_;
  streams_[id].is_acknowledged = true;
  // At once: peers such as rust-yamux stop opening at 256 streams that were not acknowledged.
  send_answer({.type = FrameType::window_update, .flags = kAck, .stream_id = id});
  emit(Event::Kind::opened, id);
}

Result<void> Session::grant_credit(StreamId id, Stream& stream, std::uint32_t credit) {
  if (credit > UINT32_MAX - stream.send_window)
    return fail(Errc::yamux_window_overflow);  // CVE-2026-31814
  stream.send_window += credit;
  if (stream.wants_to_write && credit > 0) wake_writer(id, stream);
  return {};
}

void Session::take_body(ByteView body) {
  Stream* stream = find(body_header_.stream_id);
  if (!stream) {
    counters_.bytes_discarded += body.size();
    return;
  }
  const bool was_empty = stream->unread_bytes() == 0;
  append(stream->unread, body);
  unread_bytes_ += body.size();
  if (was_empty) emit(Event::Kind::readable, body_header_.stream_id);
}

// The whole frame has arrived: its closing flags count only now, after its body.
void Session::end_of_body() {
  const StreamId id = body_header_.stream_id;
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  if (body_header_.has(kRst)) {
    forget(found);
    emit(Event::Kind::reset, id);
    return;
  }
  if (body_header_.has(kFin) && !found->second.is_finished_there) {
    found->second.is_finished_there = true;
    emit(Event::Kind::finished, id);
    close_if_done(id);
  }
}

ByteView Session::readable(StreamId id) const {
  const Stream* stream = find(id);
  return stream ? ByteView(stream->unread).subspan(stream->unread_begin) : ByteView();
}

void Session::consume(StreamId id, std::size_t bytes_count, Instant now) {
  Stream* stream = find(id);
  if (!stream) return;
  GHMESH_CHECK(bytes_count <= stream->unread_bytes());
  stream->unread_begin += bytes_count;
  unread_bytes_ -= bytes_count;
  if (stream->unread_begin == stream->unread.size()) {
    stream->unread.clear();
    stream->unread_begin = 0;
  } else if (stream->unread_begin >= kCompactBytes &&
             stream->unread_begin >= stream->unread.size() / 2) {
    stream->unread.erase(
        stream->unread.begin(),
        stream->unread.begin() + static_cast<std::ptrdiff_t>(stream->unread_begin));
    stream->unread_begin = 0;
  }
  if (!stream->is_finished_there) give_credit(id, *stream, now);
  close_if_done(id);
}

bool Session::is_at_end(StreamId id) const {
  const Stream* stream = find(id);
  return !stream || (stream->is_finished_there && stream->unread_bytes() == 0);
}

void Session::close_if_done(StreamId id) {
  const auto found = streams_.find(id);
  if (found != streams_.end() && found->second.is_closed()) forget(found);
}

void Session::forget(std::map<StreamId, Stream>::iterator found) {
  const Stream& stream = found->second;
  grown_bytes_ -= stream.receive_window_max - kWindowBytes;
  unread_bytes_ -= stream.unread_bytes();
  if (!is_ours(found->first)) --inbound_streams_;
  else if (!stream.is_acknowledged) --unacknowledged_;
  streams_.erase(found);
}

Result<StreamId> Session::open_stream() {
  if (is_failed_ || is_going_away_ || peer_is_going_away_) return Errc::yamux_going_away;
  if (unacknowledged_ >= kUnacknowledgedMax) return Errc::limit_reached;
  if (next_stream_ > kStreamIdMax) return Errc::yamux_exhausted;
  const StreamId id = next_stream_;
  next_stream_ += 2;
  streams_[id];
  ++unacknowledged_;
  send_frame({.type = FrameType::window_update, .flags = kSyn, .stream_id = id});
  return id;
}

}  // namespace ghmesh::yamux
