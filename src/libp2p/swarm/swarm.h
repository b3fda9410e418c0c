// SPDX-License-Identifier: Apache-2.0 OR MIT
// Swarm: all connections of one node: who may come in, whom we dial and when again, and how much they may hold.
//
// A machine: it owns no socket. Whoever has the sockets tells it what happened to them and does what next_action()
// says:
//
//   a socket was accepted       accepted()                     action dial    connect a socket: dialed(), dial_failed()
//   bytes arrived               receive()                      action ready   pending_output() has something to write
//   bytes were written          output_sent()                  action close   write the last words, if the socket takes
//   the socket ended            closed()                                      them at once, and close it
//
// After every call drain next_event() and then next_action(). A connection is known by an id that is never used again;
// calls with an id that is gone do nothing. Streams are named by their connection and a number; see libp2p/connection
// for what the events of streams mean.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "libp2p/connection/connection.h"
#include "libp2p/swarm/backoff.h"
#include "libp2p/swarm/limits.h"

namespace ghmesh::swarm {

using ConnectionId = std::uint64_t;
using DialId = std::uint64_t;
using connection::Connection;
using connection::StreamId;
using Protocols = Connection::Protocols;

struct StreamRef {
  ConnectionId connection = 0;
  StreamId stream = 0;
  auto operator<=>(const StreamRef&) const = default;
};

// Who wants it: the owner, or somebody who says that a peer is there (peer exchange, mDNS).
enum class DialReason { wanted, suggested };

struct Event {
  enum class Kind {
    connected,     // `peer` on `connection`; `dial` if we asked for it
    disconnected,  // `connection` with `peer` is gone, and its streams with it; `reason` says why
    dial_failed,   // `dial`: none of its addresses led to the peer; `reason` is that of the last
    opened,
    agreed,
    refused,
    readable,
    writable,
    finished,
    reset,
    going_away,  // as connection::Event::Kind
  };
  Kind kind;
  StreamRef stream = {};  // for the first two: only its connection
  PeerId peer = {};       // of the first three, as far as it is known
  DialId dial = 0;
  std::string protocol = {};
  Error reason = {};
};

struct Action {
  enum class Kind { dial, ready, close };
  Kind kind;
  ConnectionId connection;
  Multiaddr address = {};  // of dial: ip and tcp only
  Bytes last_words = {};   // of close
  Error reason = {};       // of close, for the log
};

struct Options {
  Limits limits = {};
  Gate gate = {};
  connection::Options connection = {};  // expected_peer is set by each dial
};

struct Counters {
  std::uint64_t inbound_accepted = 0;
  std::uint64_t inbound_refused_gate = 0;
  std::uint64_t inbound_refused_total = 0;
  std::uint64_t inbound_refused_pending = 0;
  std::uint64_t inbound_refused_group = 0;
  std::uint64_t inbound_refused_rate = 0;
  std::uint64_t pending_evicted = 0;  // handshakes that made room for newer ones
  std::uint64_t peers_refused =
      0;  // after the handshake: the gate, ourselves, or too many connections with one peer
  std::uint64_t dial_attempts = 0;
  std::uint64_t dials_failed = 0;
  std::uint64_t dials_held_back = 0;  // addresses that were not tried because of their back-off
  std::uint64_t suggested_dials_refused = 0;  // too many under way
  std::uint64_t reads_held_back = 0;          // because too much of what a peer had sent was unread
  std::uint64_t bytes_received = 0;           // on the wire, of all connections
  std::uint64_t bytes_sent = 0;
  std::map<std::string, std::uint64_t> ends;  // of connections, by error_name(): a closed set
};

class Swarm {
 public:
  // `identity` outlives this. `protocols`: what inbound streams may ask for.
  Swarm(Options options, const keys::PrivateKey& identity, Protocols protocols, std::uint64_t seed);
  ~Swarm();
  Swarm(const Swarm&) = delete;
  Swarm& operator=(const Swarm&) = delete;

  // --- sockets ---
  // Errors: connection_refused (gate), limit_reached: close the socket.
  Result<ConnectionId> accepted(const Multiaddr& remote, Instant now);
  void dialed(ConnectionId connection, Instant now);
  void dial_failed(ConnectionId connection, Error reason, Instant now);
  void receive(ConnectionId connection, ByteView bytes, Instant now);
  bool wants_input(ConnectionId connection) const;
  ByteView pending_output(ConnectionId connection, Instant now);
  void output_sent(ConnectionId connection, std::size_t bytes_count, Instant now);
  void closed(ConnectionId connection, Instant now);
  void tick(Instant now);
  Instant next_deadline() const;
  std::optional<Event> next_event();
  std::optional<Action> next_action();

  // --- peers ---
  // Tries `addresses` (ip and tcp; what else there is is skipped) in order. nullopt as `peer`: whoever answers.
  // Exactly one event follows: connected or dial_failed. Errors: limit_reached, dial_no_address, dial_backoff (all of
  // them failed a moment ago), connection_refused (gate).
  Result<DialId> dial(std::optional<PeerId> peer, std::vector<Multiaddr> addresses, Instant now,
                      DialReason reason = DialReason::wanted);
  void disconnect(ConnectionId connection, Error reason, Instant now);
  void deny(const PeerId& peer, Instant now);  // from now on, and ends what there is
  void permit(const PeerId& peer);             // takes that back
  // Oldest first; empty: not connected.
  std::vector<ConnectionId> connections_of(const PeerId& peer) const;
  std::vector<PeerId> peers() const;
  std::size_t connections_count() const { return records_.size(); }
  // Null when it is gone or not established yet.
  const Connection* find(ConnectionId connection) const;
  // The other end as the socket tells it: where we dialed, or where it came from.
  const Multiaddr* remote_of(ConnectionId connection) const;

  // --- streams: forwarded to the connection ---
  Result<StreamRef> open_stream(ConnectionId connection, std::vector<std::string> protocols,
                                Instant now);
  // Errors: yamux_closed, also when the connection is gone.
  Result<std::size_t> write(StreamRef stream, ByteView bytes, Instant now);
  void finish(StreamRef stream, Instant now);
  void reset(StreamRef stream, Instant now);
  ByteView readable(StreamRef stream) const;
  void consume(StreamRef stream, std::size_t bytes_count, Instant now);
  bool is_at_end(StreamRef stream) const;
  // Of all connections that are here and to come; of one.
  void set_protocols(Protocols protocols);
  void set_protocols(ConnectionId connection, Protocols protocols);

  const PeerId& self() const { return self_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Record;
  struct Dial;
  using Records = std::map<ConnectionId, std::unique_ptr<Record>>;
  using Dials = std::map<DialId, Dial>;

  Record* record_of(ConnectionId connection) const;
  Result<void> judge_inbound(const std::string& group, bool is_local, Instant now);
  bool make_pending_room(const std::string& group, Instant now);
  void start(Record& record, connection::Role role, Instant now);
  // What every change of a connection ends with: its events become ours, its deadline is noted, its output is
  // announced.
  void settle(Record& record, Instant now);
  void pass_on(Record& record, const connection::Event& event, Instant now);
  void greet(Record& record, Instant now);
  void end(ConnectionId connection, Error reason, Instant now);
  void note_deadline(Record& record);

  void advance(DialId dial, Instant now);
  void attempt(DialId id, Dial& dial, const Multiaddr& address, Instant now);
  void attempt_ended(DialId dial, const Multiaddr& address, ConnectionId connection, Error reason,
                     Instant now);
  void win(DialId dial, ConnectionId connection, Instant now);

  const Options options_;
  Gate gate_;
  const keys::PrivateKey& identity_;
  const PeerId self_;
  Protocols protocols_;
  Random random_;

  Records records_;
  std::map<PeerId, std::vector<ConnectionId>> peers_;
  std::set<std::pair<Instant, ConnectionId>> deadlines_;
  std::size_t pending_inbound_ = 0;
  std::map<std::string, std::size_t> groups_;  // inbound connections
  RateLimit accept_rate_;
  Dials dials_;
  Backoff backoff_;
  ConnectionId next_connection_ = 1;
  DialId next_dial_ = 1;
  std::size_t unread_bytes_ = 0;  // of all connections

  std::deque<Event> events_;
  std::deque<Action> actions_;
  Counters counters_;
};

}  // namespace ghmesh::swarm
