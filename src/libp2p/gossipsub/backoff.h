// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who may not be grafted before when, in each topic (gossipsub-v1.1.md, "Prune Backoff"). Private to the room.
//
// Outlives connections, so that reconnecting is no way around it. A peer says how long in seconds of 64 bits; that is
// clamped before it is added to anything (CVE-2026-33040, CVE-2026-34219).
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/time.h"
#include "libp2p/gossipsub/message_cache.h"
#include "multiformats/peer_id.h"

namespace ghmesh::gossipsub {

// Longer is not honoured: a link that is refused for an hour has been replaced.
inline constexpr Duration kBackoffMax = 1h;

// Of what a PRUNE says; 0 means that it says nothing.
inline Duration clamp_backoff(std::uint64_t seconds, Duration otherwise) {
  if (seconds == 0) return otherwise;
  constexpr std::uint64_t kSecondsMax = kBackoffMax / 1s;
  return Seconds(static_cast<std::int64_t>(std::min(seconds, kSecondsMax)));
}

class Backoffs {
 public:
  explicit Backoffs(std::size_t entries_max) : entries_max_(entries_max) {}

  // Until the later of this and what was there. False when another entry had to go: the one that ends first.
  bool add(TopicIndex topic, const multiformats::PeerId& peer, Instant until) {
    Instant& entry = entries_.try_emplace({topic, peer}, until).first->second;
    entry = std::max(entry, until);
    if (entries_.size() <= entries_max_) return true;
    entries_.erase(std::ranges::min_element(
        entries_, [](const auto& a, const auto& b) { return a.second < b.second; }));
    return false;
  }
  std::optional<Instant> until(TopicIndex topic, const multiformats::PeerId& peer) const {
    const auto found = entries_.find({topic, peer});
    if (found == entries_.end()) return std::nullopt;
    return found->second;
  }
  void forget(TopicIndex topic) {
    std::erase_if(entries_, [topic](const auto& entry) { return entry.first.first == topic; });
  }
  void expire(Instant now) {
    std::erase_if(entries_, [now](const auto& entry) { return entry.second <= now; });
  }
  std::size_t size() const { return entries_.size(); }

 private:
  std::size_t entries_max_;
  std::map<std::pair<TopicIndex, multiformats::PeerId>, Instant> entries_;
};

}  // namespace ghmesh::gossipsub
