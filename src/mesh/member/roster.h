// SPDX-License-Identifier: Apache-2.0 OR MIT
// Roster: where members of the swarm were met, and whom to dial next.
//
// A swarm of up to kConnectedWanted members is fully connected: then everybody agrees on the home of every key, and
// news takes one hop. Beyond, each keeps that many, and gossip does the rest.
//
//   from              kept             dialed
//   ----------------  ---------------  -----------------------------------------------------------------------------
//   the operator      for ever         whenever it is not connected, however many others are
//   a member's word   the latest seen  while fewer than kConnectedWanted are connected
//
// Pure: it says what to dial, and is told what came of it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "mesh/wire/peer_list.h"
#include "multiformats/multiaddr.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

using multiformats::Multiaddr;
using multiformats::PeerId;

inline constexpr std::size_t kConnectedWanted = 64;
inline constexpr std::size_t kKnownPeersMax =
    1'024;  // of a swarm of a thousand; 16 KiB each at the very most
inline constexpr Duration kRedialMin = 1s;   // after the first failure; doubles with each
inline constexpr Duration kRedialMax = 60s;  // a runner that was restarted is found within a minute
inline constexpr std::size_t kDialsAtOnceMax = 16;

class Roster {
 public:
  struct Call {
    std::optional<PeerId> peer;
    std::vector<Multiaddr>
        addresses;  // without /p2p, but for an operator's address of nobody in particular
  };

  Roster(PeerId self, std::uint64_t seed) : self_(std::move(self)), random_(seed) {}

  // An address of the operator's; may end in /p2p/ID, and may have a name in it.
  void add_static(const Multiaddr& address, Instant now);
  // Somebody said, or a file, that this member can be reached there. The addresses replace the older ones.
  void learn(const PeerId& peer, std::vector<Multiaddr> addresses, WallTime seen_at, Instant now);
  void connected(const PeerId& peer, WallTime seen_at);
  void disconnected(const PeerId& peer, Instant now);
  // No dial of this peer any more.
  void forget(const PeerId& peer);

  // What to dial now; each must be followed by connected() or failed().
  std::vector<Call> next_calls(Instant now);
  void failed(const Call& call, Instant now);
  // A static address without a peer id has led to this peer.
  void answered(const Call& call, const PeerId& peer);
  Instant next_deadline() const;

  bool is_connected(const PeerId& peer) const { return connected_.contains(peer); }
  std::size_t known_count() const { return known_.size(); }
  std::vector<Multiaddr> addresses_of(const PeerId& peer) const;
  // Latest seen first, the connected ones in front.
  std::vector<ListedPeer> known(std::size_t count_max) const;

 private:
  struct Known {
    std::vector<Multiaddr> addresses;
    WallTime seen_at{};
    bool is_static = false;
    bool is_calling = false;
    Duration pause = kRedialMin;
    Instant next_call{};
  };
  struct Nameless {  // of the operator, with no peer id
    Multiaddr address;
    std::optional<PeerId> leads_to;
    bool is_calling = false;
    Duration pause = kRedialMin;
    Instant next_call{};
  };

  template <class One>
  void postpone(One& one, Instant now);
  void make_room();
  bool wants(const PeerId& peer, const Known& known) const;

  const PeerId self_;
  Random random_;
  std::map<PeerId, Known> known_;
  std::vector<Nameless> nameless_;
  std::set<PeerId> connected_;
};

}  // namespace ghmesh::mesh
