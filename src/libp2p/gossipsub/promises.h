// SPDX-License-Identifier: Apache-2.0 OR MIT
// What we asked for with IWANT: who promised it, and what need not be asked for again yet. Private to the room.
//
// A peer that told of a message and does not send it within Options::iwant_followup broke a promise (P7). Of each IWANT
// one id, drawn by chance, is followed up (gossipsub-v1.1.md, "Spam Protection Measures"): a liar cannot know which.
#pragma once

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "libp2p/gossipsub/message_cache.h"

namespace ghmesh::gossipsub {

class Promises {
 public:
  // Ids that were asked for and have not come are asked for again, of whom it may be, after `ask_again`.
  explicit Promises(Duration ask_again) : ask_again_(ask_again) {}

  bool may_ask(const IdHash& id, Instant now) const {
    const auto found = asked_.find(id);
    return found == asked_.end() || found->second + ask_again_ <= now;
  }
  void asked(const IdHash& id, Instant now) {
    asked_[id] = now;
    asked_order_.push_back({id, now});
    if (asked_order_.size() > kAskedMax) pop();
  }
  void promised(const IdHash& id, PeerKey peer, Instant until) {
    if (promises_.size() < kPromisesMax) promises_.insert({id, {peer, until}});
  }
  void arrived(const IdHash& id) {
    asked_.erase(id);
    promises_.erase(id);
  }
  void forget(PeerKey peer) {
    std::erase_if(promises_, [&](const auto& promise) { return promise.second.peer == peer; });
  }
  void forget_all() { promises_.clear(); }
  // Who broke a promise by now, once for each.
  std::vector<PeerKey> take_broken(Instant now) {
    std::vector<PeerKey> broken;
    std::erase_if(promises_, [&](const auto& promise) {
      if (promise.second.until > now) return false;
      broken.push_back(promise.second.peer);
      return true;
    });
    std::ranges::sort(broken);  // the table has no order that may be seen
    while (!asked_order_.empty() && asked_order_.front().at + ask_again_ <= now) pop();
    return broken;
  }
  std::size_t size() const { return promises_.size() + asked_.size(); }

  // Forgetting one early means that it may be asked for twice: 2 MB are enough.
  static constexpr std::size_t kAskedMax = 16 * 1024;
  // Ten IWANTs of each of 400 peers in a heartbeat.
  static constexpr std::size_t kPromisesMax = 4096;

 private:
  struct Asked {
    IdHash id;
    Instant at;
  };
  struct Promise {
    PeerKey peer;
    Instant until;
  };

  void pop() {
    const Asked& oldest = asked_order_.front();
    const auto found = asked_.find(oldest.id);
    if (found != asked_.end() && found->second == oldest.at) asked_.erase(found);
    asked_order_.pop_front();
  }

  Duration ask_again_;
  std::unordered_map<IdHash, Instant, IdHashHash> asked_;
  std::deque<Asked> asked_order_;
  std::unordered_multimap<IdHash, Promise, IdHashHash> promises_;
};

}  // namespace ghmesh::gossipsub
