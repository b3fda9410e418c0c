// SPDX-License-Identifier: Apache-2.0 OR MIT
// Finds peers on the local network by multicast DNS, and is found. Specification: docs/wire/mdns.md.
//
// A machine: it owns no socket, timer or thread. Feed it every datagram that was sent to the group, send what it hands
// out to the group on every link, take its events. Drain next_event() and next_datagram() after every call that changes
// it.
//
// Whoever is on the link can say anything under anybody's name. So an event is a place to dial, never a fact: who is
// there is proven by the handshake. What a stranger can cost is bounded: datagrams read, peers learned and answers
// given have rates, tables have sizes, and a bad datagram is dropped and counted. Nothing that arrives ends the
// machine.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "libp2p/dns/message.h"
#include "libp2p/dns/name.h"
#include "libp2p/mdns/allowance.h"
#include "multiformats/multiaddr.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mdns {

using multiformats::Multiaddr;
using multiformats::PeerId;

inline constexpr std::string_view kService = "_p2p._udp.local";

// --- what we read ---
// The largest datagram that multicast DNS allows (RFC 6762, 17).
inline constexpr std::size_t kDatagramBytesMax = 9000;
// Read of everybody together: 256 peers that answer one query fit. And of one source.
inline constexpr Rate kDatagramsRate{.per_second = 256, .burst = 512};
inline constexpr Rate kSourceDatagramsRate{.per_second = 32, .burst = 64};
// Sources that are told apart; further ones share one rate.
inline constexpr std::size_t kSourcesMax = 256;
// Peers that one datagram may introduce: what one machine announces in one answer.
inline constexpr std::size_t kInstancesPerDatagramMax = 16;

// --- what we keep ---
inline constexpr std::size_t kAddressesPerPeerMax = 16;
// Of those peers that one source introduced first: a machine may run many nodes, but cannot fill the table alone.
inline constexpr std::size_t kPeersPerSourceMax = 32;
// New peers and new addresses, each of which somebody will dial: of everybody, and of one source.
inline constexpr Rate kNewsRate{.per_second = 16, .burst = 256};
inline constexpr Rate kSourceNewsRate{.per_second = 2, .burst = 64};
// What RFC 6762, 10, recommends for records that are not about a host; nobody is believed for longer.
inline constexpr Seconds kTtlMax = 75min;
// A record with a TTL of 0 stays for so long, in case that somebody contradicts it (RFC 6762, 10.1).
inline constexpr Duration kFarewellPause = 1s;

// --- what we send ---
// Fits an IPv6 link of the smallest MTU (1,280) in one piece. Addresses that do not fit are left out: eight or more do.
inline constexpr std::size_t kAnswerBytesMax = 1232;
inline constexpr Seconds kTtl = 120s;  // as js; RFC 6762, 10
// Peers answer one query at different times (RFC 6762, 6), and a flood of queries gets one answer per second.
inline constexpr Duration kAnswerDelayMin = 20ms;
inline constexpr Duration kAnswerDelayMax = 120ms;
inline constexpr Duration kAnswerPause = 1s;
inline constexpr std::size_t kPeerNameBytes = 32;

// Addresses of this machine only. They say nothing to others, and a stranger who names one makes us dial ourselves.
enum class Loopback { ignore, accept };

struct Options {
  // Nodes of a private network use private_service_name(): they and others do not see each other.
  std::string service{kService};
  Loopback loopback = Loopback::ignore;  // accept: where all nodes are on one machine, as in tests
  std::size_t peers_max = 256;           // further ones are refused and counted until others expire
  // We ask at once, after 1 s, 2 s, 4 s ... and then at this interval, or a quarter more by chance: one of a peer's
  // answers may be lost before its addresses expire. The query of another peer is as good as ours and puts ours off.
  Duration query_pause_max = 45s;
};

struct Event {
  enum class Kind {
    found,  // a new peer, or new addresses of a known one
    lost,   // it has said farewell or was silent until its addresses expired
  };
  Kind kind;
  PeerId peer;
  std::vector<Multiaddr> addresses;  // all that are known now, each with /p2p; empty when lost
};

struct Counters {
  std::uint64_t datagrams_throttled = 0;  // beyond a rate
  std::uint64_t datagrams_refused = 0;    // too large, malformed, or beyond a limit of the codec
  std::uint64_t instances_refused = 0;    // beyond kInstancesPerDatagramMax
  std::uint64_t addresses_refused =
      0;  // no address that we could dial, of another peer, or one too many
  std::uint64_t peers_refused = 0;   // beyond peers_max or kPeersPerSourceMax
  std::uint64_t news_throttled = 0;  // beyond a rate
  std::uint64_t ttls_cut = 0;        // beyond kTtlMax
  std::uint64_t queries_joined =
      0;  // answered together with an earlier one, or ours that came back
  std::uint64_t addresses_omitted = 0;  // of ours: beyond kAnswerBytesMax
};

struct Announcement;
struct Place;

class Discovery {
 public:
  // `options.service` is a domain name. The seed decides our name and our pauses.
  Discovery(PeerId self, Options options, std::uint64_t seed, Instant now);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // --- from below ---
  // A datagram that was sent to the group, also our own. `source` is the sender's address without its port, in any
  // spelling that is always the same; it is only compared.
  void receive(ByteView datagram, std::string_view source, Instant now);
  // Time has passed. Spurious calls do nothing.
  void tick(Instant now);
  Instant next_deadline() const;

  // --- from above ---
  // Where we are to be dialed. Those with an IP address and a TCP port are announced, the first ones first; the first
  // call and every change ask and announce again at once. Without any we ask but do not answer.
  void set_addresses(const std::vector<Multiaddr>& addresses, Instant now);
  // Tells the others that we go, if we were announced. tick() would announce us again.
  void say_farewell();

  // --- out ---
  std::optional<Event> next_event();
  // To the group, on every link.
  std::optional<Bytes> next_datagram();

  std::size_t peers_count() const { return peers_.size(); }
  // What is held: at most peers_max times kAddressesPerPeerMax addresses, and kSourcesMax sources.
  std::size_t addresses_count() const;
  std::size_t sources_count() const { return sources_.size(); }
  const std::string& peer_name() const { return peer_name_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Peer;

  void consider(const dns::Message& query, Instant now);
  bool is_known(const dns::Message& query) const;
  void learn(const dns::Message& response, std::string_view source, Instant now);
  Announcement read_announcement(const dns::Message& response, const dns::Name& instance);
  void apply(const Announcement& announcement, std::string_view source, Instant now);
  void end_soon(Place& place, Instant now);
  bool has_room_for(std::string_view source, Instant now);
  void expire(Instant now);

  void schedule_answer(Instant now);
  void ask(Instant now);
  void send(const dns::Message& message);
  enum class Extent { peer, peer_and_services };
  dns::Message answer(Seconds ttl, Extent extent) const;

  const PeerId self_;
  const Options options_;
  Random random_;
  std::string peer_name_;
  dns::Name service_, instance_, host_, meta_;

  std::vector<Multiaddr> own_addresses_;  // what is announced, each with /p2p
  bool has_announced_ = false;
  Extent answer_extent_ = Extent::peer;  // of the one that is planned
  std::optional<Instant> answer_at_;
  Instant answered_at_;

  Instant query_at_;
  std::optional<Instant> asked_at_;  // since the network has changed
  Duration query_pause_;

  std::map<PeerId, Peer> peers_;
  Instant expiry_at_ = Instant::max();  // no address expires before
  std::set<PeerId> changed_;            // of whom there is an event to take
  std::deque<Bytes> output_;
  Allowance datagrams_{kDatagramsRate};
  Allowance news_{kNewsRate};
  Sources sources_;
  Counters counters_;
};

// "_p2p-<hex>._udp.local" of the fingerprint of a private network's key, of at most 29 bytes.
std::string private_service_name(ByteView fingerprint);

}  // namespace ghmesh::mdns
