// SPDX-License-Identifier: Apache-2.0 OR MIT
// A peer record: where a peer says it can be reached, signed by itself, so that others can hand it on (libp2p RFC 0003,
// with the domain and type that the implementations really use). Specification: docs/wire/record.md.
//
// A CertifiedRecord is one that was signed by us or verified here: nothing else can make one. That it is authentic does
// not make it wanted: record/peer_store.h decides what is kept.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/keys/private_key.h"
#include "multiformats/multiaddr.h"
#include "multiformats/peer_id.h"

namespace ghmesh::record {

using multiformats::Multiaddr;
using multiformats::PeerId;

// Further ones are dropped and counted. A machine with ten interfaces and four transports has forty; refusing the whole
// record would make an honest peer with more unreachable.
inline constexpr std::size_t kRecordAddressesMax = 64;

struct PeerRecord {
  PeerId peer;
  std::uint64_t sequence = 0;  // of two records of a peer, the one with the higher number counts
  std::vector<Multiaddr> addresses;

  bool operator==(const PeerRecord&) const = default;
};

class CertifiedRecord {
 public:
  // At most kRecordAddressesMax addresses. `record.peer` is `identity`'s.
  static CertifiedRecord sign(PeerRecord record, const keys::PrivateKey& identity);
  // With `expected_peer`, anybody else's is refused before its signature costs anything. Errors: record_malformed,
  // record_wrong_peer (of another peer than expected, or signed by another than it speaks of), record_rejected.
  static Result<CertifiedRecord> verify(ByteView envelope,
                                        const std::optional<PeerId>& expected_peer = std::nullopt);

  const PeerRecord& record() const { return record_; }
  ByteView envelope() const { return envelope_; }
  // Addresses that were not taken: of protocols that we do not know, malformed, empty, or too many.
  std::size_t addresses_dropped() const { return addresses_dropped_; }

 private:
  CertifiedRecord() = default;

  PeerRecord record_;
  Bytes envelope_;
  std::size_t addresses_dropped_ = 0;
};

// For our own next record: larger than the last one, also after a restart, which is why it is made from the time.
std::uint64_t next_sequence(std::uint64_t previous, WallTime now);

}  // namespace ghmesh::record
