// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/session.h"

#include <algorithm>
#include <utility>

#include "libp2p/noise/payload.h"

namespace ghmesh::noise {
namespace {

// When no more than this arrives at once, memory for frames that are cut is not needed soon.
constexpr std::size_t kLittleBytes = 1024;

std::size_t message_bytes_of(ByteView frame) { return load_big_endian<std::uint16_t>(frame); }

}  // namespace

Session::Session(Role role, const keys::PrivateKey& identity, Options options,
                 HandshakeKeys handshake_keys)
    : role_(role), identity_(identity), options_(std::move(options)) {
  GHMESH_CHECK(options_.muxers.size() <= kMuxersMax);
  handshake_.emplace(role, std::move(handshake_keys), options_.prologue);
  if (role == Role::dialer)
    GHMESH_CHECK(send_handshake({}).has_value());  // nothing of the peer's is in it
}

// Keys go first; what is readable or waits to be sent may still be taken.
Result<void> Session::fail(Error reason) {
  is_failed_ = true;
  handshake_.reset();
  transport_.reset();
  return reason;
}

Result<void> Session::receive(ByteView bytes) {
  GHMESH_CHECK(!is_failed_);
  if (bytes.size() < kLittleBytes) partial_.note_quiet();
  while (!bytes.empty()) {
    auto message = take_message(bytes);
    if (!message) return fail(message.error());
    if (!*message) return {};
    auto handled = transport_ ? transport_->read(**message, unread_) : handle_handshake(**message);
    if (!handled) return fail(handled.error());
    // The view may have pointed into it.
    if (!partial_.is_empty()) partial_.pop(partial_.size());
  }
  return {};
}

bool Session::has_allowed_length(std::size_t message_bytes) const {
  if (transport_) return message_bytes >= crypto::kCounterTagBytes;
  return message_bytes <= kHandshakeMessageBytesMax;
}

Result<std::optional<ByteView>> Session::take_message(ByteView& bytes) {
  // Most frames arrive whole, and are read where they are.
  if (partial_.is_empty() && bytes.size() >= kLengthBytes) {
    const std::size_t message_bytes = message_bytes_of(bytes);
    if (!has_allowed_length(message_bytes)) return Errc::noise_malformed;
    if (bytes.size() >= kLengthBytes + message_bytes) {
      const ByteView message = bytes.subspan(kLengthBytes, message_bytes);
      bytes = bytes.subspan(kLengthBytes + message_bytes);
      return std::optional<ByteView>(message);
    }
  }
  const auto keep = [&](std::size_t wanted_bytes) {
    const ByteView part = bytes.first(std::min(bytes.size(), wanted_bytes - partial_.size()));
    partial_.push(part);
    bytes = bytes.subspan(part.size());
    return partial_.size() == wanted_bytes;
  };
  if (partial_.size() < kLengthBytes && !keep(kLengthBytes)) return std::optional<ByteView>();
  const std::size_t message_bytes = message_bytes_of(partial_.bytes());
  if (!has_allowed_length(message_bytes)) return Errc::noise_malformed;
  if (!keep(kLengthBytes + message_bytes)) return std::optional<ByteView>();
  return std::optional<ByteView>(partial_.bytes().subspan(kLengthBytes));
}

Result<void> Session::handle_handshake(ByteView message) {
  auto payload = handshake_->read_message(message);
  if (!payload) return payload.error();
  // The payload of message 1 proves nothing, because nothing was agreed on before it. libp2p sends none.
  if (role_ == Role::listener && !handshake_->is_complete()) return send_identity();
  auto accepted = accept_peer(*payload);
  if (!accepted) return accepted.error();
  // Only now: a wrong peer does not learn who we are.
  if (role_ == Role::dialer) {
    auto sent = send_identity();
    if (!sent) return sent;
  }
  establish();
  return {};
}

Result<void> Session::accept_peer(ByteView bytes) {
  auto payload = parse_payload(bytes);
  if (!payload) return payload.error();
  auto key = verify_identity(*payload, handshake_->peer_static_key());
  if (!key) return key.error();
  peer_ = key->peer_id();
  peer_key_ = std::move(*key);
  if (options_.expected_peer && *options_.expected_peer != peer_) return Errc::noise_wrong_peer;
  return choose_muxer(payload->muxers);
}

// connections/inlined-muxer-negotiation.md: the dialer's order decides.
Result<void> Session::choose_muxer(const std::vector<std::string>& theirs) {
  if (theirs.empty() || options_.muxers.empty()) return {};
  const bool is_dialer = role_ == Role::dialer;
  const std::vector<std::string>& dialers = is_dialer ? options_.muxers : theirs;
  const std::vector<std::string>& listeners = is_dialer ? theirs : options_.muxers;
  const auto chosen =
      std::find_first_of(dialers.begin(), dialers.end(), listeners.begin(), listeners.end());
  if (chosen == dialers.end()) return Errc::noise_no_muxer;
  muxer_ = *chosen;
  return {};
}

Result<void> Session::send_handshake(ByteView payload) {
  auto message = handshake_->write_message(payload);
  if (!message) return message.error();
  GHMESH_CHECK(message->size() <= kHandshakeMessageBytesMax);
  std::array<std::byte, kLengthBytes> length;
  store_big_endian(MutableByteView(length), static_cast<std::uint16_t>(message->size()));
  output_.push(length);
  output_.push(*message);
  return {};
}

Result<void> Session::send_identity() {
  return send_handshake(
      write_payload(make_payload(identity_, handshake_->static_key(), options_.muxers)));
}

void Session::establish() {
  transport_.emplace(handshake_->split());
  handshake_hash_ = handshake_->hash();
  handshake_.reset();  // its keys are not needed again
}

Result<std::size_t> Session::write(ByteView bytes) {
  if (is_failed_) return Errc::noise_closed;
  std::size_t taken = 0;
  while (transport_ && taken < bytes.size()) {
    const std::size_t part = std::min(bytes.size() - taken, kPlaintextBytesMax);
    if (output_.size() + part + kFrameOverheadBytes > kOutputBytesMax) break;
    auto written = transport_->write(bytes.subspan(taken, part), output_);
    if (!written) return fail(written.error()).error();
    taken += part;
  }
  return taken;
}

}  // namespace ghmesh::noise
