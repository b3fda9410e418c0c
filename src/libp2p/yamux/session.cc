// SPDX-License-Identifier: Apache-2.0 OR MIT
// What arrives: frames in, events out. What we send stands in session_send.cc.
#include "libp2p/yamux/session.h"

#include <algorithm>

#include "libp2p/yamux/stream.h"

namespace ghmesh::yamux {
namespace {

// GoAway code (specification, "Go Away").
constexpr std::uint32_t kProtocolError = 1;
// Events that wait at once while nothing unusual happens; memory for more is given back.
constexpr std::size_t kEventsKept = 64;

}  // namespace

Session::Session(Role role, Options options, Instant now)
    : role_(role),
      options_(options),
      next_stream_(role == Role::dialer ? 1 : 2),
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

bool Session::was_opened(StreamId stream) const {
  return is_ours(stream) ? stream < next_stream_ : stream <= last_peer_stream_;
}

// Of the peer's ids: opened before, or so far behind that it can be no late one. An id that came back would give one
// stream's bytes to whoever still holds the other.
bool Session::is_used_up(StreamId stream) const {
  if (stream > last_peer_stream_) return false;
  const std::size_t behind = (last_peer_stream_ - stream) / 2;
  return behind >= kIdsBehindMax || opened_behind_.test(behind);
}

void Session::use_up(StreamId stream) {
  if (stream > last_peer_stream_) {
    opened_behind_ <<= (stream - last_peer_stream_) / 2;
    last_peer_stream_ = stream;
  }
  opened_behind_.set((last_peer_stream_ - stream) / 2);
}

void Session::emit(Event::Kind kind, StreamId stream) {
  events_.push_back({.kind = kind, .stream = stream});
}

std::optional<Event> Session::next_event() {
  if (events_begin_ < events_.size()) return events_[events_begin_++];
  events_begin_ = 0;
  if (events_.capacity() <= kEventsKept) events_.clear();
  else events_ = {};
  return std::nullopt;
}

Result<void> Session::fail(Error reason) {
  if (!is_failed_) send_answer({.type = FrameType::go_away, .length = kProtocolError});
  is_failed_ = true;
  return reason;
}

bool Session::wants_input() const {
  return answer_bytes_ < kAnswerBytesMax && unread_bytes_ < options_.receive_bytes_max;
}

Result<void> Session::receive(ByteView bytes, Instant now) {
  GHMESH_CHECK(!is_failed_);
  last_activity_ = now;
  while (!bytes.empty()) {
    if (body_bytes_left_ > 0) {
      const ByteView body = bytes.first(std::min<std::size_t>(bytes.size(), body_bytes_left_));
      take_body(body);
      bytes = bytes.subspan(body.size());
      continue;
    }
    auto header = take_header(bytes);
    if (!header) return fail(header.error());
    if (!*header) break;
    auto handled = handle_header(**header, now);
    if (!handled) return fail(handled.error());
  }
  note_waiting_output(now);
  return {};
}

// The header at the front of `bytes`, which it takes away; nullopt when its end is missing and what there is of it was
// kept.
Result<std::optional<Header>> Session::take_header(ByteView& bytes) {
  const ByteView more = bytes.first(std::min(bytes.size(), kHeaderBytes - header_bytes_));
  copy_to(MutableByteView(header_).subspan(header_bytes_), more);
  header_bytes_ += more.size();
  bytes = bytes.subspan(more.size());
  if (header_bytes_ < kHeaderBytes) return std::optional<Header>();
  header_bytes_ = 0;
  auto header = parse_header(header_);
  if (!header) return header.error();
  return std::optional<Header>(*header);
}

Result<void> Session::handle_header(const Header& header, Instant now) {
  switch (header.type) {
    case FrameType::data:
    case FrameType::window_update: return handle_stream_frame(header);
    case FrameType::ping: return handle_ping(header, now);
    case FrameType::go_away: handle_go_away(); return {};
  }
  return Errc::yamux_malformed;
}

void Session::handle_go_away() {
  if (!peer_is_going_away_) emit(Event::Kind::going_away);
  peer_is_going_away_ = true;
}

Result<void> Session::handle_ping(const Header& header, Instant now) {
  if (header.has(kAck)) {
    if (ping_sent_at_ && header.length == ping_value_) {
      round_trip_ = now - *ping_sent_at_;
      ping_sent_at_.reset();
    }
    return {};
  }
  if (!header.has(kSyn)) return Errc::yamux_malformed;
  // A peer that asks without reading the answers gets no more of them.
  if (answer_bytes_ + kHeaderBytes > kAnswerBytesMax / 2) {
    ++counters_.pings_ignored;
    return {};
  }
  send_answer({.type = FrameType::ping, .flags = kAck, .length = header.length});
  return {};
}

// Everything that can be wrong with a frame of a stream is found here, before any state is made for it
// (CVE-2026-32314) and before its body arrives. `stream`: null when it is not open.
Result<void> Session::check_stream_frame(const Header& header, const Stream* stream) const {
  const StreamId id = header.stream_id;
  if (header.has(kSyn) && (is_ours(id) || is_used_up(id))) return Errc::yamux_stream_id;
  // A late frame of a stream that is closed here is ordinary; one of a stream that never was is not, nor one that is
  // larger than any window can have been.
  if (!header.has(kSyn) && !stream) {
    if (!was_opened(id)) return Errc::yamux_stream_id;
    const bool is_too_large = header.type == FrameType::data && header.length > kWindowBytesMax;
    return is_too_large ? Errc::yamux_window_exceeded : Result<void>();
  }
  const std::uint32_t receive_window = stream ? stream->receive_window : kWindowBytes;
  const std::uint32_t send_window = stream ? stream->send_window : kWindowBytes;
  if (header.type == FrameType::data) {
    if (header.length > receive_window) return Errc::yamux_window_exceeded;
    if (header.length > 0 && stream && stream->is_finished_there) return Errc::yamux_stream_id;
  } else if (header.length > UINT32_MAX - send_window) {
    return Errc::yamux_window_overflow;  // CVE-2026-31814
  }
  return {};
}

Result<void> Session::handle_stream_frame(const Header& header) {
  const StreamId id = header.stream_id;
  Stream* stream = find(id);
  auto checked = check_stream_frame(header, stream);
  if (!checked) return checked;
  if (header.has(kSyn)) stream = accept_stream(id);
  if (stream && header.has(kAck) && !stream->is_acknowledged) {
    stream->is_acknowledged = true;
    --unacknowledged_;
  }
  if (stream && header.type == FrameType::window_update) take_credit(id, *stream, header.length);
  body_header_ = header;
  body_stream_ = stream;
  body_bytes_left_ = header.type == FrameType::data ? header.length : 0;
  if (body_bytes_left_ == 0) end_of_body();
  return {};
}

// Null when there is no room for it; it is then a stream that was closed at once.
Session::Stream* Session::accept_stream(StreamId id) {
  use_up(id);
  if (is_going_away_ || inbound_streams_ >= options_.inbound_streams_max) {
    ++counters_.streams_refused;
    send_answer({.type = FrameType::window_update, .flags = kRst, .stream_id = id});
    return nullptr;
  }
  ++inbound_streams_;
  windows_bytes_ += kWindowBytes;
  Stream& stream = streams_[id];
  stream.is_acknowledged = true;
  // At once: peers such as rust-yamux stop opening at 256 streams that were not acknowledged.
  send_answer({.type = FrameType::window_update, .flags = kAck, .stream_id = id});
  emit(Event::Kind::opened, id);
  return &stream;
}

void Session::take_credit(StreamId id, Stream& stream, std::uint32_t credit) {
  stream.send_window += credit;
  if (stream.wants_to_write && credit > 0 && has_output_room()) wake_writer(id, stream);
}

void Session::take_body(ByteView body) {
  body_bytes_left_ -= static_cast<std::uint32_t>(body.size());
  if (!body_stream_) {
    counters_.bytes_discarded += body.size();
  } else {
    Stream& stream = *body_stream_;
    stream.receive_window -= static_cast<std::uint32_t>(body.size());
    if (stream.unread.is_empty()) {
      emit(Event::Kind::readable, body_header_.stream_id);
      idle_bytes_ -= stream.unread.capacity();
    }
    stream.unread.push(body);
    const bool had_room = unread_bytes_ < options_.receive_bytes_max;
    unread_bytes_ += body.size();
    if (had_room && unread_bytes_ >= options_.receive_bytes_max) ++counters_.input_pauses;
  }
  if (body_bytes_left_ == 0) end_of_body();
}

// The whole frame has arrived: its closing flags count only now, after its body.
void Session::end_of_body() {
  if (!body_stream_) return;
  const StreamId id = body_header_.stream_id;
  if (body_header_.has(kRst)) {
    forget(streams_.find(id));
    emit(Event::Kind::reset, id);
  } else if (body_header_.has(kFin) && !body_stream_->is_finished_there) {
    body_stream_->is_finished_there = true;
    emit(Event::Kind::finished, id);
    close_if_done(id);
  }
}

ByteView Session::readable(StreamId id) const {
  const Stream* stream = find(id);
  return stream ? stream->unread.bytes() : ByteView();
}

void Session::consume(StreamId id, std::size_t bytes_count, Instant now) {
  Stream* stream = find(id);
  if (!stream || bytes_count == 0) return;
  const bool wanted_input = wants_input();
  stream->unread.pop(bytes_count);
  unread_bytes_ -= bytes_count;
  if (stream->unread.is_empty()) keep_or_release(*stream);
  if (!stream->is_finished_there) give_credit(id, *stream, now);
  close_if_done(id);
  note_resumed_input(wanted_input, now);
  note_waiting_output(now);
}

// A busy stream runs empty all the time and keeps its memory; many quiet ones together keep no more than one of them.
void Session::keep_or_release(Stream& stream) {
  if (idle_bytes_ + stream.unread.capacity() > kIdleBytesMax) stream.unread.release();
  idle_bytes_ += stream.unread.capacity();
}

bool Session::is_at_end(StreamId id) const {
  const Stream* stream = find(id);
  return !stream || (stream->is_finished_there && stream->unread.is_empty());
}

void Session::close_if_done(StreamId id) {
  const auto found = streams_.find(id);
  if (found != streams_.end() && found->second.is_closed()) forget(found);
}

void Session::forget(Streams::iterator found) {
  Stream& stream = found->second;
  if (body_stream_ == &stream) body_stream_ = nullptr;
  unread_bytes_ -= stream.unread.size();
  if (stream.unread.is_empty()) idle_bytes_ -= stream.unread.capacity();
  windows_bytes_ -= stream.receive_window_max;
  set_blocked(stream, false);
  if (!is_ours(found->first)) --inbound_streams_;
  else if (!stream.is_acknowledged) --unacknowledged_;
  streams_.erase(found);
}

std::size_t Session::held_bytes() const {
  constexpr std::size_t kNodeBytes = sizeof(Streams::value_type) + 4 * sizeof(void*);
  std::size_t held = output_.capacity() + events_.capacity() * sizeof(Event);
  for (const auto& [id, stream] : streams_) held += kNodeBytes + stream.unread.capacity();
  return held;
}

}  // namespace ghmesh::yamux
