// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which of our copies are needed: what a router learns about its links, so that it sends fewer that are not. Private to
// the room.
//
// In a mesh most copies are redundant: a message crosses each link, and only one copy per peer is its first. Whether a
// peer P needed our copy of what came from S shows afterwards: if P had it from elsewhere, it says so (IDONTWANT, or
// its own copy to us); if P had it from us, it says nothing. Where P has nearly always had it, the copy is held back
// for as long as P's word usually takes, and sent if the word does not come: nothing is lost, at worst it comes that
// much later. A mesh in which everybody does so sends along the links that are first, and checks with 80 bytes on the
// others.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "base/time.h"
#include "libp2p/gossipsub/message_cache.h"

namespace ghmesh::gossipsub {

// How long one peer's word usually takes after our first receipt: mean and deviation, as TCP estimates its round trip
// (RFC 6298).
class Lag {
 public:
  void observe(Duration sample) {
    sample = std::clamp(sample, Duration(0), kHoldMax);
    if (!has_samples_) {
      has_samples_ = true;
      mean_ = sample;
      deviation_ = sample / 2;
      return;
    }
    const Duration error = sample - mean_;
    deviation_ += ((error < Duration(0) ? -error : error) - deviation_) / 4;
    mean_ += error / 8;
  }
  Duration hold() const { return std::clamp(mean_ + 4 * deviation_, kHoldMin, kHoldMax); }

  // Two nodes on one machine need about this long to be scheduled one after the other.
  static constexpr Duration kHoldMin = 1ms;
  // What a held copy may cost at most. The word of a peer at the other end of the world takes no longer.
  static constexpr Duration kHoldMax = 150ms;

 private:
  bool has_samples_ = false;
  Duration mean_{};
  Duration deviation_{};
};

class Links {
 public:
  // What came from `source` first: did `peer` have it without us?
  void observe(PeerKey source, PeerKey peer, bool was_redundant) {
    if (links_.size() >= kLinksMax && !links_.contains({source, peer})) return;
    const double seen = was_redundant ? 1 : 0;
    double& of_peer = peers_.try_emplace(peer, kUnknown).first->second;
    double& of_link = links_.try_emplace({source, peer}, of_peer).first->second;
    of_link += kLearningOfLink * (seen - of_link);
    of_peer += kLearningOfPeer * (seen - of_peer);
  }
  // Whether a copy of so many bytes should wait.
  bool is_redundant(PeerKey source, PeerKey peer, std::size_t copy_bytes) const {
    return share(source, peer) >= (copy_bytes >= kLargeBytes ? kRedundantLarge : kRedundant);
  }
  void forget(PeerKey peer) {
    peers_.erase(peer);
    std::erase_if(links_, [peer](const auto& link) {
      return link.first.first == peer || link.first.second == peer;
    });
  }
  std::size_t size() const { return links_.size(); }

 private:
  // Of a link that has carried nothing yet: as the peer's other links.
  double share(PeerKey source, PeerKey peer) const {
    const auto link = links_.find({source, peer});
    if (link != links_.end()) return link->second;
    const auto of_peer = peers_.find(peer);
    return of_peer != peers_.end() ? of_peer->second : kUnknown;
  }

  // Chosen in a simulation of 1,000 nodes (degree 20, links of 25 +/- 5 ms that lose 1 %): per delivery 1.7 duplicates
  // instead of 6.3, the median after 106 ms instead of 77. With 0.75 it is 1.2 duplicates after 133 ms: worth it for
  // messages that are slow to send. With 0.65 the median is 247 ms: too many wait for each other.
  static constexpr double kRedundant = 0.8;
  static constexpr double kRedundantLarge = 0.75;
  static constexpr std::size_t kLargeBytes = 8 * 1024;
  static constexpr double kUnknown = 0.5;
  static constexpr double kLearningOfLink =
      0.25;  // one copy that was needed makes a link eager again
  static constexpr double kLearningOfPeer = 0.0625;
  static constexpr std::size_t kLinksMax =
      16 * 1024;  // 12 links of each of 512 peers, twice over: 1 MB

  std::map<std::pair<PeerKey, PeerKey>, double> links_;
  std::map<PeerKey, double> peers_;
};

// Copies that wait for a word.
class HeldCopies {
 public:
  struct Copy {
    IdHash message;
    PeerKey peer;
  };
  void add(Instant until, const Copy& copy) { copies_.emplace(until, copy); }
  std::optional<Copy> take_due(Instant now) {
    if (copies_.empty() || copies_.begin()->first > now) return std::nullopt;
    return copies_.extract(copies_.begin()).mapped();
  }
  Instant next_deadline() const {
    return copies_.empty() ? Instant::max() : copies_.begin()->first;
  }
  std::size_t size() const { return copies_.size(); }

 private:
  std::multimap<Instant, Copy> copies_;  // equal instants keep the order of add()
};

}  // namespace ghmesh::gossipsub
