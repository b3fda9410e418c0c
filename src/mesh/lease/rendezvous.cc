// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/lease/rendezvous.h"

#include "crypto/hash.h"

namespace ghmesh::mesh {
namespace {

// The finalizer of SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): every bit of the input turns half of the output.
// What goes in is a MAC and a hash, so nothing stronger is wanted.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

void Rendezvous::add(const multiformats::PeerId& peer) {
  const crypto::Digest digest = crypto::sha256(peer.bytes());
  points_[peer] = load_big_endian<std::uint64_t>(ByteView(digest).first(8));
}

void Rendezvous::remove(const multiformats::PeerId& peer) { points_.erase(peer); }

const multiformats::PeerId* Rendezvous::home_of(const KeyId& key) const {
  const auto of_key = load_big_endian<std::uint64_t>(ByteView(key).first(8));
  const multiformats::PeerId* home = nullptr;
  std::uint64_t most = 0;
  for (const auto& [peer, point] : points_) {
    const std::uint64_t weight = mix(of_key ^ point);
    if (home && weight <= most) continue;
    home = &peer;
    most = weight;
  }
  return home;
}

}  // namespace ghmesh::mesh
