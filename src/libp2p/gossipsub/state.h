// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a router knows, and its parts by file: peers and subscriptions (router.cc), messages (delivery.cc), control that
// arrives (control.cc), control that leaves (announce.cc), the heartbeat (heartbeat.cc). Private to the room.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "base/random.h"
#include "libp2p/gossipsub/backoff.h"
#include "libp2p/gossipsub/links.h"
#include "libp2p/gossipsub/mesh.h"
#include "libp2p/gossipsub/message.h"
#include "libp2p/gossipsub/message_cache.h"
#include "libp2p/gossipsub/promises.h"
#include "libp2p/gossipsub/router.h"
#include "libp2p/gossipsub/rpc.h"
#include "libp2p/gossipsub/score.h"
#include "libp2p/gossipsub/seen_cache.h"

namespace ghmesh::gossipsub {

// --- what one peer may cause in one heartbeat; the rest is ignored and counted ---
inline constexpr std::size_t kIHaveRpcsMax = 10;  // GossipSubMaxIHaveMessages; js and rust the same
inline constexpr std::size_t kIHaveIdsLookedAtMax = 5000;  // GossipSubMaxIHaveLength
inline constexpr std::size_t kIWantRpcsMax = 10;           // as js
inline constexpr std::size_t kIWantIdsLookedAtMax = 5000;
inline constexpr std::size_t kIWantAnswerBytesMax = 1024 * 1024;
// A word is kept for three heartbeats, see KnownIds.
inline constexpr std::uint32_t kWordHeartbeats = 3;
inline constexpr int kBackoffSlackHeartbeats = 2;
// --- and what we send in one heartbeat, within what others take ---
inline constexpr std::size_t kIHaveIdsSentMax = 2000;
inline constexpr std::size_t kIWantIdsSentMax = 2000;
// rust refuses RPCs with more control than 16 KiB, and ids of ours have at most 72 bytes with their framing.
inline constexpr std::size_t kIdsPerRpcMax = 200;
inline constexpr std::size_t kSuggestionsSentMax = 16;  // GossipSubPrunePeers
inline constexpr std::size_t kSuggestionBytesMax = 12 * 1024;
// What a host may have to say before its first peer subscribes; of more, the latest.
inline constexpr std::size_t kUnheardMax = 64;
// Of a peer, 16 bytes each. Names that change with the day, and of some networks at once.
inline constexpr std::size_t kOtherTopicsMax = 64;

struct Peer {
  PeerKey key = kOurselves;
  PeerInfo info;
  ScoreCard* card = nullptr;
  std::set<TopicIndex> topics;  // of ours, that it subscribes to
  // That it subscribes to and we do not have (now): nobody says a subscription twice, and we may add the topic later.
  // Beyond kOtherTopicsMax they are forgotten; the peer is then found by its GRAFT, or not at all.
  IdSet other_topics;
  KnownIds known;
  Lag lag;
  Bytes signed_record;
  bool is_graylisted = false;

  // Since the last heartbeat.
  struct Turn {
    std::size_t ihave_rpcs = 0;
    std::size_t ihave_ids = 0;
    std::size_t iwant_rpcs = 0;
    std::size_t iwant_ids = 0;
    std::size_t iwant_answer_bytes = 0;
    std::size_t iwant_ids_sent = 0;
    std::size_t iwant_rpcs_sent = 0;
    std::uint64_t last_ihave_rpc =
        0;  // State::rpcs_count: an RPC counts once, however many entries it has
    std::uint64_t last_iwant_rpc = 0;
  };
  Turn turn;
  // Heartbeats until a missing word means something again: words beyond the limit were not kept.
  std::uint32_t deaf_heartbeats = 0;

  Rpc draft;  // control that leaves at the end of the call

  bool speaks_control() const { return info.version != Version::floodsub; }
  bool may_be_in_mesh() const { return speaks_control() && !info.is_direct; }
  bool knows_backoff() const { return info.version >= Version::meshsub_1_1; }
  bool knows_idontwant() const { return info.version >= Version::meshsub_1_2; }
};

struct Topic {
  std::string name;  // empty: there is none in this place
  TopicOptions options;
  bool is_subscribed = false;
  std::set<PeerKey> subscribers;
  std::set<PeerKey>
      unmeshed;  // of them, those who get everything and are never in the mesh: direct, floodsub
  std::set<PeerKey> mesh;    // while is_subscribed
  std::set<PeerKey> fanout;  // while not, until fanout_until
  Instant fanout_until{};

  bool exists() const { return !name.empty(); }
};

struct Router::State {
  State(Options options_, const keys::PrivateKey& identity_, std::uint64_t seed, Instant now);

  // --- router.cc: peers ---
  Peer* find(const PeerId& id);
  const Peer* find(const PeerId& id) const;
  Peer* find(PeerKey key);
  double score(const Peer& peer) const { return scores.score(*peer.card, now); }
  bool may_publish_to(const Peer& peer) const;
  Result<void> connect(const PeerInfo& info);
  void disconnect(const PeerId& id);
  void update(Peer& peer, const PeerInfo& info);
  Result<void> receive(Peer& peer, ByteView rpc);
  void handle(Peer& peer, const Element& element);
  bool is_readable(Peer& peer);
  Result<void> give_up(Peer& peer, Errc reason);

  // --- topics.cc ---
  Result<void> add(std::string name, const TopicOptions& topic_options);
  void remove(Topic& topic);
  Topic* find_topic(std::string_view name);
  const Topic* find_topic(std::string_view name) const;
  TopicIndex index_of(const Topic& topic) const;
  void subscription(Peer& peer, std::string_view name, bool is_subscribed);
  void subscription(Peer& peer, Topic& topic, bool is_subscribed);
  void place(Peer& peer, Topic& topic);
  void join(Topic& topic);
  void leave(Topic& topic);

  // --- delivery.cc: messages ---
  void message(Peer& from, ByteView bytes);
  void duplicate(Peer& from, const IdHash& hash);
  void invalid(Peer& from, const Topic& topic);
  void accept(Peer& from, const Topic& topic, const MessageView& view, CachedMessage message);
  void insert(const IdHash& hash, CachedMessage message);
  void say_idontwant(const Topic& topic, const CachedMessage& message);
  void forward(const IdHash& hash, CachedMessage& message);
  bool may_learn(const CachedMessage& message) const;
  void forward_to(Peer& peer, const IdHash& hash, CachedMessage& message);
  void send_copy(const Peer& peer, CachedMessage& message, Priority priority);
  void send_held();
  void learn_word(Peer& peer, const IdHash& hash);
  Result<MessageId> publish(Topic& topic, ByteView data);
  std::set<PeerKey> publish_targets(Topic& topic, std::size_t message_bytes);
  void send_unheard(const Peer& peer, const Topic& topic);
  void fill_fanout(Topic& topic);
  void report(const MessageId& id, Verdict verdict);

  // --- control.cc: control that arrives ---
  void handle_ihave(Peer& peer, const Element& element);
  void handle_iwant(Peer& peer, const Element& element);
  void handle_graft(Peer& peer, const Element& element);
  void handle_prune(Peer& peer, const Element& element);
  void handle_idontwant(Peer& peer, const Element& element);
  void suggestions(Peer& peer, const Topic& topic, const Element& element);
  enum class Reception { welcome, refused, refused_with_suggestions };
  bool may_answer(const Peer& peer, CachedMessage& message);
  Topic* joined_topic(const Element& element);
  Reception receive_graft(Peer& peer, const Topic& topic);

  // --- announce.cc: control that leaves ---
  enum class Exchange { with_suggestions, without };
  void graft(Peer& peer, Topic& topic);
  void prune(Peer& peer, Topic& topic, Duration backoff, Exchange exchange);
  void flush_control(Peer& peer);
  void flush_ihave(Peer& peer);
  void flush_iwant(Peer& peer);
  void add_backoff(const Topic& topic, const Peer& peer, Duration backoff);
  bool is_in_backoff(const Topic& topic, const Peer& peer) const;
  void suggest(Rpc::Prune& entry, const Topic& topic, const Peer& to);
  void announce(Peer& peer, const Topic& topic, bool is_subscribed);
  void want(Peer& peer, std::vector<MessageId> ids);
  void tell(Peer& peer, const Topic& topic, std::vector<MessageId> ids);
  Rpc& draft(Peer& peer);
  void flush();
  void send(const Peer& peer, std::shared_ptr<const Bytes> rpc, Priority priority,
            std::optional<MessageId> message = std::nullopt);

  // --- heartbeat.cc ---
  void heartbeat();
  void maintain_mesh(Topic& topic, bool is_opportunistic);
  void maintain_fanout(Topic& topic);
  void gossip(const Topic& topic);
  void learn_silence();
  std::vector<MeshPeer> graft_candidates(const Topic& topic) const;
  Duration heartbeat_pause();

  const Options options;
  const keys::PrivateKey& identity;
  Random random;
  Instant now;  // of the call that is under way
  std::uint64_t next_seqno;
  PeerKey next_key = kOurselves + 1;
  Instant next_heartbeat;
  std::uint64_t heartbeats_count = 0;
  std::uint64_t rpcs_count = 0;  // received

  std::map<PeerKey, Peer> peers;
  std::map<PeerId, PeerKey> keys;
  std::vector<Topic> topics;  // in their places, which TopicIndex counts
  std::map<std::string, TopicIndex, std::less<>> topic_indexes;  // of those that exist
  Scores scores;
  Backoffs backoffs;
  Promises promises;
  SeenCache seen;
  MessageCache cache;
  Links links;
  HeldCopies held;
  std::deque<IdHash> unheard;  // kUnheardMax: published while nobody was there

  std::set<PeerKey> drafted;
  Bytes scratch;
  std::deque<Output> outputs;
  std::deque<Event> events;
  Counters counters;
};

}  // namespace ghmesh::gossipsub
