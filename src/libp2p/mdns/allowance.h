// SPDX-License-Identifier: Apache-2.0 OR MIT
// Allowance: so many per second, and so many at once after a quiet time (a token bucket, told by the time at which it
// will be full). Sources: one for each sender, so that a loud one uses up its own and nobody else's. Private to the
// room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ghmesh::mdns {

struct Rate {
  std::uint32_t per_second;
  std::uint32_t burst;
};

class Allowance {
 public:
  explicit Allowance(Rate rate)
      : pause_(Duration(1s) / rate.per_second), reserve_(pause_ * (rate.burst - 1)) {}

  bool take(Instant now) {
    if (full_at_ > now + reserve_) return false;
    full_at_ = std::max(full_at_, now) + pause_;
    return true;
  }
  bool is_full(Instant now) const { return full_at_ <= now; }

 private:
  Duration pause_;
  Duration reserve_;
  Instant full_at_{};
};

// What everybody on one link may cost us.
struct Source {
  Allowance datagrams;
  Allowance news;
};

class Sources {
 public:
  Sources(std::size_t sources_max, Source fresh)
      : sources_max_(sources_max), fresh_(fresh), others_(fresh) {}

  // Of this sender. Senders beyond the bound share one: a flood under ever new addresses is as one sender.
  Source& at(std::string_view name, Instant now) {
    if (const auto known = sources_.find(name); known != sources_.end()) return known->second;
    if (sources_.size() >= sources_max_) {
      // Whoever was quiet for long has all of it back, and need not be remembered.
      std::erase_if(sources_, [now](const auto& entry) {
        return entry.second.datagrams.is_full(now) && entry.second.news.is_full(now);
      });
    }
    if (sources_.size() >= sources_max_) return others_;
    return sources_.emplace(name, fresh_).first->second;
  }
  std::size_t size() const { return sources_.size(); }

 private:
  std::size_t sources_max_;
  Source fresh_;
  Source others_;
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace ghmesh::mdns
