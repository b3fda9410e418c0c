// SPDX-License-Identifier: Apache-2.0 OR MIT
// The governor: whether GitHub may be asked now, on whose budget, or who must wait.
//
// GitHub refuses whoever asks beyond a limit, free questions too, and bans who goes on asking. So what is known to be
// refused is not asked: what is held is served, marked as stale, or the caller is told honestly when to come back.
//   primary    x-ratelimit-remaining is 0: nobody asks until the reset, and then not all at once
//   reserve    the last twentieth is for whoever waits for an answer; background work (Priority: u=5 to 7, RFC 9218;
//              `ghmesh warm`) waits for the reset
//   secondary  GitHub said "wait": nobody asks until Retry-After, or a minute, or twice as long as the last time
//   points     900 a minute for REST, 2,000 for GraphQL, 80 changes a minute: a little too many are held back for a
//              moment, before GitHub has to say so
// Sources: GitHub's documentation, "Rate limits for the REST API" and "Rate limits and query limits for the GraphQL
// API".
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/random.h"
#include "base/time.h"
#include "http/message.h"

namespace ghmesh::proxy {

// Budgets that are remembered: as many as callers (proxy/principals.h), of three resources. The longest unused goes.
inline constexpr std::size_t kBudgetsKnownMax = 3 * 4096;
inline constexpr std::uint64_t kReserveShare = 20;  // one of so many
// After a reset, each node begins at its own moment within this time: a swarm does not come back as one.
inline constexpr Seconds kResetSpread{5};
// A secondary limit without Retry-After: "wait for at least one minute", then exponentially; its longest, as observed,
// is a quarter of an hour.
inline constexpr Seconds kSecondaryWaitMin{60};
inline constexpr Seconds kSecondaryWaitMax{15 * 60};
// Nobody is held back for longer than clients wait without a sign (PyGithub: 15 s): then they are told to come back.
inline constexpr Duration kHoldMax = 10s;

enum class Urgency { interactive, background };
// From the Priority field of a request (RFC 9218, 4.1): u=0 to 7, 3 when it says nothing.
Urgency read_urgency(std::string_view priority);

enum class Cost {
  read,
  query,
  mutation,
  change
};  // 1, 1, 5 and 5 points; the last two may create content

struct Purse {
  std::array<std::byte, 16> principal{};
  std::string_view resource;  // "core", "search", "code_search", "graphql": static
  bool operator==(const Purse&) const = default;
};

struct Permit {
  enum class Word {
    go,
    hold,    // ask again after `wait`
    refuse,  // not before `until`
  };
  Word word = Word::go;
  Duration wait{0};
  WallTime until{};
  std::string_view reason;  // static: "primary limit", "reserve", "secondary limit", "points"
};

// The budget as GitHub last told it.
struct KnownBudget {
  std::uint64_t limit = 0, remaining = 0;
  WallTime reset{};
};

// Thread-safe.
class Governor {
 public:
  explicit Governor(std::uint64_t seed);

  // Takes the points when it says go.
  // `told`: what another node says is left; null for nothing. Of its word, only what nobody waits for is held back: who
  // waits asks, and then GitHub says how much it is.
  Permit ask(const Purse& purse, Cost cost, Urgency urgency, Now now,
             const KnownBudget* told = nullptr);
  // What GitHub answered; `is_limited`: github::is_rate_limited() or is_graphql_limited().
  void note(const Purse& purse, int status, const http::Headers& headers, bool is_limited,
            WallTime now);
  // False: nothing is known, or its hour is over.
  bool find(const Purse& purse, WallTime now, KnownBudget& budget) const;

  struct Counters {
    std::uint64_t held = 0, refused_primary = 0, refused_reserve = 0, refused_secondary = 0,
                  refused_points = 0;
  };
  Counters counters() const;

 private:
  struct Tank {  // of points; full at first
    double left = -1;
    Instant filled_at{};
  };
  struct Account {
    Purse purse;
    KnownBudget budget;
    bool has_budget = false;
    WallTime wait_until = WallTime::min();
    Seconds last_wait{0};
    Tank points, changes;
  };
  struct HashPurse {
    std::size_t operator()(const Purse& purse) const;
  };

  Account& account_of(const Purse& purse);
  static Duration take(Tank& tank, double points, double per_minute, Instant now);
  Permit refuse(std::uint64_t Counters::*counter, WallTime until, std::string_view reason);

  mutable std::mutex mutex_;
  std::list<Account> recent_first_;
  std::unordered_map<Purse, std::list<Account>::iterator, HashPurse> accounts_;
  Random random_;
  Seconds spread_;  // this node's own moment after a reset
  Counters counters_;
};

// 429, with Retry-After and the budget as it is known, in the form that GitHub's own refusals have.
http::Answer write_refusal(const Permit& permit, const Purse& purse, const KnownBudget* budget,
                           WallTime now);

}  // namespace ghmesh::proxy
