// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who is made to wait: addresses that failed, and groups that knock too often. Both tables are bounded.
#pragma once

#include <map>
#include <string>

#include "base/random.h"
#include "libp2p/swarm/limits.h"

namespace ghmesh::swarm {

// Addresses that could not be reached are not tried again for a while, which doubles with every failure. The while is
// drawn from its upper half, so that a swarm does not come back as one.
class Backoff {
 public:
  explicit Backoff(const Limits& limits) : limits_(limits) {}

  bool is_held_back(const Multiaddr& address, Instant now) const;
  void failed(const Multiaddr& address, Random& random, Instant now);
  void succeeded(const Multiaddr& address);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    int failures_count = 0;
    Instant until;
  };
  const Limits& limits_;
  std::map<std::string, Entry> entries_;
};

// A token bucket per group.
class RateLimit {
 public:
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  bool take(const std::string& group, Instant now);
  std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens;
    Instant filled_at;
  };
  double tokens_at(const Bucket& bucket, Instant now) const;
  void forget_full(Instant now);

  const double per_second_;
  const double burst_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace ghmesh::swarm
