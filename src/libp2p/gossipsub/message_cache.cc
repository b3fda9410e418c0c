// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/message_cache.h"

#include "base/check.h"

namespace ghmesh::gossipsub {
namespace {

// What an entry costs beside the bytes of its RPC: its id, its place in the tables, a dozen peers.
constexpr std::size_t kEntryBytes = 512;

std::size_t bytes_of(const CachedMessage& message) { return message.rpc->size() + kEntryBytes; }

}  // namespace

MessageCache::MessageCache(const Options& options)
    : bytes_max_(options.limits.cached_bytes_max),
      messages_max_(options.limits.cached_messages_max),
      cache_heartbeats_(options.cache_heartbeats),
      gossip_heartbeats_(options.gossip_heartbeats) {}

std::size_t MessageCache::insert(const IdHash& hash, CachedMessage message) {
  const std::size_t bytes = bytes_of(message);
  const bool is_pending = message.is_pending;
  if (!messages_.emplace(hash, std::move(message)).second) return 0;
  oldest_first_.push_back({hash, heartbeat_});
  bytes_ += bytes;
  if (is_pending) ++pending_;
  std::size_t dropped = 0;
  for (; (bytes_ > bytes_max_ || messages_.size() > messages_max_) && messages_.size() > 1;
       ++dropped)
    drop_oldest();
  return dropped;
}

CachedMessage* MessageCache::find(const IdHash& hash) {
  const auto found = messages_.find(hash);
  return found == messages_.end() ? nullptr : &found->second;
}

const CachedMessage* MessageCache::find(const IdHash& hash) const {
  const auto found = messages_.find(hash);
  return found == messages_.end() ? nullptr : &found->second;
}

void MessageCache::erase(const IdHash& hash) {
  const auto found = messages_.find(hash);
  if (found == messages_.end()) return;
  bytes_ -= bytes_of(found->second);
  if (found->second.is_pending) --pending_;
  messages_.erase(found);
}

void MessageCache::forget(TopicIndex topic) {
  for (const Entry& entry : oldest_first_) {
    const CachedMessage* message = find(entry.id);
    if (message && message->topic == topic) erase(entry.id);
  }
}

void MessageCache::verdict_came(CachedMessage& message) {
  GHMESH_CHECK(message.is_pending);
  message.is_pending = false;
  --pending_;
}

// One message, not only one entry.
void MessageCache::drop_oldest() {
  const std::size_t before = messages_.size();
  while (messages_.size() == before) {
    erase(oldest_first_.front().id);
    oldest_first_.pop_front();
  }
}

void MessageCache::shift() {
  ++heartbeat_;
  while (!oldest_first_.empty() &&
         oldest_first_.front().heartbeat + cache_heartbeats_ <= heartbeat_) {
    erase(oldest_first_.front().id);
    oldest_first_.pop_front();
  }
}

std::vector<MessageId> MessageCache::gossip_ids(TopicIndex topic) const {
  std::vector<MessageId> ids;
  for (auto entry = oldest_first_.rbegin(); entry != oldest_first_.rend(); ++entry) {
    if (entry->heartbeat + gossip_heartbeats_ <= heartbeat_) break;
    const CachedMessage* message = find(entry->id);
    if (message && message->topic == topic && !message->is_pending) ids.push_back(message->id);
  }
  return ids;
}

}  // namespace ghmesh::gossipsub
