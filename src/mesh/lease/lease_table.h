// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a home keeps: who asks GitHub about a key at this moment, and who waits for what comes of it.
//
//   a key        what happens              then
//   -----------  ------------------------  -----------------------------------------------------------------------
//   free         ask                       the asker goes: held
//   held         ask                       the asker waits
//   held         end: told                 told: the announcement is under way to everybody
//   held         end: failed               all who wait go. GitHub's answer was for the holder alone, or there is none
//   held         end: lost, or kLeaseMax   the next in line goes: held
//   held, told   answered                  whoever still waits after a moment is told what is known: free
//   told         kTellMax                  the next in line goes: held
//
// A mistake of this table costs a call to GitHub and never an answer: nobody waits longer than kLeaseMax, whatever it
// says.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "mesh/wire/exchange.h"

namespace ghmesh::mesh {

// From the holder's word that it has told to the arrival of what it told: gossip takes milliseconds, and a second if a
// copy was lost.
inline constexpr Duration kTellMax = 1500ms;
// Those who hear the announcement themselves withdraw: only the others are told by the home, a moment later.
inline constexpr Duration kHearsayDelay = 20ms;
inline constexpr std::size_t kLeasesMax = 16'384;  // keys that a large swarm asks for at one moment
inline constexpr std::size_t kWaitersPerKeyMax =
    1'024;  // members that one home can be connected to

class LeaseTable {
 public:
  // Whoever asks, by a number of the caller's choice; one number holds or awaits one key.
  using Asker = std::uint64_t;
  enum class Word { go, wait };
  enum class End { told, failed, lost };
  // What becomes of those who waited. `know`: something was said about the key, and the asker may not have heard it.
  struct Call {
    enum class Kind { go, know };
    Asker asker;
    KeyId key;
    Kind kind;
  };
  struct Counters {
    std::uint64_t granted = 0;
    std::uint64_t waited = 0;
    std::uint64_t expired = 0;     // held for kLeaseMax
    std::uint64_t lost = 0;        // by a holder that went away
    std::uint64_t over_limit = 0;  // told to go, because of kLeasesMax or kWaitersPerKeyMax
  };

  Word ask(const KeyId& key, Asker asker, Instant now);
  // Of a holder; somebody who waits withdraws, however it ends. Unknown ones do nothing.
  void end(Asker asker, End how, Instant now);
  // Something was said about this key.
  void answered(const KeyId& key, Instant now);

  void tick(Instant now);
  Instant next_deadline() const;
  std::optional<Call> next_call();

  std::size_t size() const { return leases_.size(); }
  const Counters& counters() const { return counters_; }

 private:
  enum class Phase { held, told, answered };
  struct Lease {
    Phase phase = Phase::held;
    Asker holder = 0;
    std::deque<Asker> waiting;
    Instant deadline{};
  };
  using Leases = std::map<KeyId, Lease>;

  void schedule(const KeyId& key, Lease& lease, Instant deadline);
  void grant_next(Leases::iterator lease, Instant now);
  void call_all(Leases::iterator lease, Call::Kind kind);
  void erase(Leases::iterator lease);

  Leases leases_;
  std::map<Asker, KeyId> askers_;
  std::set<std::pair<Instant, KeyId>> deadlines_;
  std::deque<Call> calls_;
  Counters counters_;
};

}  // namespace ghmesh::mesh
