// SPDX-License-Identifier: Apache-2.0 OR MIT
// What we say of ourselves, and how it is sent: the side that is asked on /ipfs/id/1.0.0, and the side that pushes on
// /ipfs/id/push/1.0.0. Specification: docs/wire/identify.md.
//
// A peer is told the addresses that it could dial: one on the internet hears nothing of our network. Each statement has
// a signed record of just these, with a sequence number of its own, so that of two that a peer gets the later counts.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/identify/message.h"
#include "libp2p/keys/private_key.h"
#include "multiformats/multiaddr.h"

namespace ghmesh::identify {

inline constexpr std::string_view kProtocolVersion = "/ghmesh/1.0.0";
// With these a statement without its record is below kOwnMessageBytesMax, and so is the record.
inline constexpr std::size_t kOwnProtocolsBytesMax = 1536;
inline constexpr std::size_t kOwnAddressesBytesMax =
    2048;  // some 100; those that come last are left out

class Announcer {
 public:
  // `identity` outlives this. `version` is that of the program; nothing is said of the machine it runs on.
  Announcer(const keys::PrivateKey& identity, std::string_view version);

  // What inbound streams may ask for.
  void set_protocols(std::set<std::string> protocols);
  // Where we can be dialed, the most important first; no unspecified ones (0.0.0.0).
  void set_addresses(std::vector<multiformats::Multiaddr> addresses);
  // Larger after every change: peers that were told an older one are to be pushed to.
  std::uint64_t revision() const { return revision_; }

  // For a peer whose end of the connection is `remote`, which it is told, too. For a Sender.
  Bytes announce(const multiformats::Multiaddr& remote, WallTime now);

 private:
  const keys::PrivateKey& identity_;
  const std::string agent_version_;
  std::set<std::string> protocols_;
  std::vector<multiformats::Multiaddr> addresses_;
  std::uint64_t revision_ = 0;
  std::uint64_t sequence_ = 0;  // of the last record
};

// What a peer may send back where nothing is expected: py answers a push with "OK".
inline constexpr std::size_t kReplyBytesMax = 64;

// A stream machine (libp2p/stream/machine.h): sends a statement and finishes. Done when the peer has finished, too.
class Sender {
 public:
  Sender(Bytes statement, Instant now);

  // Errors: identify_too_large.
  Result<std::size_t> receive(ByteView bytes, Instant now);
  Result<void> peer_finished(Instant now);
  ByteView pending_output() const { return ByteView(statement_).subspan(sent_); }
  void output_sent(std::size_t bytes_count, Instant now);
  bool wants_finish() const { return sent_ == statement_.size(); }
  Result<void> tick(Instant now);
  Instant next_deadline() const { return deadline_; }
  bool is_done() const { return is_finished_there_ && sent_ == statement_.size(); }

 private:
  const Bytes statement_;
  std::size_t sent_ = 0;
  std::size_t reply_bytes_ = 0;
  bool is_finished_there_ = false;
  Instant deadline_;
};

}  // namespace ghmesh::identify
