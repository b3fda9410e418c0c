// SPDX-License-Identifier: Apache-2.0 OR MIT
// GossipQueue: what waits for a peer that does not take it at once, in the order in which it was said. Bounded in bytes
// and in RPCs; when it is full, what is worth least goes first, and of that the oldest. Private to the room.
//
// Control is never dropped, because the peer's idea of the mesh would be wrong from then on: who lets a whole queue of
// it wait is given up by the queue's owner.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "base/check.h"
#include "libp2p/host/host.h"

namespace ghmesh::host {

// Small ones cost more than their bytes: some 5 MB.
inline constexpr std::size_t kGossipQueueRpcsMax = 16 * 1024;

class GossipQueue {
 public:
  using Output = gossipsub::Output;
  using Priority = gossipsub::Priority;

  struct Pushed {
    bool is_kept = true;  // false: everything that waits is worth at least as much
    std::size_t dropped_count = 0;
  };
  Pushed push(Output output) {
    Pushed pushed;
    const std::size_t more_bytes = output.rpc->size();
    while (bytes_count_ + more_bytes > kGossipQueueBytesMax || size_ >= kGossipQueueRpcsMax) {
      const std::size_t least = least_worth();
      ++pushed.dropped_count;
      if (least <= worth(output)) {
        pushed.is_kept = false;
        return pushed;
      }
      take(queues_[least]);
    }
    bytes_count_ += more_bytes;
    ++size_;
    queues_[worth(output)].push_back({next_number_++, std::move(output)});
    return pushed;
  }
  // The oldest. Only when it is not empty.
  const Output& front() const { return queues_[oldest()].front().output; }
  Output pop() { return take(queues_[oldest()]); }

  bool is_empty() const { return size_ == 0; }
  std::size_t bytes_count() const { return bytes_count_; }

 private:
  struct Waiting {
    std::uint64_t number;
    Output output;
  };
  using Queue = std::deque<Waiting>;

  static std::size_t worth(const Output& output) {
    return static_cast<std::size_t>(output.priority);
  }
  std::size_t least_worth() const {
    std::size_t least = queues_.size() - 1;
    while (least > 0 && queues_[least].empty()) --least;
    return least;
  }
  std::size_t oldest() const {
    GHMESH_CHECK(!is_empty());
    const auto age = [](const Queue& queue) {
      return queue.empty() ? UINT64_MAX : queue.front().number;
    };
    return static_cast<std::size_t>(std::ranges::min_element(queues_, {}, age) - queues_.begin());
  }
  Output take(Queue& queue) {
    Output output = std::move(queue.front().output);
    queue.pop_front();
    bytes_count_ -= output.rpc->size();
    --size_;
    return output;
  }

  std::array<Queue, static_cast<std::size_t>(Priority::gossip) + 1> queues_;
  std::uint64_t next_number_ = 0;
  std::size_t bytes_count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ghmesh::host
