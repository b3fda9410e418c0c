// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a peer says of itself, as it arrives: the side that asked on /ipfs/id/1.0.0, and the side that is pushed to on
// /ipfs/id/push/1.0.0. Specification: docs/wire/identify.md.
//
// A stream machine (libp2p/stream/machine.h): it only listens, until the peer ends its side. Nothing of a statement
// counts before all of it is there and fits the key that the connection has proven; a single wrong key refuses it
// whole. A signed record that is not right is only left out: the channel is authenticated, and old py signs records
// that nobody verifies.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/identify/message.h"
#include "libp2p/keys/public_key.h"
#include "libp2p/record/peer_record.h"
#include "multiformats/delimited.h"

namespace ghmesh::identify {

// For a whole exchange: go gives 30 s, js 5 s.
inline constexpr Duration kDeadline = 10s;

struct Told {
  Identify statement;
  // Of statement.signed_record, verified and of the peer itself.
  std::optional<record::CertifiedRecord> record;
  Dropped dropped;
  bool has_wrong_record = false;  // there was one, and it is not right
};

class Receiver {
 public:
  // `peer_key`: the one that the connection has proven.
  Receiver(keys::PublicKey peer_key, Instant now)
      : peer_key_(std::move(peer_key)), reader_(kMessageBytesMax), deadline_(now + kDeadline) {}

  // Errors: identify_malformed, identify_too_large (a message, or too many of them), identify_wrong_key.
  Result<std::size_t> receive(ByteView bytes, Instant now);
  // Errors: identify_malformed (within a message, or before the first).
  Result<void> peer_finished(Instant now);
  ByteView pending_output() const { return {}; }
  void output_sent(std::size_t bytes_count, Instant now);
  bool wants_finish() const { return is_done_; }
  Result<void> tick(Instant now);
  Instant next_deadline() const { return deadline_; }
  bool is_done() const { return is_done_; }

  // After is_done().
  const Told& told() const { return told_; }

 private:
  const keys::PublicKey peer_key_;
  multiformats::DelimitedReader reader_;
  std::size_t messages_ = 0;
  Told told_;
  bool is_done_ = false;
  Instant deadline_;
};

// What is known of a connected peer, from all that it has told so far.
struct PeerInfo {
  std::set<std::string> protocols;
  std::string protocol_version, agent_version;
  // Those of the record, if the last statement with addresses had one.
  std::vector<multiformats::Multiaddr> addresses;
  std::optional<record::CertifiedRecord> record;
  std::optional<multiformats::Multiaddr> observed_address;  // where the peer sees us
};

enum class Exchange : std::uint8_t {
  identify,  // all there is: what it does not say is not so
  push,      // what has changed: what it does not say is as before
};
void learn(PeerInfo& known, const Told& told, Exchange exchange);

}  // namespace ghmesh::identify
