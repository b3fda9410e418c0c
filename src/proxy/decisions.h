// SPDX-License-Identifier: Apache-2.0 OR MIT
// The last answers and how they came to be, for `ghmesh why`. Written on every answer, so a record is a copy of a few
// hundred bytes under a lock that hardly anybody else wants; text is made of it only when somebody asks.
//
// Nothing secret is in it: no credential, no body, no field of a request; of a query, values that look like one are cut
// out. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/fields.h"

namespace ghmesh::proxy {

// The last minutes of a busy node; 400 KiB.
inline constexpr std::size_t kDecisionsMax = 1024;
// Paths of GitHub's API are shorter; the rest is cut off.
inline constexpr std::size_t kDecisionTargetBytesMax = 240;

struct Decision {
  std::uint64_t number = 0;  // in the order of this process; note() gives it
  WallTime at;
  Duration taken{};
  http::CacheStatus cache_status;
  int status = 0;
  Seconds age{-1};  // of what was served, since it was last proven; negative: it was kept nowhere
  std::uint32_t bytes = 0;           // of the body, as far as it was known
  std::string_view method = "GET";   // static
  std::string_view route;            // static
  std::array<std::byte, 4> whose{};  // the first bytes of the principal's id
  bool is_anonymous = false;
  std::uint16_t target_bytes = 0;
  std::array<char, kDecisionTargetBytesMax> target_text;

  std::string_view target() const { return {target_text.data(), target_bytes}; }
  void set_target(std::string_view target);
};

// "/x?access_token=1&page=2" is shown as "/x?access_token=...&page=2".
std::string without_secrets(std::string_view target);

class Decisions {
 public:
  void note(Decision& decision);
  // The latest first.
  std::vector<Decision> last(std::size_t count) const;

 private:
  static constexpr std::size_t kShardsCount = 8;
  struct Shard {
    mutable std::mutex mutex;
    std::uint64_t count = 0;
    std::array<Decision, kDecisionsMax / kShardsCount> ring;
  };
  std::atomic<std::uint64_t> count_{0};
  std::unique_ptr<std::array<Shard, kShardsCount>> shards_ =
      std::make_unique<std::array<Shard, kShardsCount>>();
};

}  // namespace ghmesh::proxy
