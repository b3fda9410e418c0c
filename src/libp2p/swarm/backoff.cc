// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/swarm/backoff.h"

#include <algorithm>

namespace ghmesh::swarm {
namespace {

// More doublings would leave any backoff_max behind.
constexpr int kDoublingsMax = 20;
// Groups whose bucket is full again are forgotten when there are so many; nobody loses by it.
constexpr std::size_t kBucketsMax = 4096;

}  // namespace

bool Backoff::is_held_back(const Multiaddr& address, Instant now) const {
  const auto found = entries_.find(address.text());
  return found != entries_.end() && now < found->second.until;
}

void Backoff::failed(const Multiaddr& address, Random& random, Instant now) {
  if (entries_.size() >= limits_.backoffs_max) {
    const auto by_end = [](const auto& a, const auto& b) {
      return a.second.until < b.second.until;
    };
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), by_end));
  }
  Entry& entry = entries_[address.text()];
  const int doublings = std::min(entry.failures_count++, kDoublingsMax);
  const Duration wait =
      std::min(limits_.backoff_max, limits_.backoff_min * (std::int64_t{1} << doublings));
  entry.until =
      now + wait / 2 + Duration(random.below(static_cast<std::uint64_t>(wait.count() / 2) + 1));
}

void Backoff::succeeded(const Multiaddr& address) { entries_.erase(address.text()); }

double RateLimit::tokens_at(const Bucket& bucket, Instant now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.filled_at).count();
  return std::min(burst_, bucket.tokens + seconds * per_second_);
}

bool RateLimit::take(const std::string& group, Instant now) {
  if (buckets_.size() >= kBucketsMax) forget_full(now);
  Bucket& bucket =
      buckets_.try_emplace(group, Bucket{.tokens = burst_, .filled_at = now}).first->second;
  bucket = {.tokens = tokens_at(bucket, now), .filled_at = now};
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void RateLimit::forget_full(Instant now) {
  std::erase_if(buckets_,
                [&](const auto& entry) { return tokens_at(entry.second, now) >= burst_; });
  if (buckets_.size() >= kBucketsMax)
    buckets_.clear();  // a thousand groups at once: the other limits hold
}

}  // namespace ghmesh::swarm
