// SPDX-License-Identifier: Apache-2.0 OR MIT
// The work of `ghmesh warm`: a growing list of questions, a few at a time, until it is done or the budget says so.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "client.h"
#include "token.h"

namespace ghmesh::app {

// Of all questions; an organization of 12,000 repositories has as many.
inline constexpr std::size_t kWarmTargetsMax = 200'000;
// The largest answers of GitHub's that are kept.
inline constexpr std::size_t kWarmBodyBytesMax = 16 << 20;
inline constexpr std::size_t kWarmFailuresShown = 20;

struct WarmOptions {
  std::string socket;
  std::uint64_t reserve = 500;
  unsigned jobs = 4;
  std::uint64_t pages_max = 100;
};

struct WarmTarget {
  std::string target;
  std::uint64_t page = 1;
  std::function<void(std::string_view body)> on_body;  // of a 200, under the lock of the list
};

enum class WarmStop { done, limited, reserve };

struct WarmCounts {
  std::uint64_t asked = 0, charged = 0, failed = 0, waiting = 0;
  std::optional<std::uint64_t> remaining;  // of the budget, as the last answer said
  Seconds reset_in{0};                     // until it is filled again; 0: not known
  WarmStop stop = WarmStop::done;
  std::vector<std::string> failures;  // at most kWarmFailuresShown
};

// A path with its query, from a path or URL. Throws CommandError: it cannot be one.
std::string warm_target(std::string_view text);

class WarmRun {
 public:
  // Both outlive it.
  WarmRun(const WarmOptions& options, const Token& token) : options_(options), token_(token) {}

  void add(WarmTarget target);  // each only once; before go(), or in on_body
  // Throws CommandError where the daemon does not answer. `show` is called after each answer, by one thread at a time.
  WarmCounts go(const std::function<void(const WarmCounts&)>& show);

 private:
  void work(const std::function<void(const WarmCounts&)>& show);
  void note(const WarmTarget& target, const WholeResponse& answer);
  void add_next(const WarmTarget& target, std::string_view link);
  void fail(const WarmTarget& target, std::string_view reason);

  const WarmOptions& options_;
  const Token& token_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WarmTarget> waiting_;
  std::unordered_set<std::string> known_;
  unsigned busy_count_ = 0;
  bool is_stopped_ = false;
  std::optional<Error> unreachable_;
  WarmCounts counts_;
};

}  // namespace ghmesh::app
