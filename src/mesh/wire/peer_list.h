// SPDX-License-Identifier: Apache-2.0 OR MIT
// A list of peers that may be left with somebody who is not of the swarm: in actions/cache, in an artifact, in a shared
// directory. Sealed under a key that does not change with the day; whoever has not the secret sees how long it is.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "mesh/seal/seal.h"
#include "multiformats/multiaddr.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

inline constexpr std::size_t kListedPeersMax =
    64;  // a newcomer needs three that answer; the rest comes by gossip
inline constexpr std::size_t kListedAddressesMax = 8;
inline constexpr std::size_t kPeerListBytesMax = kSealedFrameBytesMax + 32;

struct ListedPeer {
  multiformats::PeerId id;
  std::vector<multiformats::Multiaddr> addresses;
  WallTime seen_at{};  // when somebody was last connected to it, by the writer's clock
  bool operator==(const ListedPeer&) const = default;
};
struct PeerList {
  WallTime written_at{};
  std::vector<ListedPeer> peers;
  bool operator==(const PeerList&) const = default;
};

// A file's bytes. What is beyond the limits is left out, from the end. Errors: those of the sealer.
Result<Bytes> seal_peer_list(const PeerList& list, const crypto::Secret& peer_list_key,
                             const Sealer& sealer = {});
// Errors: seal_rejected (not a list, or not of this swarm), malformed, too_large, unsupported.
Result<PeerList> open_peer_list(ByteView file, const crypto::Secret& peer_list_key);

}  // namespace ghmesh::mesh
