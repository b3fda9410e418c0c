// SPDX-License-Identifier: Apache-2.0 OR MIT
// The home of a key: the member that says who asks GitHub for it. Every member works it out alone, from the key and
// from whom it is connected to (rendezvous hashing: D. Thaler, C. Ravishankar, 1998). When a member leaves, only its
// own keys find another home.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "mesh/secret/keys.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

class Rendezvous {
 public:
  void add(const multiformats::PeerId& peer);
  void remove(const multiformats::PeerId& peer);
  bool contains(const multiformats::PeerId& peer) const { return points_.contains(peer); }
  // Null when there is nobody. Valid until the next change.
  const multiformats::PeerId* home_of(const KeyId& key) const;

 private:
  std::map<multiformats::PeerId, std::uint64_t> points_;
};

}  // namespace ghmesh::mesh
