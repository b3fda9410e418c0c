// SPDX-License-Identifier: Apache-2.0 OR MIT
// Ids as tables keep them, and which messages were there already. Private to the room.
#pragma once

#include <array>
#include <deque>
#include <unordered_set>

#include "base/time.h"
#include "crypto/hash.h"
#include "libp2p/gossipsub/message_id.h"

namespace ghmesh::gossipsub {

// 16 bytes under a key of this process: whoever chooses ids cannot choose where they stand in a table, nor make two
// alike. Never visible outside, and nothing iterates in its order.
using IdHash = crypto::TableHash;
struct IdHashHash {
  std::size_t operator()(const IdHash& hash) const { return hash[0]; }
};
inline IdHash hash_id(ByteView id) { return crypto::table_hash(id); }
inline IdHash hash_id(const MessageId& id) { return hash_id(id.bytes()); }

using IdSet = std::unordered_set<IdHash, IdHashHash>;

// Forgets what is older than its TTL, and the oldest when it is full.
class SeenCache {
 public:
  SeenCache(Duration ttl, std::size_t entries_max) : ttl_(ttl), entries_max_(entries_max) {}

  bool contains(const IdHash& id) const { return ids_.contains(id); }
  // False when something had to be forgotten before its time.
  bool insert(const IdHash& id, Instant now) {
    if (!ids_.insert(id).second) return true;
    oldest_first_.push_back({now, id});
    if (ids_.size() <= entries_max_) return true;
    pop();
    return false;
  }
  void expire(Instant now) {
    while (!oldest_first_.empty() && oldest_first_.front().at + ttl_ <= now) pop();
  }
  std::size_t size() const { return ids_.size(); }

 private:
  struct Entry {
    Instant at;
    IdHash id;
  };
  void pop() {
    ids_.erase(oldest_first_.front().id);
    oldest_first_.pop_front();
  }

  Duration ttl_;
  std::size_t entries_max_;
  IdSet ids_;
  std::deque<Entry> oldest_first_;
};

// What one peer has, by its own word (IDONTWANT) or because it sent it. Kept for three heartbeats
// (gossipsub-v1.2.md, "IDONTWANT": GossipSubIDontWantMessageTTL of go), each of which has its own set.
class KnownIds {
 public:
  // False when this heartbeat's set is full.
  bool insert(const IdHash& id) {
    if (generations_[0].size() >= kIdsPerHeartbeatMax) return false;
    generations_[0].insert(id);
    return true;
  }
  bool contains(const IdHash& id) const {
    return generations_[0].contains(id) || generations_[1].contains(id) ||
           generations_[2].contains(id);
  }
  void heartbeat() {
    std::swap(generations_[2], generations_[1]);
    std::swap(generations_[1], generations_[0]);
    generations_[0].clear();
  }
  std::size_t size() const {
    return generations_[0].size() + generations_[1].size() + generations_[2].size();
  }

  // go takes 1,000 words in a heartbeat, js 512. In three heartbeats 6,000 ids: 300 KB for each peer.
  static constexpr std::size_t kIdsPerHeartbeatMax = 2000;

 private:
  std::array<IdSet, 3> generations_;
};

}  // namespace ghmesh::gossipsub
