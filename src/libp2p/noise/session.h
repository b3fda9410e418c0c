// SPDX-License-Identifier: Apache-2.0 OR MIT
// Noise: both sides prove who they are, then everything is encrypted. Specification: docs/wire/noise.md.
//
// A machine: it owns no socket, timer or thread. Feed it what arrived, take what must be sent. Drain readable() and
// pending_output() after every call that changes it. It has no clock: whoever drives it gives a handshake a deadline.
//
// After is_established() the peer is who peer() says, and nobody else can read or change what passes. A frame that is
// forged, repeated, lost or out of order ends the session. The end of the pipe is not authenticated: a cut connection
// looks like a closed one, and the layers above must know where their messages end.
//
// Memory is bounded: one frame that arrived in part (64 KiB), kUnreadBytesMax and what one receive() adds to it, and
// kOutputBytesMax; queues hold up to twice that. Nothing is allocated from a length that the peer claims. What a large
// transfer needed is given back with the next few small messages.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/byte_queue.h"
#include "base/bytes.h"
#include "base/result.h"
#include "libp2p/keys/private_key.h"
#include "libp2p/keys/public_key.h"
#include "libp2p/noise/handshake.h"
#include "libp2p/noise/transport.h"
#include "multiformats/peer_id.h"

namespace ghmesh::noise {

// A handshake message with the largest key that is verified (RSA, 8,192 bits) and its signature has 2.3 KB; the rest is
// for the names of multiplexers. It is the most that a stranger can make us hold.
inline constexpr std::size_t kHandshakeMessageBytesMax = 8 * 1024;
// Decrypted bytes that wait for the layer above. Beyond, wants_input() is false.
inline constexpr std::size_t kUnreadBytesMax = 256 * 1024;
// Frames that wait for the pipe: four full ones keep it busy.
inline constexpr std::size_t kOutputBytesMax = 4 * (kLengthBytes + kMessageBytesMax);

struct Options {
  // Who must be at the other end; nullopt: whoever it is.
  std::optional<multiformats::PeerId> expected_peer = std::nullopt;
  // Stream multiplexers, the most wanted first; empty: they are not negotiated here.
  std::vector<std::string> muxers = {};
  // Both sides must have the same. libp2p over TCP and WebSocket has none.
  Bytes prologue = {};
};

class Session {
 public:
  // `identity` must outlive the handshake. The dialer's first message waits in pending_output() at once.
  Session(Role role, const keys::PrivateKey& identity, Options options,
          HandshakeKeys handshake_keys = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- from below ---
  // Consumes all of `bytes`. An error is final: noise_malformed, noise_rejected, noise_identity (the peer's signature
  // is missing or wrong), noise_wrong_peer, noise_no_muxer (both sides named some, none in common), noise_exhausted.
  Result<void> receive(ByteView bytes);
  // False while the peer should be made to wait: do not read from the pipe until something was consumed.
  bool wants_input() const { return unread_.size() < kUnreadBytesMax; }

  // --- the handshake's result ---
  bool is_established() const { return transport_.has_value(); }
  // From here on: after is_established().
  const multiformats::PeerId& peer() const { return peer_; }
  const keys::PublicKey& peer_key() const { return peer_key_.value(); }
  // What both sides agreed on; nullopt when one of them named none: negotiate it with multistream-select.
  const std::optional<std::string>& muxer() const { return muxer_; }
  // The same on both sides and different in every session: a channel binding (Noise, 11.2).
  const crypto::Digest& handshake_hash() const { return handshake_hash_; }

  // --- from above ---
  // What has arrived and was not consumed, in one piece.
  ByteView readable() const { return unread_.bytes(); }
  void consume(std::size_t bytes_count) { unread_.pop(bytes_count); }
  // Takes a prefix of `bytes` and returns its size: less than all when the output is full (try again after
  // output_sent()), and 0 before is_established(). Pieces of kPlaintextBytesMax fill frames exactly.
  // Errors (final): noise_exhausted, noise_closed (there was an error before).
  Result<std::size_t> write(ByteView bytes);

  // --- out ---
  ByteView pending_output() const { return output_.bytes(); }
  void output_sent(std::size_t bytes_count) { output_.pop(bytes_count); }

  // Waiting bytes, on the heap.
  std::size_t held_bytes() const {
    return partial_.capacity() + unread_.capacity() + output_.capacity();
  }

 private:
  Result<void> fail(Error reason);
  // The next message at the front of `bytes`, which it takes away; nullopt when its end is missing and what there is
  // of it was kept. The view is valid until the next call, or as long as `bytes`.
  Result<std::optional<ByteView>> take_message(ByteView& bytes);
  bool has_allowed_length(std::size_t message_bytes) const;
  Result<void> handle_handshake(ByteView message);
  Result<void> accept_peer(ByteView payload);
  Result<void> choose_muxer(const std::vector<std::string>& theirs);
  Result<void> send_handshake(ByteView payload);
  Result<void> send_identity();
  void establish();

  const Role role_;
  const keys::PrivateKey& identity_;
  const Options options_;

  std::optional<Handshake> handshake_;  // until it is complete or has failed
  std::optional<Transport> transport_;  // from then on
  bool is_failed_ = false;

  multiformats::PeerId peer_;
  std::optional<keys::PublicKey> peer_key_;
  std::optional<std::string> muxer_;
  crypto::Digest handshake_hash_{};

  ByteQueue partial_;  // a frame that arrived in part, with its length
  ByteQueue unread_;
  ByteQueue output_;
};

}  // namespace ghmesh::noise
