// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who should be in the mesh of one topic: the decision of a heartbeat, as a function (gossipsub-v1.1.md, "Maintaining
// The Mesh"). Private to the room.
#pragma once

#include <vector>

#include "base/random.h"
#include "libp2p/gossipsub/message_cache.h"
#include "libp2p/gossipsub/options.h"

namespace ghmesh::gossipsub {

struct MeshPeer {
  PeerKey key = kOurselves;
  double score = 0;
  bool is_outbound = false;
};

struct MeshChange {
  std::vector<PeerKey> graft;
  std::vector<PeerKey> prune;         // too many
  std::vector<PeerKey> prune_as_bad;  // negative score: they are told of no other peers
};

// `candidates`: subscribers that are not in the mesh and may be grafted: no backoff, not direct, score not negative.
// `is_opportunistic`: also this time try to improve a mesh that delivers badly.
MeshChange decide_mesh(const std::vector<MeshPeer>& members, std::vector<MeshPeer> candidates,
                       const Options& options, bool is_opportunistic, Random& random);

// Brings the elements into a random order.
template <class T>
void shuffle(std::vector<T>& elements, Random& random) {
  for (std::size_t i = elements.size(); i > 1; --i)
    std::swap(elements[i - 1], elements[static_cast<std::size_t>(random.below(i))]);
}

}  // namespace ghmesh::gossipsub
