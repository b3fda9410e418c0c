// SPDX-License-Identifier: Apache-2.0 OR MIT
// Member: this node as one of a swarm. It lets in who proves the secret, tells what this node learned of GitHub, hears
// what the others say, and settles who of them asks GitHub next.
//
// A machine on top of a host's: it is told the host's events, gives the host commands, and knows neither sockets nor
// threads. After every call have the host advance, and drain next_event(). What is believed stands in the Ledger, which
// it shares with whoever answers requests: it holds the ledger's lock while it uses it, and never during anything else.
//
//   who wants an answer that is not here    ask_lease()    LeaseSettled: go, and ask GitHub; or look into the ledger
//   who was told to go                      tell(), and end_lease()
//   who found a statement without its body  ask_body()     BodyArrived
//   who put a value that programs share     share()
//   who misses one                          recall()       RecallEnded
//   (of others: SharedHeard, and RecallAsked, which wants answer_recall())
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "libp2p/host/host.h"
#include "mesh/board/board.h"
#include "mesh/lease/lease_table.h"
#include "mesh/ledger/ledger.h"
#include "mesh/member/counters.h"
#include "mesh/member/roster.h"
#include "mesh/seal/seal.h"
#include "mesh/secret/keyring.h"
#include "mesh/wire/exchange.h"

namespace ghmesh::mesh {

// A home that has not answered by then does not hold anybody up: on loopback it takes a tenth of a millisecond, between
// continents 200; whoever is further away than this asks GitHub itself, which is as far.
inline constexpr Duration kLeaseAnswerMax = 50ms;
// Of one try to fetch a body, of 8 MiB at most, from one member.
inline constexpr Duration kBodyAnswerMax = 10s;
inline constexpr Duration kWarmAnswerMax = 60s;
inline constexpr std::size_t kBodyTriesMax = 3;
// Streams of one protocol that one peer may have open with us: what a burst of requests of one client machine needs.
inline constexpr std::size_t kLeaseStreamsMax = 256;
inline constexpr std::size_t kBodyStreamsMax = 8;
inline constexpr std::size_t kWarmStreamsMax = 1;  // of the board's, too
inline constexpr std::size_t kRecallStreamsMax = 16;
// Members that are asked for one shared value: what was told to all is with any of them.
inline constexpr std::size_t kRecallPeersMax = 8;
inline constexpr Duration kRecallAnswerMax = 5s;
// Everybody says so often that it is there. Who just came says it at once.
inline constexpr Duration kPresenceInterval = 30s;
inline constexpr Duration kPresenceDelay =
    100ms;  // of the first, so that gossip's streams are open
inline constexpr std::size_t kPresencesMax = 1'024;

using LeaseId = std::uint64_t;
using BodyId = std::uint64_t;
using RecallId = std::uint64_t;

// --- events ---
struct LeaseSettled {
  enum class Word {
    go,    // ask GitHub; then end_lease()
    know,  // somebody said something about the key: the ledger has it. The lease is over
  };
  LeaseId lease;
  Word word;
};
struct BodyArrived {
  BodyId id;
  http::Body body;  // null: nobody had it
};
// Addresses with a name in them: look it up, dial, and say what came of it with dial_begun() or dial_failed().
struct DialWanted {
  Roster::Call call;
};
struct MemberJoined {
  PeerId peer;
};
struct MemberLeft {
  PeerId peer;
  Error reason;
};
// A member put or removed a value that programs share, and this is the newest that is known of it.
struct SharedHeard {
  Shared said;  // with its record
};
// A member misses this value: say with answer_recall() whether it is here.
struct RecallAsked {
  host::StreamRef asker;
  std::string name;
};
struct RecallEnded {
  RecallId id;
  std::optional<Shared> found;  // with its record; none: nobody has it, or says so in time
};
using MemberEvent = std::variant<LeaseSettled, BodyArrived, DialWanted, MemberJoined, MemberLeft,
                                 SharedHeard, RecallAsked, RecallEnded>;

class Member {
 public:
  // What a host must be made with: protocols, topics, admission. `base` is the rest.
  static host::Options host_options(const Keyring& keyring, WallTime now, host::Options base = {});

  // `host` and `ledger` outlive this.
  Member(host::Host& host, Ledger& ledger, Keyring keyring, std::uint64_t seed, Now now,
         Sealer sealer = {});
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  void handle(const host::Event& event, Now now);
  void tick(Now now);
  Instant next_deadline() const;
  std::optional<MemberEvent> next_event();

  // --- the swarm ---
  Roster& roster();
  void dial_failed(const Roster::Call& call, Now now);
  void dial_begun(const Roster::Call& call, host::DialId dial);
  void rotate(const SwarmSecret& next, Now now);
  const Keyring& keyring() const;
  // Told to the others with the next presence, which a change of addresses brings about.
  void set_figures(const NodeFigures& figures);
  void set_addresses(std::vector<Multiaddr> addresses, Now now);
  void ping_all(Now now);  // MemberView::round_trip

  // --- what this node learned ---
  // Into our own ledger, and to all others. Errors: those of write_announcement(), of sealing and of publishing: then
  // nothing has left, and the ledger has it all the same; mesh_contradiction, if it would contradict what we said.
  Result<void> tell(Announcement announcement, Now now);

  // --- leases ---
  LeaseId ask_lease(const KeyAndTag& subject, LeaseAsk::What what, Now now);
  // After `go`: whether something was told about it. Before: it is not wanted any more.
  void end_lease(LeaseId lease, bool was_told, Now now);

  // --- bodies ---
  // The body of what somebody said, from its author or from others; the ledger has it then.
  BodyId ask_body(const Statement& statement, Now now);

  // --- values that programs share ---
  // Onto the board, and to all others: at once, or after some seconds when there are thousands. `said` has its record.
  // Errors: mesh_outdated, too_large.
  Result<void> share(Shared said, Now now);
  RecallId recall(const std::string& name, Now now);
  void end_recall(RecallId id, Now now);  // it is not waited for any more
  void answer_recall(host::StreamRef asker, const std::optional<Shared>& found, Now now);
  const Board& board() const;

  // --- for metrics and people ---
  std::vector<PeerId> members() const;  // admitted and connected
  std::vector<MemberView> views(Now now) const;
  const std::map<PeerId, Presence>& presences() const;
  const MemberCounters& counters() const;
  const LeaseTable::Counters& lease_counters() const;
  std::size_t exchanges_count() const;  // streams that are open

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::mesh
