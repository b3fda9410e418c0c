// SPDX-License-Identifier: Apache-2.0 OR MIT
// Gossipsub 1.0, 1.1 and 1.2: messages of a topic reach every subscriber. Specification: docs/wire/gossipsub.md.
//
// A machine that works on whole RPCs: the host frames them (a varint of the length before each) on one stream in each
// direction, and hands over what arrived. Feed it, then drain next_output() and next_event(); both are empty again
// after each call's worth. It signs what it publishes and verifies everything that it delivers or forwards
// (StrictSign).
//
// Memory is bounded by Options::limits; an RPC is counted before anything is made of it, and lists of ids are never
// copied out of it. What a peer does wrong is counted, and most of it costs score; what breaks the format ends in an
// error from receive(): then reset the peer's connection.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/gossipsub/counters.h"
#include "libp2p/gossipsub/message_id.h"
#include "libp2p/gossipsub/options.h"
#include "libp2p/keys/private_key.h"
#include "multiformats/peer_id.h"

namespace ghmesh::gossipsub {

using multiformats::PeerId;

enum class Version : std::uint8_t { floodsub, meshsub_1_0, meshsub_1_1, meshsub_1_2 };
// Best first, as they are offered to multistream-select: "/meshsub/1.2.0", ... "/floodsub/1.0.0".
std::span<const std::string_view> protocol_ids();
std::optional<Version> version_of(std::string_view protocol_id);

inline constexpr std::size_t kSignedRecordBytesMax = 8 * 1024;  // as identify takes them

enum class Direction : std::uint8_t { inbound, outbound };  // outbound: we dialed

struct PeerInfo {
  PeerId id;
  Version version = Version::meshsub_1_2;
  std::string
      ip_group;  // what colocation is counted by: an IPv4 address, a /64; empty: not counted (loopback)
  Direction direction = Direction::inbound;
  bool is_direct = false;  // agreed on by both operators: always served, never in the mesh
};

enum class Verdict : std::uint8_t { accept, reject, ignore };

// What the host's queue for a peer does when it is full: drop from the end of this list, and never control.
enum class Priority : std::uint8_t { control, own_message, forward, gossip };

struct Output {
  PeerId to;
  std::shared_ptr<const Bytes> rpc;  // shared by all who get the same
  Priority priority = Priority::control;
  // What the RPC carries, when it is one message. Ask is_wanted() again just before it is written: the peer's word that
  // it has the message may have come while the RPC waited in the host's queue.
  std::optional<MessageId> message;
};

// A message of a topic that we subscribe to, once, verified. With needs_verdict: answer with report().
struct Delivered {
  MessageId id;
  std::string topic;
  PeerId author;
  PeerId received_from;
  std::uint64_t seqno = 0;
  std::shared_ptr<const Bytes> rpc;  // holds the data
  ByteView data;
  bool needs_verdict = false;
};
struct SubscriptionChanged {
  PeerId peer;
  std::string topic;
  bool is_subscribed = false;
};
// Peers that `by` suggests to dial. The records are as they came: who uses one verifies it, and that it is of `id`.
struct PeersSuggested {
  struct Suggestion {
    PeerId id;
    Bytes signed_record;  // may be empty
  };
  PeerId by;
  std::string topic;
  std::vector<Suggestion> peers;
};
// From now on nothing of this peer is read until its score recovers: a reason to disconnect.
struct Graylisted {
  PeerId peer;
  double score = 0;
};
using Event = std::variant<Delivered, SubscriptionChanged, PeersSuggested, Graylisted>;

class Router {
 public:
  // `identity` signs what we publish. The seed decides every choice that is left to chance.
  Router(Options options, const keys::PrivateKey& identity, std::uint64_t seed, Instant now);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // --- peers ---
  // When our stream to it is open. A peer that is there already is updated. Errors: limit_reached.
  Result<void> peer_connected(const PeerInfo& peer, Instant now);
  void peer_disconnected(const PeerId& peer, Instant now);
  // One whole RPC. Errors: gossipsub_malformed, gossipsub_limit; the peer is then forgotten as if it had disconnected,
  // but what it did is not. An RPC of a peer that is not connected is ignored.
  Result<void> receive(const PeerId& from, ByteView rpc, Instant now);
  // P5: what the application thinks of a connected peer.
  void set_application_score(const PeerId& peer, double score);
  // What PRUNE may say of this connected peer to others: its own signed peer record, verified by the caller. At most
  // kSignedRecordBytesMax, else nothing is kept.
  void set_signed_record(const PeerId& peer, Bytes record);
  // P6 is not counted for this group.
  void allow_colocation(std::string ip_group);

  // --- topics and messages ---
  // Beside those of Options::topics. Those of our peers who subscribe to it already are its subscribers at once, as far
  // as there was room to note it. One that is there stays as it is. Errors: limit_reached (Limits::topics_max),
  // too_large and unsupported (a name of more than kTopicBytesMax bytes, or of none).
  Result<void> add_topic(std::string name, const TopicOptions& options, Instant now);
  // Unsubscribes, and forgets the topic: its mesh and fanout, its back-offs, its messages (a verdict that comes later
  // does nothing), and what peers earned or lost there; not how they behaved. Ids stay seen for their time.
  void remove_topic(std::string_view name, Instant now);
  // Errors: unsupported (there is no such topic).
  Result<void> subscribe(std::string_view topic, Instant now);
  void unsubscribe(std::string_view topic, Instant now);
  // Signs and sends; a subscription is not needed, and nobody need be there yet. Not delivered to ourselves.
  // Errors: unsupported (topic), too_large, gossipsub_duplicate (IdScheme::content: it was said already).
  Result<MessageId> publish(std::string_view topic, ByteView data, Instant now);
  // The number that the next message will have: for who seals it into the message.
  std::uint64_t next_seqno() const;
  // Answers Delivered::needs_verdict. Unknown ids, and verdicts that come after cache_heartbeats, do nothing.
  void report(const MessageId& message, Verdict verdict, Instant now);

  // --- time ---
  void tick(Instant now);  // spurious calls do nothing
  Instant next_deadline() const;

  // --- out ---
  std::optional<Output> next_output();
  std::optional<Event> next_event();
  // False when the peer is gone, or has meanwhile said that it has the message: then drop the output unwritten.
  bool is_wanted(const Output& output) const;

  // --- for metrics, tests and the simulator ---
  std::vector<PeerId> mesh_peers(std::string_view topic) const;
  std::vector<PeerId> fanout_peers(std::string_view topic) const;
  std::vector<PeerId> subscribers(std::string_view topic) const;  // among our peers
  double score(const PeerId& peer) const;  // also of a retained one; 0 for strangers
  const Counters& counters() const;
  Holdings holdings() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::gossipsub
