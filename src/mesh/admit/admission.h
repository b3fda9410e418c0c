// SPDX-License-Identifier: Apache-2.0 OR MIT
// Admission: the two ends of a connection prove to each other that they know a secret of the swarm, before either says
// anything else. The grammar, with an example: docs/wire/admit.md.
//
//   dialer    -> version, nonce, a proof under each secret that it holds
//   listener  -> version, nonce, a proof under the one that both hold
//
// The dialer is whoever dialed the connection, and it opens the stream. Each proof is bound to its side, to the Noise
// handshake, and to both peers: on any other connection, or said back, it is worth nothing. A listener that was not
// convinced says nothing at all. Whatever is wrong, the error is one: mesh_refused; then end the connection.
//
// A stream machine (libp2p/stream/machine.h).
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "mesh/secret/keyring.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

inline constexpr std::string_view kAdmissionProtocol = "/ghmesh/admit/1.0.0";
// From the established connection to the end of the admission: some round trips around the earth.
inline constexpr Duration kAdmissionTimeMax = 2s;
// What a connection that is not admitted may send on its one stream: proposals for its protocol, and the 81 bytes.
inline constexpr std::size_t kAdmissionBytesMax = 4 * 1024;

inline constexpr std::size_t kAdmissionProofBytes = 32;
using AdmissionNonce = std::array<std::byte, 16>;
using AdmissionProof = std::array<std::byte, kAdmissionProofBytes>;
inline constexpr std::size_t kDialerAdmissionBytes =
    1 + sizeof(AdmissionNonce) + 2 * sizeof(AdmissionProof);
inline constexpr std::size_t kListenerAdmissionBytes =
    1 + sizeof(AdmissionNonce) + sizeof(AdmissionProof);

class Admission {
 public:
  enum class Side : std::uint8_t { dialer = 1, listener = 2 };  // of the connection
  enum class Under : std::uint8_t { newest, previous };         // of our own secrets

  struct Connection {
    Side side;
    crypto::Digest handshake_hash;
    multiformats::PeerId self, peer;  // as Noise has authenticated them
  };

  // `nonce` is random. `keys` are copied: a rotation meanwhile concerns the next connection.
  Admission(const Connection& connection, const Keyring& keys, const AdmissionNonce& nonce,
            Instant now);

  // Errors: mesh_refused.
  Result<std::size_t> receive(ByteView bytes, Instant now);
  Result<void> peer_finished(Instant now);  // Errors: mesh_refused (too early)
  ByteView pending_output() const { return ByteView(output_).subspan(output_sent_); }
  void output_sent(std::size_t bytes_count, Instant now);
  bool wants_finish() const { return has_spoken_; }
  Result<void> tick(Instant now);  // Errors: timed_out
  Instant next_deadline() const { return is_done() ? Instant::max() : deadline_; }
  // The peer is a member, and all that it needs to know the same of us is sent.
  bool is_done() const { return under_.has_value() && output_sent_ == output_.size(); }

  // Once it is done. A peer that is known by the previous secret only must go when that one is forgotten.
  Under admitted_under() const { return *under_; }

 private:
  AdmissionProof prove(const crypto::Secret& member_key, Side side, ByteView nonces) const;
  Result<void> judge_dialer();
  Result<void> judge_listener();

  const Side side_;
  Bytes bound_;  // what every proof of this connection is over
  crypto::Secret newest_, previous_;
  const bool has_previous_;
  const AdmissionNonce nonce_;
  const Instant deadline_;
  Bytes input_, output_;
  std::size_t output_sent_ = 0;
  bool has_spoken_ = false;
  std::optional<Under> under_;
};

}  // namespace ghmesh::mesh
