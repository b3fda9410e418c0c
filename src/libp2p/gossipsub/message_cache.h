// SPDX-License-Identifier: Apache-2.0 OR MIT
// The messages of the last heartbeats: what gossip tells of, what IWANT asks for, what waits for a verdict. Private to
// the room. Bounded in messages and in bytes; when it is full, the oldest go.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "libp2p/gossipsub/options.h"
#include "libp2p/gossipsub/seen_cache.h"
#include "multiformats/peer_id.h"

namespace ghmesh::gossipsub {

// One connection of a peer: small, ordered by age, never used again. 0 is ourselves.
using PeerKey = std::uint64_t;
inline constexpr PeerKey kOurselves = 0;
using TopicIndex = std::uint16_t;

// How many different peers may ask for one message; each up to kRetransmissionsMax times.
inline constexpr std::size_t kAskersMax = 64;
inline constexpr std::uint8_t kRetransmissionsMax = 3;  // GossipSubGossipRetransmission
// Further peers that brought a message while it waited for its verdict, and share in it.
inline constexpr std::size_t kBringersMax = 16;

struct CachedMessage {
  MessageId id;
  TopicIndex topic = 0;
  multiformats::PeerId author;
  PeerKey source = kOurselves;  // who brought it first
  Instant received_at{};
  std::shared_ptr<const Bytes> rpc;
  std::size_t data_bytes = 0;
  bool is_pending = false;  // no verdict yet: neither told of nor handed out

  std::vector<PeerKey> bringers;  // kBringersMax
  std::vector<PeerKey> sent_to;   // copies that we forwarded
  struct Asker {
    PeerKey peer;
    std::uint8_t times;
  };
  std::vector<Asker> askers;  // kAskersMax
};

class MessageCache {
 public:
  explicit MessageCache(const Options& options);

  // Returns how many older messages had to go.
  std::size_t insert(const IdHash& hash, CachedMessage message);
  // Valid until the next insert, erase or shift.
  CachedMessage* find(const IdHash& hash);
  const CachedMessage* find(const IdHash& hash) const;
  void erase(const IdHash& hash);
  void forget(TopicIndex topic);

  // A heartbeat has passed.
  void shift();
  // Of the last gossip_heartbeats, newest first, without those that wait for a verdict.
  std::vector<MessageId> gossip_ids(TopicIndex topic) const;
  // Those that have been here for one whole heartbeat, and not yet for two.
  template <class Visit>
  void visit_settled(Visit visit) const {
    for (const Entry& entry : oldest_first_)
      if (entry.heartbeat + 2 == heartbeat_)
        if (const CachedMessage* message = find(entry.id)) visit(entry.id, *message);
  }

  std::size_t size() const { return messages_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t pending() const { return pending_; }
  void verdict_came(CachedMessage& message);

 private:
  struct Entry {
    IdHash id;
    std::uint64_t heartbeat;
  };
  void drop_oldest();

  const std::size_t bytes_max_, messages_max_;
  const std::uint32_t cache_heartbeats_, gossip_heartbeats_;
  std::uint64_t heartbeat_ = 0;
  std::size_t bytes_ = 0;
  std::size_t pending_ = 0;
  std::unordered_map<IdHash, CachedMessage, IdHashHash> messages_;
  std::deque<Entry> oldest_first_;  // an erased message leaves its entry behind until its time
};

}  // namespace ghmesh::gossipsub
