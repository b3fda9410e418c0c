// SPDX-License-Identifier: Apache-2.0 OR MIT
// Connection: the layers of one libp2p connection over a byte pipe, put together (libp2p specifications,
// connections/README.md). Wire: docs/wire/connection.md.
//
//   your protocol      on a stream, agreed on with multistream-select
//   yamux              many streams
//   (multistream)      only where the Noise handshakes did not name a multiplexer that both speak
//   noise              who the peer is; everything from here up is encrypted
//   multistream        "/noise", and nothing else: plaintext is not spoken (py-libp2p would accept it)
//   a byte pipe
//
// A machine: feed it what arrived, take what must be sent, take its events. After every call drain next_event(); when
// the pipe can take bytes, ask pending_output(), which encrypts what all streams have written since it was last empty:
// what belongs to one turn shares a frame and a packet.
//
// A dialer does not wait for an agreement that can only be "yes": with one protocol on offer, its first bytes follow
// the proposal at once, on the connection (the Noise handshake) and on each stream. A connection is established one
// round trip after the pipe, and a stream costs none.
//
// Memory is bounded by its layers. An error is final; what pending_output() has then is a last word for the peer.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libp2p/multistream/negotiation.h"
#include "libp2p/noise/session.h"
#include "libp2p/yamux/session.h"

namespace ghmesh::connection {

using multiformats::PeerId;
using yamux::StreamId;

enum class Role { dialer, listener };

inline constexpr std::string_view kNoiseProtocol = "/noise";
inline constexpr std::string_view kYamuxProtocol = "/yamux/1.0.0";

struct Options {
  std::optional<PeerId> expected_peer = std::nullopt;  // nullopt: whoever answers
  bool inlines_muxer = true;  // name the multiplexer in the Noise handshake: saves a round trip
  Duration handshake_deadline = 10s;  // until the connection is established; js and go give as much
  Duration agreement_deadline = 10s;  // for a stream's protocol, as js
  yamux::Options yamux = {};
};

struct Event {
  enum class Kind {
    established,  // peer() is known and streams may be opened
    opened,       // the peer opened `stream` for `protocol`
    agreed,       // the peer accepted `stream`, which we opened, for `protocol`
    refused,      // the peer speaks none of the protocols of `stream`, which is gone
    readable,     // `stream` has bytes again after it had none
    writable,     // `stream` takes bytes again after write() took fewer than it was given
    finished,     // the peer will send no more on `stream`
    reset,        // `stream` is gone, both ways
    going_away,   // the peer accepts no new streams
  };
  Kind kind;
  StreamId stream = 0;
  std::string protocol = {};  // of opened and agreed
};

struct Counters {
  std::uint64_t streams_without_agreement =
      0;  // inbound: broke the negotiation, proposed too much, or took too long
};

class Connection {
 public:
  // `protocols`: what inbound streams may ask for; shared by all connections of a node. `identity` outlives this.
  using Protocols = std::shared_ptr<const std::vector<std::string>>;
  Connection(Role role, const keys::PrivateKey& identity, Protocols protocols, Options options,
             Instant now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // --- the pipe ---
  // Consumes all of `bytes`. Errors: multistream_*, noise_*, yamux_*.
  Result<void> receive(ByteView bytes, Instant now);
  bool wants_input() const;  // false: leave the pipe unread until something was consumed or sent
  // Valid until the next call of any function but output_sent().
  ByteView pending_output(Instant now);
  void output_sent(std::size_t bytes_count, Instant now);
  // Errors: connection_slow, yamux_keepalive, yamux_stalled.
  Result<void> tick(Instant now);
  Instant next_deadline() const;
  std::optional<Event> next_event();

  // --- the peer: after established ---
  bool is_established() const { return yamux_ != nullptr; }
  Role role() const { return role_; }
  const PeerId& peer() const { return noise_->peer(); }
  const keys::PublicKey& peer_key() const { return noise_->peer_key(); }
  // The same on both sides and different for every connection: what an admission can be bound to.
  const crypto::Digest& handshake_hash() const { return noise_->handshake_hash(); }
  bool has_inlined_muxer() const { return noise_->muxer().has_value(); }
  std::optional<Duration> round_trip() const { return yamux_->round_trip(); }

  // --- streams: after established ---
  // Proposes `protocols`, the most wanted first. With one, write() may be called at once; with several, after `agreed`.
  // Errors: those of yamux::Session::open_stream().
  Result<StreamId> open_stream(std::vector<std::string> protocols, Instant now);
  // These are yamux's, see there. A stream that waits for its agreement shows nothing, and takes something only if it
  // is ours with one proposal; finish() is then carried out when it may.
  Result<std::size_t> write(StreamId stream, ByteView bytes, Instant now);
  void finish(StreamId stream);
  void reset(StreamId stream);
  ByteView readable(StreamId stream) const;
  void consume(StreamId stream, std::size_t bytes_count, Instant now);
  bool is_at_end(StreamId stream) const;
  void ping(Instant now);
  void go_away();  // no new streams, either way
  void set_protocols(Protocols protocols) { protocols_ = std::move(protocols); }

  std::size_t streams_count() const { return yamux_ ? yamux_->streams_count() : 0; }
  std::size_t unread_bytes() const { return yamux_ ? yamux_->unread_bytes() : 0; }
  const Counters& counters() const { return counters_; }
  const yamux::Counters& yamux_counters() const { return yamux_->counters(); }

 private:
  struct Agreement {  // a stream whose protocol is being agreed on
    multistream::Negotiation negotiation;
    Instant deadline;
    bool is_ours;
    bool is_lazy;                 // ours, with one proposal: its first bytes need no answer
    bool wants_to_write = false;  // a write() came too early
    bool wants_finish = false;    // and so did finish()
    // Its own bytes may follow the proposal.
    bool may_write() const { return is_lazy && negotiation.pending_output().empty(); }
  };
  using Agreements = std::map<StreamId, Agreement>;

  Result<void> fail(Error reason);
  Result<void> receive_security(ByteView& bytes);
  Result<void> advance(Instant now);
  Result<void> begin_muxer(Instant now);
  Result<void> agree_on_muxer();
  void establish(Instant now);
  void drain_yamux(Instant now);
  void handle(const yamux::Event& event, Instant now);
  void continue_agreement(Agreements::iterator found, Instant now);
  void send_agreement(StreamId stream, Agreement& agreement, Instant now);
  void complete_agreement(Agreements::iterator found);
  void drop_agreement(Agreements::iterator found, Event::Kind how);
  void encrypt_output(Instant now);
  void emit(Event::Kind kind, StreamId stream = 0, std::string protocol = {});

  const Role role_;
  const Options options_;
  Protocols protocols_;
  const Instant handshake_deadline_;
  bool is_failed_ = false;

  std::optional<multistream::Negotiation> security_;  // until "/noise" is agreed on
  std::unique_ptr<noise::Session> noise_;
  std::optional<multistream::Negotiation> muxer_;  // where the handshakes did not agree on one
  std::unique_ptr<yamux::Session> yamux_;          // once established

  Agreements agreements_;
  std::set<StreamId> dropped_;  // within this turn: what yamux still says of them is nobody's
  Bytes
      plain_output_;  // what precedes encryption: the agreement on "/noise", with what follows it in one packet
  std::size_t plain_output_begin_ = 0;
  std::deque<Event> events_;
  Counters counters_;
};

}  // namespace ghmesh::connection
