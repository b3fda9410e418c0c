// SPDX-License-Identifier: Apache-2.0 OR MIT
// Host: a whole libp2p node without its sockets. It owns the swarm and speaks, on its streams, identify, ping,
// gossipsub and, if asked to, perf; the protocols of the application are its owner's.
//
// A machine. Whoever has the sockets (net/p2p, or a simulated network) calls the socket verbs of swarm(), and then
// advance(); whoever uses the node gives commands, reads next_event(), and sees to it that advance() is called. Streams
// of the application's protocols are read and written through swarm(); those of the built-in ones belong to the host.
//
//   a peer connects    both sides ask identify, and open a gossip stream if they have topics; then Identified
//   its last connection ends    everything of it is forgotten but its addresses, its score, and its back-off
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libp2p/gossipsub/router.h"
#include "libp2p/identify/announcer.h"
#include "libp2p/identify/push_gate.h"
#include "libp2p/identify/receiver.h"
#include "libp2p/perf/client.h"
#include "libp2p/perf/server.h"
#include "libp2p/ping/pinger.h"
#include "libp2p/ping/responder.h"
#include "libp2p/record/peer_record.h"
#include "libp2p/swarm/swarm.h"

namespace ghmesh::host {

using multiformats::Multiaddr;
using multiformats::PeerId;
using swarm::ConnectionId;
using swarm::DialId;
using swarm::StreamRef;

// Inbound streams of one protocol on one connection. ping.md asks for two; identify is asked once in a while.
inline constexpr std::size_t kBuiltInStreamsMax = 2;
// Gossip that waits for a peer which does not take it. Beyond, what is worth least is dropped and counted; a healthy
// peer is milliseconds behind, and this is a second of a fast link.
inline constexpr std::size_t kGossipQueueBytesMax = 4 * 1024 * 1024;

struct Options {
  swarm::Options swarm = {};
  WallTime
      started_at{};  // the civil time at the host's beginning, from which its records are numbered
  std::string version = "dev";  // told to peers as "ghmesh/VERSION"
  std::vector<std::string> protocols =
      {};  // the application's: their inbound streams become events
  std::optional<gossipsub::Options> gossip = std::nullopt;
  gossipsub::Version gossip_newest = gossipsub::Version::meshsub_1_2;  // to speak with others
  bool offers_perf = false;  // lets anybody use our bandwidth: for benchmarks
  // A private swarm: until admit(), a connection speaks this protocol of the application's and nothing else. Who is not
  // admitted learns no topic, no address and no other protocol. Empty: everybody is welcome.
  std::string admission_protocol = {};
};

// --- events ---
struct Connected {
  PeerId peer;
  ConnectionId connection;
  DialId dial = 0;  // ours, or 0
};
struct Disconnected {
  PeerId peer;
  ConnectionId connection;
  Error reason;
  bool is_last;  // no other connection with this peer is left
};
struct DialFailed {
  DialId dial;
  PeerId peer;  // empty: whoever would have answered
  Error reason;
};
// What the peer says of itself, at first and whenever it says something new (`is_push`).
struct Identified {
  PeerId peer;
  ConnectionId connection;
  identify::PeerInfo info;
  bool is_push = false;
};
struct Ponged {
  PeerId peer;
  Duration round_trip;
};
struct PingFailed {
  PeerId peer;
  Error reason;
};
struct PerfDone {
  PeerId peer;
  std::uint64_t bytes_up = 0, bytes_down = 0;
  Duration upload{}, download{};
  Error reason = {};  // it failed
};
// Of a stream of the application's: see connection::Event for the kinds. `opened` is the peer's.
struct StreamEvent {
  swarm::Event::Kind kind;
  StreamRef stream;
  PeerId peer;
  std::string protocol;  // of opened and agreed
};
using Event = std::variant<Connected, Disconnected, DialFailed, Identified, Ponged, PingFailed,
                           PerfDone, StreamEvent, gossipsub::Event>;

struct Counters {
  std::uint64_t streams_refused = 0;   // of built-in protocols, beyond kBuiltInStreamsMax
  std::uint64_t streams_failed = 0;    // of built-in protocols: broke its rules or its deadline
  std::uint64_t gossip_dropped = 0;    // RPCs that found the queue full
  std::uint64_t gossip_cancelled = 0;  // copies that the peer told us it has, while they waited
  std::uint64_t gossip_streams_broken = 0;  // ended by a message that breaks the format
  // Peer exchange: suggestions that came too often or all at once, addresses that the peer cannot know.
  std::uint64_t suggestions_ignored = 0;
};

class Host {
 public:
  // `identity` outlives this. The seed decides what is left to chance.
  Host(Options options, const keys::PrivateKey& identity, std::uint64_t seed, Instant now);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // --- the sockets' side ---
  swarm::Swarm& swarm() { return *swarm_; }
  const swarm::Swarm& swarm() const { return *swarm_; }
  // Handles what the swarm has to say, until it is quiet. After every call of the swarm's verbs.
  void advance(Instant now);
  void tick(Instant now);
  Instant next_deadline() const;
  std::optional<Event> next_event();
  void stop(Instant now);  // ends all connections; the swarm's actions say how

  // --- commands: advance() afterwards ---
  const PeerId& self() const { return swarm_->self(); }
  // Where others may dial us, without /p2p: told by identify and in our signed record. A change is pushed to everybody.
  void set_listen_addresses(std::vector<Multiaddr> addresses, Instant now);
  const std::vector<Multiaddr>& listen_addresses() const { return listen_addresses_; }
  void add_protocol(std::string protocol, Instant now);  // the same
  // See swarm::Swarm::dial().
  Result<DialId> dial(std::optional<PeerId> peer, std::vector<Multiaddr> addresses, Instant now,
                      swarm::DialReason reason = swarm::DialReason::wanted);
  // One round trip of 32 bytes; Ponged or PingFailed follows. Errors: connection_lost, and those of opening a stream.
  Result<void> ping(const PeerId& peer, Instant now);
  // PerfDone follows. Errors: as ping().
  Result<void> perf(const PeerId& peer, std::uint64_t bytes_up, std::uint64_t bytes_down,
                    Instant now);
  // On the peer's oldest connection. Errors: connection_lost, and those of connection::Connection::open_stream().
  Result<StreamRef> open_stream(const PeerId& peer, std::string protocol, Instant now);
  void disconnect(const PeerId& peer, Instant now);
  // With Options::admission_protocol: from now on this connection speaks everything. Of two sides that let each other
  // in, one is first: let_in() takes what the peer opens, and admit() opens streams of our own too, which needs the
  // peer to have let us in.
  void let_in(ConnectionId connection);
  void admit(ConnectionId connection, Instant now);
  bool is_admitted(ConnectionId connection) const;

  // --- gossip: with Options::gossip; see gossipsub::Router ---
  Result<void> add_topic(std::string name, const gossipsub::TopicOptions& options, Instant now);
  void remove_topic(std::string_view name, Instant now);
  Result<void> subscribe(std::string_view topic, Instant now);
  void unsubscribe(std::string_view topic, Instant now);
  Result<gossipsub::MessageId> publish(std::string_view topic, ByteView data, Instant now);
  gossipsub::Router* gossip() { return router_.get(); }  // null without
  // The protocol of our gossip stream to this peer; empty when there is none.
  std::string gossip_protocol(const PeerId& peer) const;
  // Bytes that wait for this peer to take them: who publishes much may wait for it to fall.
  std::size_t gossip_backlog_bytes(const PeerId& peer) const;

  // What the peer last said of itself; null before.
  const identify::PeerInfo* info_of(const PeerId& peer) const;
  const Counters& counters() const { return counters_; }

 private:
  using Machine = std::variant<identify::Receiver, identify::Sender, ping::Responder, ping::Pinger,
                               perf::Server, perf::Client>;
  struct BuiltIn;     // a stream of identify, ping or perf, with its machine
  struct GossipPeer;  // the two gossip streams of a peer, and what waits for it
  struct Peer;

  void handle(const swarm::Event& event, Instant now);
  void handle_connected(const swarm::Event& event, Instant now);
  void handle_disconnected(const swarm::Event& event, Instant now);
  void handle_opened(const swarm::Event& event, Instant now);
  void handle_application(const swarm::Event& event);
  PeerId peer_of(ConnectionId connection) const;
  std::vector<std::string> all_protocols() const;
  std::vector<std::string> gossip_protocols() const;
  void update_protocols();
  void welcome(ConnectionId connection, const PeerId& peer, Instant now);
  void drop(StreamRef stream, Instant now);
  void schedule(StreamRef stream, BuiltIn& built_in, Instant deadline);

  // built-in streams (built_in.cc)
  Result<StreamRef> open_built_in(ConnectionId connection, BuiltIn built_in, Instant now);
  std::optional<Machine> make_responder(const swarm::Event& event, const PeerId& peer, Instant now);
  void accept_built_in(const swarm::Event& event, const PeerId& peer, Instant now);
  void handle_built_in(const swarm::Event& event, Instant now);
  void drive(StreamRef stream, Instant now);
  void linger(StreamRef stream, BuiltIn& built_in, Instant now);
  void tick_built_ins(Instant now);
  template <class One>
  Result<void> carry(StreamRef stream, BuiltIn& built_in, One& machine, Instant now);
  void note_pong(BuiltIn& built_in, ping::Pinger& pinger, Instant now);
  void complete(StreamRef stream, BuiltIn& built_in, Instant now);
  void fail(StreamRef stream, Error reason, Instant now);
  void ask_identify(ConnectionId connection, const PeerId& peer, Instant now);
  void push_identify(Instant now);
  std::optional<identify::Sender> announcement(ConnectionId connection, Instant now);
  void learn(const BuiltIn& built_in, ConnectionId connection, Instant now);
  std::set<std::string> announced_protocols() const;

  // gossip streams (gossip.cc)
  void open_gossip(const PeerId& peer, ConnectionId connection, Instant now);
  void accept_gossip(const swarm::Event& event, const PeerId& peer, Instant now);
  void introduce(const PeerId& id, GossipPeer& gossip, std::string_view protocol, Instant now);
  void handle_gossip(const swarm::Event& event, Instant now);
  void read_gossip(const PeerId& peer, Instant now);
  void drain_router(Instant now);
  bool enqueue(GossipPeer& gossip, gossipsub::Output output, Instant now);
  void fill_batch(GossipPeer& gossip);
  void follow(const gossipsub::PeersSuggested& suggested, Instant now);
  void flush_gossip(const PeerId& peer, Instant now);
  void end_gossip(const PeerId& peer, Instant now);

  const Options options_;
  const keys::PrivateKey& identity_;
  std::unique_ptr<swarm::Swarm> swarm_;
  std::unique_ptr<gossipsub::Router> router_;
  std::vector<std::string> protocols_;  // the application's
  std::vector<Multiaddr> listen_addresses_;
  const Instant created_at_;
  identify::Announcer announcer_;
  identify::PushGate push_gate_;

  std::map<PeerId, Peer> peers_;
  std::set<ConnectionId> admitted_;  // or let in
  std::map<StreamRef, BuiltIn> built_ins_;
  std::map<StreamRef, PeerId> gossip_streams_;
  std::set<std::pair<Instant, StreamRef>> deadlines_;  // of built-in streams
  std::set<StreamRef>
      ended_;  // of ours, within this turn: what the swarm still says of them is nobody's
  std::deque<Event> events_;
  Counters counters_;
};

}  // namespace ghmesh::host
