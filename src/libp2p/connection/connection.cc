// SPDX-License-Identifier: Apache-2.0 OR MIT
// How a connection comes to be, and how bytes pass through its layers. Streams stand in streams.cc.
#include "libp2p/connection/connection.h"

#include <algorithm>
#include <utility>

namespace ghmesh::connection {
namespace {

noise::Options noise_options(const Options& options) {
  noise::Options made{.expected_peer = options.expected_peer};
  if (options.inlines_muxer) made.muxers.emplace_back(kYamuxProtocol);
  return made;
}

multistream::Negotiation negotiate(Role role, std::string_view protocol) {
  std::vector<std::string> one{std::string(protocol)};
  return role == Role::dialer ? multistream::Negotiation::dial(std::move(one))
                              : multistream::Negotiation::listen(std::move(one));
}

}  // namespace

Connection::Connection(Role role, const keys::PrivateKey& identity, Protocols protocols,
                       Options options, Instant now)
    : role_(role),
      options_(std::move(options)),
      protocols_(std::move(protocols)),
      handshake_deadline_(now + options_.handshake_deadline),
      security_(negotiate(role, kNoiseProtocol)),
      noise_(std::make_unique<noise::Session>(
          role == Role::dialer ? noise::Role::dialer : noise::Role::listener, identity,
          noise_options(options_))) {}

Connection::~Connection() = default;

void Connection::emit(Event::Kind kind, StreamId stream, std::string protocol) {
  events_.push_back({.kind = kind, .stream = stream, .protocol = std::move(protocol)});
}

std::optional<Event> Connection::next_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Result<void> Connection::fail(Error reason) {
  is_failed_ = true;
  return reason;
}

bool Connection::wants_input() const {
  return noise_->wants_input() && (!yamux_ || yamux_->wants_input());
}

Result<void> Connection::receive(ByteView bytes, Instant now) {
  GHMESH_CHECK(!is_failed_);
  if (security_) {
    auto received = receive_security(bytes);
    if (!received) return fail(received.error());
  }
  if (bytes.empty()) return {};
  // A full segment of a fast sender is decrypted and handed on frame by frame: little waits between the layers.
  auto received = noise_->receive(bytes);
  if (!received) return fail(received.error());
  auto advanced = advance(now);
  return advanced ? advanced : fail(advanced.error());
}

Result<void> Connection::receive_security(ByteView& bytes) {
  auto taken = security_->receive(bytes);
  if (!taken) return taken.error();
  bytes = bytes.subspan(*taken);
  if (!security_->is_done()) return {};
  append(plain_output_, security_->pending_output());
  security_.reset();
  return {};
}

// Carries what was decrypted to the layer that is next.
Result<void> Connection::advance(Instant now) {
  if (!noise_->is_established()) return {};
  if (!yamux_ && !muxer_) {
    auto begun = begin_muxer(now);
    if (!begun) return begun;
  }
  if (muxer_) {
    auto agreed = agree_on_muxer();
    if (!agreed) return agreed;
    if (!muxer_->is_done()) return {};
    muxer_.reset();
    establish(now);
  }
  const ByteView plaintext = noise_->readable();
  if (plaintext.empty()) return {};
  auto received = yamux_->receive(plaintext, now);
  noise_->consume(plaintext.size());
  drain_yamux(now);
  return received;
}

Result<void> Connection::begin_muxer(Instant now) {
  if (!noise_->muxer()) {
    muxer_ = negotiate(role_, kYamuxProtocol);
    return {};
  }
  establish(now);
  return {};
}

Result<void> Connection::agree_on_muxer() {
  auto taken = muxer_->receive(noise_->readable());
  if (!taken) return taken.error();
  noise_->consume(*taken);
  const ByteView output = muxer_->pending_output();
  auto written = noise_->write(output);
  if (!written) return written.error();
  GHMESH_CHECK(*written == output.size());  // nothing else has used the output so far
  muxer_->output_sent(output.size());
  return {};
}

void Connection::establish(Instant now) {
  yamux_ = std::make_unique<yamux::Session>(
      role_ == Role::dialer ? yamux::Role::dialer : yamux::Role::listener, options_.yamux, now);
  emit(Event::Kind::established);
}

// As much as the Noise session takes; the rest waits in yamux, which makes writers wait in turn.
void Connection::encrypt_output(Instant now) {
  if (is_failed_ && !noise_->is_established()) return;
  while (yamux_) {
    const ByteView plaintext = yamux_->pending_output();
    if (plaintext.empty()) return;
    auto taken = noise_->write(plaintext);
    if (!taken || *taken == 0)
      return;  // exhausted: the next receive() or write() of the session says so
    yamux_->output_sent(*taken, now);
  }
}

ByteView Connection::pending_output(Instant now) {
  if (security_) {
    const ByteView proposal = security_->pending_output();
    append(plain_output_, proposal);
    security_->output_sent(proposal.size());
  }
  encrypt_output(now);
  if (plain_output_begin_ == plain_output_.size()) return noise_->pending_output();
  // A listener may not send Noise before it has agreed to it; it has nothing to say before either.
  append(plain_output_, noise_->pending_output());
  noise_->output_sent(noise_->pending_output().size());
  return ByteView(plain_output_).subspan(plain_output_begin_);
}

void Connection::output_sent(std::size_t bytes_count, Instant now) {
  if (plain_output_begin_ < plain_output_.size()) {
    plain_output_begin_ += bytes_count;
    GHMESH_CHECK(plain_output_begin_ <= plain_output_.size());
    if (plain_output_begin_ == plain_output_.size()) plain_output_ = {}, plain_output_begin_ = 0;
    return;
  }
  noise_->output_sent(bytes_count);
  if (yamux_ && !is_failed_) drain_yamux(now);
}

Result<void> Connection::tick(Instant now) {
  if (is_failed_) return {};
  if (!yamux_) return now < handshake_deadline_ ? Result<void>() : fail(Errc::connection_slow);
  for (auto found = agreements_.begin(); found != agreements_.end();) {
    const auto current = found++;
    if (current->second.deadline > now) continue;
    yamux_->reset(current->first);
    drop_agreement(current, Event::Kind::reset);
  }
  auto ticked = yamux_->tick(now);
  return ticked ? ticked : fail(ticked.error());
}

Instant Connection::next_deadline() const {
  if (is_failed_) return Instant::max();
  if (!yamux_) return handshake_deadline_;
  Instant deadline = yamux_->next_deadline();
  for (const auto& [stream, agreement] : agreements_)
    deadline = std::min(deadline, agreement.deadline);
  return deadline;
}

}  // namespace ghmesh::connection
