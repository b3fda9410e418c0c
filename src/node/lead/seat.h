// SPDX-License-Identifier: Apache-2.0 OR MIT
// The seat: who holds it leads the processes of one cache directory. There is one, by an flock(2): the kernel gives it
// back when its holder dies, however it dies, and a forked child does not hold it (net/fork_guard.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/descriptor.h"
#include "node/lead/place.h"

namespace ghmesh::node {

class Seat {
 public:
  // nullopt: somebody else has it. Errors: the system's; store_unsafe, where the file is another user's.
  static Result<std::optional<Seat>> try_take(const LeadPlace& place);

 private:
  explicit Seat(net::Descriptor lock) : lock_(std::move(lock)) {}
  net::Descriptor lock_;
};

// Who should lead rather than another: it is asked to yield. Of one rank whoever came first leads.
enum class LeadRank : int {
  library = 1,  // asks GitHub for the others
  member = 2,   // and is in a swarm
  daemon = 3,   // and serves gh; it yields to nobody
};

// --- the leader, as others on this machine ask it; each call waits for at most kLeaderAnswerMax ---
inline constexpr int kLeaderAnswerMilliseconds = 1'000;
// An answer is a few hundred bytes; its addresses, if there are many, some kilobytes.
inline constexpr std::size_t kLeaderAnswerBytesMax = 64 * 1024;
// Requests to the leader itself are sent to this host; all others go on to GitHub.
inline constexpr std::string_view kLeaderHost = "leader.ghmesh";
// A field of those: which upstream is meant.
inline constexpr std::string_view kUpstreamField = "ghmesh-upstream";

struct LeaderStatus {
  LeadRank rank = LeadRank::library;
  int process = 0;
  bool is_swarm_on = false;
  std::string swarm;    // the fingerprint of its secret; empty: in none
  std::string peer_id;  // empty: none
  std::vector<std::string> addresses;
  std::size_t peers_count = 0;  // members that are connected
  bool operator==(const LeaderStatus&) const = default;
};
std::string write_leader_status(const LeaderStatus& status);
Result<LeaderStatus> parse_leader_status(std::string_view text);  // Errors: malformed

// Errors: the system's (ECONNREFUSED, ENOENT: nobody is there); store_unsafe, where another user listens; malformed.
Result<LeaderStatus> ask_leader_status(const LeadPlace& place);
// True: it yields, and the seat is free in a moment.
Result<bool> ask_leader_to_yield(const LeadPlace& place, LeadRank rank);
// A connection that says nothing. Its end is the leader's.
Result<net::Descriptor> watch_leader(const LeadPlace& place);

}  // namespace ghmesh::node
