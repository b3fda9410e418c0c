// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "streams.h"

#include <algorithm>

namespace ghmesh::p2p_peer {

void Stream::handle(swarm::Event::Kind kind, Instant now) {
  using Kind = swarm::Event::Kind;
  if (is_done_) return;
  switch (kind) {
    case Kind::readable:
    case Kind::finished: return progress(now);
    case Kind::writable:
    case Kind::agreed:
      progress(now);
      if (!is_done_ && !has_output()) on_writable(now);
      return;
    case Kind::refused: return end("refused");
    case Kind::reset: return end("reset");
    default: return;
  }
}

void Stream::progress(Instant now) {
  flush(now);
  // What is echoed waits here; a peer that does not read its echo is not read from.
  while (!is_done_ && !has_output()) {
    const ByteView readable = swarm_.readable(ref_);
    if (readable.empty()) break;
    ending_.received_bytes += readable.size();
    hash_.add(readable);
    if (keeps_received_) append(ending_.received, readable);
    const std::size_t bytes_count = readable.size();
    on_bytes(readable, now);
    swarm_.consume(ref_, bytes_count, now);
  }
  if (is_done_ || has_output() || is_finished_there_ || !swarm_.is_at_end(ref_)) return;
  is_finished_there_ = true;
  on_finished(now);
}

void Stream::send(Bytes bytes, Instant now) {
  append(output_, bytes);
  flush(now);
}

void Stream::flush(Instant now) {
  if (has_output()) {
    auto written = swarm_.write(ref_, ByteView(output_).subspan(output_begin_), now);
    if (!written) return end("reset");
    output_begin_ += *written;
    if (has_output()) return;
    output_.clear();
    output_begin_ = 0;
  }
  if (wants_finish_) finish_after_output(now);
}

void Stream::finish_after_output(Instant now) {
  wants_finish_ = true;
  if (has_output()) return;
  if (!is_finished_here_) swarm_.finish(ref_, now);
  is_finished_here_ = true;
  if (is_finished_there_) end("closed");
}

void Stream::end(std::string how) {
  if (is_done_) return;
  is_done_ = true;
  ending_.how = std::move(how);
  ending_.digest = hash_.finish();
  on_end_(ending_);
}

void SinkServer::on_bytes(ByteView bytes, Instant) {
  count_ += bytes.size();
  sink_hash_.add(bytes);
}

void SinkServer::on_finished(Instant now) {
  Bytes answer;
  append_big_endian(answer, count_);
  append(answer, sink_hash_.finish());
  send(std::move(answer), now);
  finish_after_output(now);
}

void GreetServer::greet(Instant now) {
  send(copy_bytes(as_bytes("hello")), now);
  swarm_.finish(ref_, now);
}

void ResetServer::on_bytes(ByteView bytes, Instant now) {
  if (bytes.front() == std::byte{'h'}) {
    swarm_.reset(ref_, now);
    return end("reset");
  }
  send(Bytes(1, std::byte{'o'}), now);
}

Client::Client(swarm::Swarm& swarm, swarm::StreamRef ref, OnEnd on_end, Bytes pattern,
               std::uint64_t total)
    : Stream(swarm, ref, std::move(on_end)), pattern_(std::move(pattern)), total_(total) {
  keeps_received_ = true;
}

void Client::on_writable(Instant now) {
  while (position_ < total_) {
    const std::size_t begin = static_cast<std::size_t>(position_ % pattern_.size());
    const std::uint64_t left = std::min<std::uint64_t>(total_ - position_, pattern_.size() - begin);
    const ByteView piece = ByteView(pattern_).subspan(begin, static_cast<std::size_t>(left));
    auto written = swarm_.write(ref_, piece, now);
    if (!written) return end("reset");
    if (*written == 0) return;
    sent_hash_.add(piece.first(*written));
    position_ += *written;
  }
  if (half_closes_) finish_after_output(now);
}

void Client::half_close(Instant now) {
  half_closes_ = true;
  if (position_ == total_) finish_after_output(now);
}

void Client::on_bytes(ByteView, Instant now) {
  if (!resets_after_first_byte_) return;
  swarm_.reset(ref_, now);
  end("reset");
}

void Client::on_finished(Instant now) {
  total_ += bytes_after_finish_;
  half_closes_ = true;
  on_writable(now);
}

}  // namespace ghmesh::p2p_peer
