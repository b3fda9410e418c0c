// SPDX-License-Identifier: Apache-2.0 OR MIT
// The door for GitHub's webhooks. What is signed makes us ask again sooner; what is not changes nothing.
//
// GitHub's documentation, "Validating webhook deliveries" and "Best practices for using webhooks": a delivery that is
// sent again has the id that it had; the answer must come within 10 s.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "crypto/secret.h"
#include "github/invalidation.h"
#include "http/message.h"

namespace ghmesh::node {

// Deliveries of some hours of a busy organization; an older one that comes again makes us ask once more, which is free.
inline constexpr std::size_t kDeliveriesMax = 4096;
// GitHub's are GUIDs, of 36 bytes.
inline constexpr std::size_t kDeliveryIdBytesMax = 64;
// Bodies that are being read at one time: whoever has no secret can make us hold so much.
inline constexpr std::size_t kWebhookReadBytesMax = 64 << 20;

struct WebhookCounts {
  std::uint64_t accepted = 0, duplicate = 0, ignored = 0, unknown = 0, unsigned_ = 0, malformed = 0;
};

// Thread-safe.
class Webhooks {
 public:
  using Note = std::function<void(std::span<const github::Doubt>)>;
  Webhooks(crypto::Secret secret, Note note);

  struct Receipt {
    int status = 400;
    std::string_view
        outcome;  // static: "accepted", "duplicate", "ignored", "unknown", or what is wrong
    std::size_t doubts_count = 0;
  };
  Receipt take(const http::RequestHead& head, std::string_view body);
  WebhookCounts counts() const;

 private:
  bool is_new(const std::string& delivery);

  const crypto::Secret secret_;
  const Note note_;
  std::mutex mutex_;
  std::unordered_set<std::string> deliveries_;
  std::deque<std::string> in_order_;
  struct Counters {
    std::atomic<std::uint64_t> accepted{0}, duplicate{0}, ignored{0}, unknown{0}, unsigned_{0},
        malformed{0};
  } counters_;
};

}  // namespace ghmesh::node
