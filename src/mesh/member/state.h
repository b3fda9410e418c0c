// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a member is made of. Private to the room; see member.h.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "mesh/admit/admission.h"
#include "mesh/lease/rendezvous.h"
#include "mesh/member/body_shelf.h"
#include "mesh/member/member.h"
#include "multiformats/delimited.h"

namespace ghmesh::mesh {

using host::ConnectionId;
using host::StreamRef;

// Somebody we are connected to, who has proven itself.
struct Peer {
  std::map<ConnectionId, Admission::Under> connections;  // by which secret each was let in
  Instant since{};
  bool is_outbound = false;
  Duration round_trip{};
  // A lease of its keys is not asked for before: it let us wait for nothing.
  Instant no_home_until{};
};

// A connection that has not proven itself yet.
struct Admitting {
  PeerId peer;
  bool is_dialer = false;
  Instant deadline{};
  std::optional<StreamRef> stream;
  std::optional<Admission> machine;
  bool is_finished_here = false;
  bool is_finished_there = false;
};

// Homes that may die under one question before it is not worth another one.
inline constexpr std::size_t kHomesLostMax = 2;
// A home that had us wait for kLeaseMax and for nothing is not asked for so long: one that does it on purpose costs a
// request ten seconds a minute, and no more.
inline constexpr Duration kNoHomeTime = 60s;
inline constexpr Duration kLongWait = kLeaseMax - 500ms;
// Whoever was asked first may have come a moment before us.
inline constexpr std::size_t kWarmTriesMax = 3;
// What a peer that asks may send at once: an ask of a few principals, or how a lease ended. So 256 unfinished ones hold
// a megabyte.
inline constexpr std::size_t kAskFrameBytesMax = 4 * 1024;

// One that this node asked for.
struct Lease {
  enum class State { asking, waiting, going };
  KeyAndTag subject;
  LeaseAsk::What what = LeaseAsk::What::fetch;
  State state = State::asking;
  Instant asked_at{};
  std::optional<StreamRef> stream;         // to the home
  std::optional<LeaseTable::Asker> asker;  // we are the home
  std::size_t homes_lost = 0;
};

// A body that this node wants.
struct WantedBody {
  KeyAndTag subject;
  crypto::Digest digest{};
  std::vector<PeerId> candidates;  // to be asked still, the best last
  std::optional<KeyId> shared;     // it is the record of this shared value
};

// Values that wait to be told to the others. More than this were put faster than they are told for minutes.
inline constexpr std::size_t kUntoldMax = 16'384;
// Of what one member may say (mesh/ledger, kStatements) the half at once, and then somewhat less than its rate.
inline constexpr Duration kToldInterval = 5ms;
inline constexpr int kToldBurst = 2'048;
// Who has just been let in subscribes a moment later, and hears nothing before: what was told meanwhile is told again,
// so often. It has asked for the board already.
inline constexpr Duration kRetellPause = 100ms;
inline constexpr int kRetellsMax = 20;

// Records of shared values that are fetched at once, and that wait for it: of 8 MiB each at most.
inline constexpr std::size_t kRecordsFetchedMax = 8;
inline constexpr std::size_t kRecordsWantedMax = 1'024;

// A shared value that this node misses.
struct Recall {
  std::set<StreamRef> streams;
};

// As much as a node's memory tier holds by default: most of it is the same.
inline constexpr std::size_t kShelfBytesMax = 64 * 1024 * 1024;

enum class ExchangeKind : std::uint8_t { lease, fetch, warm, board, recall };

// A stream of sealed messages, each behind its length.
struct Exchange {
  ExchangeKind kind;
  bool is_inbound = false;
  PeerId peer;
  ExchangeId id{};
  multiformats::DelimitedReader reader{kSealedFrameBytesMax};
  std::uint64_t received_count = 0;  // messages
  std::uint64_t sent_count = 0;
  Bytes output;
  std::size_t output_begin = 0;
  bool wants_finish = false;
  bool is_finished_here = false;
  Instant deadline = Instant::max();

  // Of a lease: ours, or the asker at our table.
  LeaseId lease = 0;
  std::optional<LeaseTable::Asker> asker;
  KeyAndTag subject{};
  // Of a body: which; what arrives, or what is to be sent.
  BodyId body = 0;
  std::optional<BodyCollector> collector;
  Bytes packed;
  std::size_t packed_begin = 0;
  // Of a warm start: of what is to be told; how much has arrived.
  std::deque<KeyAndTag> subjects;
  std::uint64_t entries_count = 0, bytes_count = 0;
  // Of the board: what is to be told. Of a recall: which, and what its head said.
  std::deque<KeyId> shared;
  RecallId recall = 0;
  std::optional<Shared> said;
};

ExchangeId new_exchange_id();

struct Member::State {
  State(host::Host& host_in, Ledger& ledger_in, Keyring keyring_in, std::uint64_t seed, Now now,
        Sealer sealer_in);

  // members (member.cc)
  void handle(const host::Event& event, Now now);
  void handle_connected(const host::Connected& event, Now now);
  void handle_disconnected(const host::Disconnected& event, Now now);
  void handle_stream(const host::StreamEvent& event, Now now);
  void join(ConnectionId connection, const PeerId& peer, Admission::Under under, Now now);
  void expel(const PeerId& peer, Now now);
  void forgive(Now now);
  void tick(Now now);
  void tick_epoch(Now now);
  void rotate(const SwarmSecret& next, Now now);
  void follow_keyring(Now now);
  void part_from_previous(Now now);
  void tick_roster(Now now);
  Instant next_deadline() const;

  // gossip (gossip.cc)
  void handle_message(const gossipsub::Delivered& message, Now now);
  gossipsub::Verdict judge(const gossipsub::Delivered& message, Now now);
  gossipsub::Verdict judge_conflict(const PeerId& accuser, const Conflict& conflict, Now now);
  void take_presence(const PeerId& author, Presence presence, Now now);
  Result<void> tell(Announcement announcement, Now now);
  Result<void> keep_own(Announcement& announcement, Now now);
  Result<void> publish(const Announcement& announcement, Now now);
  void note_heard(const Announcement& announcement, Now now);
  void follow_ledger(Now now);
  void tick_presence(Now now);

  // admission (admission.cc)
  void begin_admission(ConnectionId connection, const PeerId& peer, Now now);
  void emplace_machine(Admitting& one, Admission::Side side, const swarm::Connection& link,
                       Now now) const;
  void handle_admission(const host::StreamEvent& event, Now now);
  void drive_admission(ConnectionId connection, Now now);
  void tick_admissions(Now now);
  void refuse(ConnectionId connection, Now now);

  // streams of sealed messages (exchange.cc)
  Exchange* open_exchange(const PeerId& peer, ExchangeKind kind, const ExchangeId& id,
                          Instant deadline, ByteView ask, Now now, StreamRef& stream);
  void handle_exchange(const host::StreamEvent& event, Now now);
  void accept_exchange(const host::StreamEvent& event, ExchangeKind kind, Now now);
  void read_exchange(StreamRef stream, Now now);
  void flush(StreamRef stream, Now now);
  Result<void> send(Exchange& exchange, ByteView plain);
  Result<Bytes> open(Exchange& exchange, ByteView frame);
  Result<void> take(StreamRef stream, Exchange& exchange, ByteView plain, Now now);
  Result<bool> refill(Exchange& exchange);
  void schedule(StreamRef stream, Exchange& exchange, Instant deadline);
  void drop(StreamRef stream, Error reason, Now now);  // resets it
  void forget(StreamRef stream, Error reason, Now now);
  void tick_exchanges(Now now);
  std::size_t count_inbound(const PeerId& peer, ExchangeKind kind) const;

  // leases (leases.cc)
  LeaseId ask_lease(const KeyAndTag& subject, LeaseAsk::What what, Now now);
  void end_lease(LeaseId lease, bool was_told, Now now);
  Result<void> take_lease_ask(StreamRef stream, Exchange& exchange, ByteView plain, Now now);
  Result<void> take_lease_word(StreamRef stream, Exchange& exchange, ByteView plain, Now now);
  Result<void> take_lease_end(Exchange& exchange, ByteView plain, Now now);
  Result<void> answer_lease(Exchange& exchange, const LeaseAnswer& answer);
  Fetched retell(const Statement& statement);
  std::optional<Announcement> retell(const KeyAndTag& subject);
  std::optional<Announcement> known_of(const KeyAndTag& subject, Now now);
  bool was_told(const KeyAndTag& subject, Now now) const;
  void put_lease(LeaseId id, Now now);
  void forget_unsettled(const KeyId& key, LeaseId id);
  void lease_lost(const Exchange& exchange, Error reason, Now now);
  void note_wait(const Lease& lease, const PeerId& home, Now now);
  void settle(LeaseId lease, LeaseSettled::Word word);
  void answer_waiting(const KeyId& key, Now now);
  void drain_table(Now now);

  // bodies, and a warm start (bodies.cc)
  BodyId ask_body(const Statement& statement, Now now);
  void try_body(BodyId id, Now now);
  BodyId want_body(WantedBody wanted, const PeerId& author, Now now);
  void end_body(BodyId id, http::Body body, Now now);
  Result<void> take_body_ask(Exchange& exchange, ByteView plain);
  Result<void> take_body_frame(StreamRef stream, Exchange& exchange, ByteView plain, Now now);
  void ask_warmth(Now now);
  void end_warmth(const Exchange& exchange, Now now);
  Result<void> take_warm_ask(Exchange& exchange, ByteView plain, Now now);
  Result<void> take_warm_batch(StreamRef stream, Exchange& exchange, ByteView plain, Now now);

  // values that programs share (shared.cc)
  Result<void> share(Shared said, Now now);
  void tell_shared(Now now);
  void publish_shared(const Shared& said, int retold_count, Now now);
  bool all_listen() const;
  Instant next_telling() const;
  gossipsub::Verdict take_shared(const PeerId& author, Shared said, Now now);
  void want_record(const PeerId& author, const Shared& said, Now now);
  void fetch_records(Now now);
  void end_record(const KeyId& key, const crypto::Digest& digest, http::Body record, Now now);
  void ask_board(Now now);
  void end_board(const Exchange& exchange, Now now);
  Result<void> take_board_ask(Exchange& exchange, ByteView plain);
  Result<void> take_board_batch(StreamRef stream, Exchange& exchange, ByteView plain, Now now);
  RecallId recall(const std::string& name, Now now);
  void end_recall(RecallId id, std::optional<Shared> found, Now now);
  void recall_lost(StreamRef stream, RecallId id, Now now);
  Result<void> take_recall_ask(StreamRef stream, Exchange& exchange, ByteView plain);
  Result<void> take_recall_frame(Exchange& exchange, ByteView plain, Now now);
  void answer_recall(StreamRef stream, const std::optional<Shared>& found, Now now);

  host::Host& host;
  Ledger& ledger;
  Keyring keyring;
  Random random;
  const Sealer sealer;
  Roster roster;
  Rendezvous rendezvous;
  LeaseTable table;
  BodyShelf shelf{kShelfBytesMax};

  std::map<PeerId, Peer> peers;
  std::map<host::DialId, Roster::Call> dials;
  std::map<PeerId, Presence> presences;
  std::set<std::string> topics;  // that we are subscribed to
  std::map<ConnectionId, Admitting> admitting;
  std::map<StreamRef, ConnectionId> admission_streams;

  std::map<StreamRef, Exchange> exchanges;
  std::set<std::pair<Instant, StreamRef>> deadlines;  // of exchanges
  std::map<LeaseId, Lease> leases;
  std::multimap<KeyId, LeaseId> unsettled;
  std::map<LeaseTable::Asker, std::variant<LeaseId, StreamRef>> askers;
  std::map<BodyId, WantedBody> bodies;
  std::uint64_t next_number = 1;  // of leases, bodies and askers

  Board board;
  std::deque<KeyId> untold;
  std::set<KeyId> untold_keys;
  Instant told_up_to{};  // at an even rate
  struct Retelling {
    Instant due{};
    KeyId key{};
    SharedAt said_at{};
    int count = 0;
  };
  std::deque<Retelling> retellings;  // the first due first
  std::deque<std::pair<PeerId, KeyId>> records_wanted;
  std::size_t records_fetched = 0;  // just now
  std::map<RecallId, Recall> recalls;
  bool is_board_known = false, is_asking_board = false;
  std::set<PeerId> boards_asked;

  std::vector<Multiaddr> addresses;
  NodeFigures figures;
  bool is_warm = false, is_warming = false;
  std::set<PeerId> warmth_asked;
  std::set<PeerId> denied;  // the expelled
  Instant next_presence = Instant::max();
  Instant next_epoch_look{};
  std::deque<MemberEvent> events;
  MemberCounters counters;
};

}  // namespace ghmesh::mesh
