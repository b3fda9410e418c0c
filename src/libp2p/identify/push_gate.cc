// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/identify/push_gate.h"

#include <algorithm>

namespace ghmesh::identify {
namespace {

template <class Key>
bool has_room_for(std::map<Key, Instant>& buckets, const Key& key, std::size_t buckets_max,
                  Instant now) {
  if (buckets.contains(key) || buckets.size() < buckets_max) return true;
  std::erase_if(buckets, [&](const auto& bucket) { return bucket.second <= now; });
  return buckets.size() < buckets_max;
}

// When the bucket will be full after one more token was taken. Not stored: both buckets decide before either pays.
template <class Key>
Instant full_at_after(const std::map<Key, Instant>& buckets, const Key& key, Duration interval,
                      Instant now) {
  const auto found = buckets.find(key);
  return (found == buckets.end() ? now : std::max(found->second, now)) + interval;
}

}  // namespace

bool PushGate::admit(const multiformats::PeerId& peer, const std::string& group, Instant now) {
  const Instant peer_full_at = full_at_after(peers_, peer, options_.peer_interval, now);
  if (peer_full_at - now > options_.peer_burst * options_.peer_interval) {
    ++counters_.refused_peer;
    return false;
  }
  const Instant group_full_at = full_at_after(groups_, group, options_.group_interval, now);
  if (group_full_at - now > options_.group_burst * options_.group_interval) {
    ++counters_.refused_group;
    return false;
  }
  if (!has_room_for(peers_, peer, options_.peers_max, now) ||
      !has_room_for(groups_, group, options_.groups_max, now)) {
    ++counters_.refused_full;
    return false;
  }
  peers_[peer] = peer_full_at;
  groups_[group] = group_full_at;
  return true;
}

}  // namespace ghmesh::identify
