// SPDX-License-Identifier: Apache-2.0 OR MIT
// Network: many nodes in one process, the wires between them, and their only clock. A minute of a swarm passes in a
// moment, and the same seed gives the same minute again, to the byte.
//
// A discrete-event simulation: next_event() takes what happens next from a queue and sets the clock to its time;
// nothing else moves the clock. A node is a number. What stands behind it (a router, a whole host) only its driver
// knows:
//
//   while (auto event = network.next_event(end)) drive(nodes[event->node], *event);
//
// after which the driver gives the node's output to write() or send() and its next deadline to set_timer().
//
// Two kinds of traffic, over links that may be slow, lossy or cut. A datagram is what UDP gives: lost, doubled, late or
// overtaken. A socket is one end of what TCP gives: everything arrives, once and in order, so that loss shows as delay:
//
//   here                     there
//   connect()                                  accepted there and connected here, after a round trip and a half
//   open() + other_end()                       both ends at once, without events: for machines that begin connected
//   write()                  readable          in pieces of any size; takes less when full, later: writable here
//   send()                   message           whole, for sockets that carry messages
//   finish()                 finished          behind everything that was written; the other direction goes on
//   reset()                  closed            at once; what is on its way is lost
//   (the link is cut)                          waits: healed, everything arrives; after socket_timeout: closed here
//
// Only an end that waits for the other notices a cut (TCP without keepalives): the other may stay half-open for ever,
// until it writes and is reset. Not modelled: congestion control, and a server's backlog.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace ghmesh::sim {

using NodeId = std::uint32_t;    // 0, 1, 2 ... in the order of add_node()
using SocketId = std::uint32_t;  // one end of a connection; never used again

// The weather on the way from one node to another.
struct LinkConfig {
  Duration delay = 25ms;  // for everything
  Duration jitter = 0ms;  // up to so much more, drawn anew for each piece and datagram
  std::uint64_t rate_bytes_per_second =
      0;                 // 0: sending takes no time. All traffic of a link shares it
  double loss = 0;       // of each packet; a socket's comes a retransmission later
  double reorder = 0;    // of a datagram: it is held back by up to two more delays
  double duplicate = 0;  // of a datagram
};

struct NetworkOptions {
  std::uint64_t seed = 0;
  LinkConfig link;  // between any two nodes that were not configured otherwise
  std::size_t piece_bytes_max =
      16 * 1024;  // what is written arrives in pieces of 1 to so many bytes
  std::size_t socket_bytes_max =
      256 * 1024;  // written and not yet read there: Linux's buffers, roughly
  std::size_t datagram_bytes_max =
      64 * 1024;  // waiting for a link's rate; more are dropped, as a full queue does
  Duration socket_timeout = 20s;  // without a sign of life while one is due
};

// From one node to another: links have two ways, and each can be cut alone.
struct Way {
  NodeId from;
  NodeId to;
  Way back() const { return {.from = to, .to = from}; }
  auto operator<=>(const Way&) const = default;
};
enum class Ways { one, both };

enum class Carries { bytes, messages };

struct NetworkEvent {
  enum class Kind {
    timer,      // the time that was given to set_timer() has come
    accepted,   // `peer` has connected to `node`
    connected,  // `socket`, which `node` asked for, may be used
    readable,   // more bytes: see readable()
    message,    // `bytes`, exactly as they were sent
    writable,   // write() or send() takes again what it refused
    finished,   // no more will come; what is readable stays so
    closed,  // `socket` is gone, for this `reason`: connection_refused, connection_reset, timed_out
    datagram,  // `bytes` from `peer`
  };
  Kind kind;
  NodeId node;  // whom it concerns
  NodeId peer = 0;
  SocketId socket = 0;
  Error reason;
  Bytes bytes;
};

struct NetworkCounters {
  std::uint64_t events = 0;
  std::uint64_t sent_bytes = 0;            // by sockets and datagrams, once each
  std::uint64_t pieces_sent = 0;           // messages are pieces too
  std::uint64_t pieces_retransmitted = 0;  // each counted once
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_lost = 0;  // by chance, by a cut, or because the link was full
  std::uint64_t sockets_timed_out = 0;
};

class Network {
 public:
  explicit Network(NetworkOptions options);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // --- time ---
  Instant now() const { return now_; }
  // What happens next, at the latest at `until`. Without a value: nothing until then, and now() is `until`.
  std::optional<NetworkEvent> next_event(Instant until);
  // A timer event for `node`, once; each call replaces the one before. Instant::max(): none.
  void set_timer(NodeId node, Instant at);
  // The script of a scenario: runs inside next_event(), and may do anything but call that.
  void at(Instant when, std::function<void()> action);

  // --- nodes and links ---
  NodeId add_node();
  std::size_t nodes_count() const;
  void listen(NodeId node);  // before that, connections are refused
  // The process ends: its sockets are reset, its timer is off, it listens no more. It may come back by listen().
  void crash(NodeId node);
  void configure(Way way, const LinkConfig& config, Ways ways = Ways::both);
  void cut(Way way, Ways ways = Ways::both);
  void heal(Way way, Ways ways = Ways::both);
  // Nodes reach only those of the same island: partitions, whatever the number of links. All begin on island 0.
  void move_to_island(NodeId node, std::uint32_t island);

  // --- sockets: calls on one that is gone do nothing ---
  SocketId connect(Way way, Carries carries = Carries::bytes);
  SocketId open(Way way, Carries carries);
  SocketId other_end(SocketId socket) const { return socket ^ 1; }
  // Takes a prefix of `bytes` and returns its size.
  std::size_t write(SocketId socket, ByteView bytes);
  // False: full, and not taken. One message more than socket_bytes_max may be under way, so that each fits at last.
  bool send(SocketId socket, Bytes message);
  ByteView readable(SocketId socket) const;
  void consume(SocketId socket, std::size_t bytes_count);
  void finish(SocketId socket);
  void reset(SocketId socket);
  bool is_open(SocketId socket) const;

  // --- datagrams ---
  void send_datagram(Way way, Bytes bytes);
  void multicast(NodeId from, const Bytes& bytes);  // to every other node

  // --- what a test wants to know ---
  // Over all that happened: kind, time, node and bytes. Same seed and same program: same hash.
  std::uint64_t trace_hash() const { return trace_hash_; }
  const NetworkCounters& counters() const { return counters_; }
  // Numbers for a driver or a node, of their own and yet of this seed.
  Random split_random() { return Random(random_()); }

 private:
  struct Link;
  struct Node;
  struct Piece;
  struct Socket;
  struct Datagram;
  enum class Happening : std::uint8_t;
  struct Entry {
    Instant at;
    std::uint64_t sequence;  // what was asked for first happens first
    std::uint32_t subject;   // a node or a socket
    Happening happening;
    bool operator>(const Entry& other) const {
      return at != other.at ? at > other.at : sequence > other.sequence;
    }
  };
  using Outcome = std::optional<NetworkEvent>;

  std::uint64_t push(Instant at, Happening happening, std::uint32_t subject);
  Outcome happen(const Entry& entry);
  Outcome ring(const Entry& entry);
  Outcome deliver_datagram(std::uint64_t sequence);
  void note(std::uint64_t value);
  void note(ByteView bytes);

  Link& link(Way way);
  bool is_cut(const Link& link) const;
  Instant departure(Link& link, std::size_t bytes_count);
  Duration travel_time(const Link& link);
  Duration retransmission_delay(const Link& link, std::size_t bytes_count);
  void resume_sockets();

  Socket* find(SocketId socket);
  const Socket* find(SocketId socket) const;
  SocketId add_socket_pair(Way way, Carries carries);
  std::size_t room(Socket& socket);
  void send_piece(SocketId id, Socket& socket, Piece piece);
  void schedule_arrival(SocketId id, Socket& socket, Instant not_before);
  void schedule_writable(SocketId id, Socket& socket);
  void expect_sign_of_life(SocketId id, Socket& socket);
  void give_credit(SocketId reader, std::size_t bytes_count);
  void resume(SocketId id, Socket& socket);
  void release_if_done(SocketId id);
  void close(SocketId id);
  NetworkEvent event_at(SocketId id, NetworkEvent::Kind kind) const;
  Outcome closed(SocketId id, boost::system::errc::errc_t reason);
  Outcome knock(SocketId dialer);
  Outcome answer_knock(SocketId dialer);
  Outcome arrive(SocketId sender);
  Outcome take_piece(SocketId id, Piece piece);
  Outcome give_up(SocketId id);
  Outcome make_writable(SocketId id);

  const NetworkOptions options_;
  Random random_;
  Instant now_ = Instant(0ns);
  std::uint64_t next_sequence_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  std::map<std::uint64_t, std::function<void()>> actions_;  // by the sequence of their entry
  std::map<std::uint64_t, Datagram> datagrams_;             // the same
  std::vector<Node> nodes_;
  std::map<Way, Link> links_;                     // made on first use; sockets point to them
  std::vector<std::unique_ptr<Socket>> sockets_;  // null: gone
  std::uint64_t trace_hash_ = 0;
  NetworkCounters counters_;
};

}  // namespace ghmesh::sim
