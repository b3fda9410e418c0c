// SPDX-License-Identifier: Apache-2.0 OR MIT
// The handshake Noise_XX_25519_ChaChaPoly_SHA256 (Noise specification, revision 34), without anything of libp2p: three
// messages, each with a payload of the caller's. Private to the room: session.h is the door.
//
//   message   who        keys in it            payload is
//      1      dialer     e                     readable by all, changeable by all
//      2      listener   e, ee, s, es          encrypted to whoever sent message 1
//      3      dialer     s, se                 encrypted to the listener, and from the owner of s
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/exchange.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

namespace ghmesh::noise {

enum class Role { dialer, listener };  // Noise says initiator and responder

// Both are drawn for one session and used for no other. Tests give their own.
struct HandshakeKeys {
  crypto::X25519Key static_key = crypto::X25519Key::generate();
  crypto::X25519Key ephemeral_key = crypto::X25519Key::generate();
};

// What the two directions are encrypted with after the handshake, from our side.
struct TransportKeys {
  crypto::Secret send;
  crypto::Secret receive;
};

// The running hash and keys of a handshake (Noise, 5.2).
class SymmetricState {
 public:
  explicit SymmetricState(ByteView prologue);

  void mix_hash(ByteView bytes);
  void mix_key(const crypto::Secret& shared);
  // Before the first key there is nothing to encrypt with: the bytes stay what they are and are only hashed.
  void encrypt_and_hash(ByteView plaintext, Bytes& out);
  // Errors: noise_rejected, noise_malformed (too short).
  Result<Bytes> decrypt_and_hash(ByteView sealed);

  const crypto::Digest& hash() const { return hash_; }
  struct Split {
    crypto::Secret first, second;
  };
  Split split() const;

 private:
  Split derive(ByteView input) const;

  crypto::Digest hash_{};
  crypto::Secret chaining_key_;
  crypto::Secret key_;  // empty before the first mix_key()
  std::uint64_t nonce_ = 0;
};

class Handshake {
 public:
  Handshake(Role role, HandshakeKeys keys, ByteView prologue);

  // Dialer: write, read, write. Listener: read, write, read.
  bool is_complete() const { return messages_count_ == 3; }
  // An error is final: noise_rejected (the peer's public key leads to no secret).
  Result<Bytes> write_message(ByteView payload);
  // The payload. An error is final: noise_malformed (too short), noise_rejected (not authentic, or as above).
  Result<Bytes> read_message(ByteView message);

  const crypto::X25519PublicKey& static_key() const { return keys_.static_key.public_key(); }
  // Empty before message 2 (dialer) or 3 (listener).
  ByteView peer_static_key() const { return peer_static_key_; }

  // When complete:
  const crypto::Digest& hash() const { return state_.hash(); }
  TransportKeys split() const;

 private:
  // Both sides call it for the same pair of keys, each with the one whose private half it has.
  Result<void> mix_shared(const crypto::X25519Key& ours, ByteView theirs);
  Result<void> write_keys(Bytes& out);
  Result<void> read_ephemeral(Reader& reader);
  Result<void> read_static(Reader& reader);
  bool is_our_turn() const { return (messages_count_ % 2 == 0) == (role_ == Role::dialer); }

  const Role role_;
  const HandshakeKeys keys_;
  SymmetricState state_;
  int messages_count_ = 0;
  Bytes peer_ephemeral_key_;
  Bytes peer_static_key_;
};

}  // namespace ghmesh::noise
