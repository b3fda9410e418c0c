// SPDX-License-Identifier: Apache-2.0 OR MIT
// The address book: which peers are worth knowing, and where to dial them. Rules and reasons: docs/wire/record.md.
//
// A machine without input and output of its own: whoever runs connections tells it what happens and what was learned.
// Nobody gets in by being talked about: a peer is kept because the operator named it, because it is or was connected,
// or, for a short while and only a few of them, because somebody suggested it (CVE-2023-40583). Everything else that
// is told about a peer without such a reason is forgotten at once.
//
// An address is kept if we can dial it (IP and TCP; names only from the operator, because what a name resolves to is
// not known yet) and if whoever told it can know it: see may_learn().
//
// Bounded in peers, in addresses of each, and in bytes. When there is no room, those we know least about go first: the
// never connected, then those that came to us, then those that we have reached ourselves, each the longest unused
// first. So strangers who come and go push out one another, not the peers that we found and could dial.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/record/peer_record.h"
#include "multiformats/address_scope.h"
#include "multiformats/multiaddr.h"
#include "multiformats/peer_id.h"

namespace ghmesh::record {

using multiformats::Scope;

enum class Whose : std::uint8_t { own, of_another };
// Whether a peer that we are connected to at an address of scope `teller` can know an address of scope `address`, of
// its own or of another peer. Nobody on the internet knows what is in our network; and who is in our network does not
// need to be dialed around it, but may know of others outside.
bool may_learn(Scope address, Scope teller, Whose whose);

class PeerStore {
 public:
  struct Options {
    std::size_t peers_max = 1024;  // some swarms' worth
    // Four PRUNEs' worth of peer exchange: more cannot be tried before they expire.
    std::size_t suggested_peers_max = 64;
    std::size_t addresses_per_peer_max = 32;  // a machine with many interfaces
    std::size_t bytes_max = 4 * 1024 * 1024;  // 1,024 ordinary peers need a third of it
    // 100 addresses under an Ed25519 key. Of a larger record only the addresses are kept.
    std::size_t envelope_bytes_max = 2 * 1024;
    Duration kept_after_connection = 1h;     // as js; the peer comes back, or has moved
    Duration kept_after_suggestion = 10min;  // to be tried now or not at all
  };

  enum class Outcome {
    kept,
    stale,     // a record that is not newer than the one we have
    unwanted,  // no reason to know this peer, or nothing was said about it that is of use
    full,      // all that is kept is more important
  };

  struct Counters {
    std::uint64_t peers_evicted = 0;
    std::uint64_t peers_unwanted = 0;
    std::uint64_t peers_refused = 0;  // no room
    std::uint64_t records_stale = 0;
    std::uint64_t envelopes_not_kept = 0;  // too large, or no room: their addresses are kept
    // Who told them cannot know them, or they name another peer.
    std::uint64_t addresses_implausible = 0;
    std::uint64_t addresses_not_dialable = 0;
    std::uint64_t addresses_beyond_limit = 0;
  };

  explicit PeerStore(Options options) : options_(options) {}
  PeerStore() : PeerStore(Options()) {}

  // --- reasons ---
  // The operator named it: kept for ever, with these addresses.
  Outcome configure(const PeerId& peer, const std::vector<Multiaddr>& addresses, Instant now);
  // Once for each connection, and disconnected() as often. A peer that finds no room is not kept, and that is all.
  void connected(const PeerId& peer, Instant now);
  void disconnected(const PeerId& peer, Instant now);
  // Somebody at a place of scope `teller` says that this peer exists: peer exchange (only with a record), mDNS.
  Outcome suggest(const CertifiedRecord& record, Scope teller, Instant now);
  Outcome suggest(const PeerId& peer, const std::vector<Multiaddr>& addresses, Scope teller,
                  Instant now);

  // --- what the peer itself says over its authenticated connection, from a place of scope `teller` ---
  // Either is all of its addresses: what it said before is forgotten.
  Outcome tell(const PeerId& peer, const std::vector<Multiaddr>& addresses, Scope teller,
               Instant now);
  Outcome certify(const CertifiedRecord& record, Scope teller, Instant now);

  // --- what came of dialing ---
  void dial_succeeded(const PeerId& peer, const Multiaddr& address, Instant now);
  void dial_failed(const PeerId& peer, const Multiaddr& address, Instant now);

  // --- questions ---
  // Where to dial a peer, the most promising first: what failed less often since it last worked, what worked last, who
  // said so (operator, signed, unsigned, suggested), what is nearer. Without /p2p at the end.
  std::vector<Multiaddr> addresses_to_dial(const PeerId& peer, Instant now) const;
  // Peers that are not connected and have an address, in the order of their ids.
  std::vector<PeerId> peers_to_dial(Instant now) const;
  // The peer's own words, to be handed on. Valid until the next non-const call; empty: none.
  ByteView envelope_of(const PeerId& peer, Instant now) const;

  // --- time ---
  // Frees what has expired. Answers do not depend on it.
  void tick(Instant now);
  Instant next_deadline() const;

  std::size_t peers_count() const { return peers_.size(); }
  std::size_t addresses_count() const;
  std::size_t bytes_held() const { return bytes_held_; }  // an estimate, with what containers need
  const Counters& counters() const { return counters_; }

 private:
  enum class Source : std::uint8_t { configured, certified, told, suggested };
  struct Address {
    Source source;
    Instant expires_at;
    std::optional<Instant> worked_at;
    std::uint8_t failures = 0;  // since then
  };
  struct Peer {
    std::map<Bytes, Address> addresses;
    Bytes envelope;
    std::optional<std::uint64_t> sequence;  // of the last record
    Instant envelope_expires_at{};
    std::size_t connections = 0;
    bool is_configured = false;
    bool was_connected = false;
    bool was_reached = false;  // we dialed it, and it was there
    Instant used_at{};
    std::size_t bytes_counted = 0;         // in bytes_held_
    bool is_counted_as_suggested = false;  // in suggested_peers_

    bool is_pinned() const { return is_configured || connections > 0; }
    bool is_suggested() const { return !is_configured && !was_connected; }
    bool has_address(Instant now) const;
    std::size_t bytes() const;
    void expire(Instant now);
  };
  using Peers = std::map<PeerId, Peer>;

  Peer* find(const PeerId& peer, Instant now);
  enum class Whom : std::uint8_t { anybody, suggested };  // may have to go
  Peer* find_or_admit(const PeerId& peer, Instant now, Whom evicted);
  Peer* find_or_admit_suggested(const PeerId& peer, Instant now);
  bool evict_one(const PeerId& except, Whom evicted);
  Outcome fit(const PeerId& peer);
  void recount(Peer& peer);
  void erase(Peers::iterator peer);
  void forget_own_words(Peer& peer);
  void add(const PeerId& id, Peer& peer, const std::vector<Multiaddr>& addresses, const Address& as,
           Scope teller, Whose whose);
  Outcome take_record(const CertifiedRecord& record, Peer& peer, const Address& as, Scope teller,
                      Whose whose);
  Instant own_words_expire_at(const Peer& peer, Instant now) const;

  const Options options_;
  Peers peers_;
  std::size_t bytes_held_ = 0;
  std::size_t suggested_peers_ = 0;  // never connected, not configured
  Instant swept_at_{};
  Counters counters_;
};

}  // namespace ghmesh::record
