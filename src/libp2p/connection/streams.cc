// SPDX-License-Identifier: Apache-2.0 OR MIT
// Streams: each begins with an agreement on its protocol, and is then yamux's.
#include <utility>

#include "libp2p/connection/connection.h"

namespace ghmesh::connection {

void Connection::drain_yamux(Instant now) {
  while (auto event = yamux_->next_event()) handle(*event, now);
  dropped_.clear();
}

void Connection::handle(const yamux::Event& event, Instant now) {
  using Kind = yamux::Event::Kind;
  const StreamId stream = event.stream;
  const auto found = agreements_.find(stream);
  const bool is_agreed = found == agreements_.end();
  if (dropped_.contains(stream)) return;
  switch (event.kind) {
    case Kind::opened:
      agreements_.emplace(stream,
                          Agreement{.negotiation = multistream::Negotiation::listen(*protocols_),
                                    .deadline = now + options_.agreement_deadline,
                                    .is_ours = false,
                                    .is_lazy = false});
      return;
    case Kind::readable:
      if (is_agreed) emit(Event::Kind::readable, stream);
      else continue_agreement(found, now);
      return;
    case Kind::writable:
      if (!is_agreed) send_agreement(stream, found->second, now);
      if (is_agreed || found->second.may_write()) emit(Event::Kind::writable, stream);
      if (!is_agreed && found->second.may_write() && found->second.wants_finish)
        yamux_->finish(stream);
      return;
    case Kind::finished:
      if (is_agreed) return emit(Event::Kind::finished, stream);
      yamux_->reset(stream);  // it said all it had to say, and no protocol
      return drop_agreement(found, Event::Kind::refused);
    case Kind::reset:
      // Perhaps it had agreed, and the reset overtook its word.
      if (is_agreed) emit(Event::Kind::reset, stream);
      else drop_agreement(found, Event::Kind::reset);
      return;
    case Kind::going_away: emit(Event::Kind::going_away); return;
  }
}

void Connection::continue_agreement(Agreements::iterator found, Instant now) {
  const StreamId stream = found->first;
  multistream::Negotiation& negotiation = found->second.negotiation;
  auto taken = negotiation.receive(yamux_->readable(stream));
  if (!taken) {
    yamux_->reset(stream);
    return drop_agreement(found, Event::Kind::refused);
  }
  yamux_->consume(stream, *taken, now);
  send_agreement(stream, found->second, now);
  if (negotiation.is_done()) complete_agreement(found);
}

// What does not fit waits for `writable`.
void Connection::send_agreement(StreamId stream, Agreement& agreement, Instant now) {
  const ByteView output = agreement.negotiation.pending_output();
  if (output.empty()) return;
  auto written = yamux_->write(stream, output, now);
  if (written) agreement.negotiation.output_sent(*written);
}

void Connection::complete_agreement(Agreements::iterator found) {
  const StreamId stream = found->first;
  if (!found->second.negotiation.pending_output().empty()) {
    yamux_->reset(stream);  // the peer asks without reading the answers
    return drop_agreement(found, Event::Kind::reset);
  }
  const Agreement agreement = std::move(found->second);
  agreements_.erase(found);
  emit(agreement.is_ours ? Event::Kind::agreed : Event::Kind::opened, stream,
       agreement.negotiation.protocol());
  if (agreement.wants_to_write) emit(Event::Kind::writable, stream);
  if (agreement.wants_finish) yamux_->finish(stream);
  if (!yamux_->readable(stream).empty()) emit(Event::Kind::readable, stream);
}

void Connection::drop_agreement(Agreements::iterator found, Event::Kind how) {
  if (found->second.is_ours) emit(how, found->first);
  else ++counters_.streams_without_agreement;
  dropped_.insert(found->first);
  agreements_.erase(found);
}

Result<StreamId> Connection::open_stream(std::vector<std::string> protocols, Instant now) {
  GHMESH_CHECK(is_established() && !protocols.empty());
  auto stream = yamux_->open_stream();
  if (!stream) return stream;
  const bool is_lazy = protocols.size() == 1;
  const auto added = agreements_.emplace(
      *stream, Agreement{.negotiation = multistream::Negotiation::dial(std::move(protocols)),
                         .deadline = now + options_.agreement_deadline,
                         .is_ours = true,
                         .is_lazy = is_lazy});
  send_agreement(*stream, added.first->second, now);
  return stream;
}

Result<std::size_t> Connection::write(StreamId stream, ByteView bytes, Instant now) {
  if (is_failed_ || !yamux_) return Errc::yamux_closed;
  const auto found = agreements_.find(stream);
  if (found != agreements_.end() && !found->second.may_write()) {
    found->second.wants_to_write = true;
    return std::size_t{0};
  }
  return yamux_->write(stream, bytes, now);
}

void Connection::finish(StreamId stream) {
  if (!yamux_) return;
  const auto found = agreements_.find(stream);
  if (found != agreements_.end() && !found->second.may_write()) {
    found->second.wants_finish = true;
    return;
  }
  yamux_->finish(stream);
}

void Connection::reset(StreamId stream) {
  if (!yamux_) return;
  agreements_.erase(stream);
  yamux_->reset(stream);
}

ByteView Connection::readable(StreamId stream) const {
  return yamux_ && !agreements_.contains(stream) ? yamux_->readable(stream) : ByteView();
}

void Connection::consume(StreamId stream, std::size_t bytes_count, Instant now) {
  yamux_->consume(stream, bytes_count, now);
}

bool Connection::is_at_end(StreamId stream) const { return !yamux_ || yamux_->is_at_end(stream); }

void Connection::ping(Instant now) {
  if (yamux_) yamux_->ping(now);
}

void Connection::go_away() {
  if (yamux_) yamux_->go_away();
}

}  // namespace ghmesh::connection
