// SPDX-License-Identifier: Apache-2.0 OR MIT
// What gets into the book and what has to leave it. Which of its addresses to dial stands in peer_store_dial.cc.
#include "libp2p/record/peer_store.h"

#include <algorithm>
#include <tuple>

namespace ghmesh::record {

using multiformats::Protocol;

namespace {

constexpr Duration kSweepInterval = 1min;

// What a peer and an address need in memory besides their own bytes: measured for libstdc++, rounded up.
constexpr std::size_t kPeerBytes = 384;
constexpr std::size_t kAddressBytes = 128;

enum class Names : std::uint8_t { allowed, refused };

// Whether a TCP dialer can use the address.
bool is_dialable(const Multiaddr& address, Names names) {
  const auto target = multiformats::tcp_target(address);
  if (!target || target->port == 0) return false;
  const bool is_ip =
      target->host_protocol == Protocol::ip4 || target->host_protocol == Protocol::ip6;
  return is_ip || names == Names::allowed;
}

// The peer at its end is the one that is spoken of, or there is none.
bool is_of(const Multiaddr& address, const PeerId& peer) {
  const auto& last = address.parts().back();
  return last.protocol != Protocol::p2p || equal(last.value, peer.bytes());
}

}  // namespace

bool may_learn(Scope address, Scope teller, Whose whose) {
  if (address == Scope::none) return false;
  const bool is_other = whose == Whose::of_another;
  switch (teller) {
    case Scope::loopback: return is_other || address != Scope::global;
    case Scope::local: return address == Scope::local || (is_other && address == Scope::global);
    case Scope::global:
    case Scope::none: return address == Scope::global;
  }
  return false;
}

std::size_t PeerStore::Peer::bytes() const {
  std::size_t bytes = kPeerBytes + envelope.size();
  for (const auto& [address, known] : addresses) bytes += kAddressBytes + address.size();
  return bytes;
}

bool PeerStore::Peer::has_address(Instant now) const {
  return std::ranges::any_of(addresses,
                             [&](const auto& entry) { return entry.second.expires_at > now; });
}

void PeerStore::Peer::expire(Instant now) {
  std::erase_if(addresses, [&](const auto& entry) { return entry.second.expires_at <= now; });
  if (envelope_expires_at <= now) envelope = Bytes();
}

// --- who is in the book ---

PeerStore::Peer* PeerStore::find(const PeerId& id, Instant now) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return nullptr;
  found->second.expire(now);
  recount(found->second);
  if (found->second.is_pinned() || !found->second.addresses.empty()) return &found->second;
  erase(found);  // its time is over, though tick() has not come by yet
  return nullptr;
}

PeerStore::Peer* PeerStore::find_or_admit(const PeerId& id, Instant now, Whom evicted) {
  if (Peer* known = find(id, now)) return known;
  const auto added = peers_.try_emplace(id).first;
  added->second.used_at = now;
  recount(added->second);
  while (peers_.size() > options_.peers_max || bytes_held_ > options_.bytes_max) {
    if (evict_one(id, evicted)) continue;
    erase(added);
    ++counters_.peers_refused;
    return nullptr;
  }
  return &added->second;
}

// Counts the peer as it is now.
void PeerStore::recount(Peer& peer) {
  bytes_held_ -= peer.bytes_counted;
  suggested_peers_ -= peer.is_counted_as_suggested ? 1 : 0;
  peer.bytes_counted = peer.bytes();
  peer.is_counted_as_suggested = peer.is_suggested();
  bytes_held_ += peer.bytes_counted;
  suggested_peers_ += peer.is_counted_as_suggested ? 1 : 0;
}

void PeerStore::erase(Peers::iterator peer) {
  bytes_held_ -= peer->second.bytes_counted;
  suggested_peers_ -= peer->second.is_counted_as_suggested ? 1 : 0;
  peers_.erase(peer);
}

// The one that we know least about and have not used for the longest time. A thousand peers are looked at: that is
// cheaper than an index that every use would have to mend.
bool PeerStore::evict_one(const PeerId& except, Whom evicted) {
  const auto rank = [](const Peer& peer) {
    return std::tuple(peer.was_connected, peer.was_reached, peer.used_at);
  };
  auto victim = peers_.end();
  for (auto it = peers_.begin(); it != peers_.end(); ++it) {
    const Peer& peer = it->second;
    if (peer.is_pinned() || it->first == except) continue;
    if (evicted == Whom::suggested && !peer.is_suggested()) continue;
    if (victim == peers_.end() || rank(peer) < rank(victim->second)) victim = it;
  }
  if (victim == peers_.end()) return false;
  erase(victim);
  ++counters_.peers_evicted;
  return true;
}

// After `id` has grown. When nobody else has to go, it gives up what it got.
PeerStore::Outcome PeerStore::fit(const PeerId& id) {
  Peer& peer = peers_.find(id)->second;
  recount(peer);
  const Whom evicted = peer.is_suggested() ? Whom::suggested : Whom::anybody;
  while (bytes_held_ > options_.bytes_max && evict_one(id, evicted)) {
  }
  if (bytes_held_ > options_.bytes_max && !peer.envelope.empty()) {
    peer.envelope = Bytes();
    ++counters_.envelopes_not_kept;
    recount(peer);
  }
  if (bytes_held_ <= options_.bytes_max) return Outcome::kept;
  std::erase_if(peer.addresses,
                [](const auto& entry) { return entry.second.source != Source::configured; });
  recount(peer);
  ++counters_.peers_refused;
  return Outcome::full;
}

PeerStore::Outcome PeerStore::configure(const PeerId& id, const std::vector<Multiaddr>& addresses,
                                        Instant now) {
  Peer* peer = find_or_admit(id, now, Whom::anybody);
  if (!peer) return Outcome::full;
  peer->is_configured = true;
  for (const Multiaddr& address : addresses) {
    if (!is_dialable(address, Names::allowed) || !is_of(address, id)) {
      ++counters_.addresses_not_dialable;
      continue;
    }
    Address& known = peer->addresses[address.without_peer().bytes()];
    known.source = Source::configured;
    known.expires_at = Instant::max();
  }
  return fit(id);
}

void PeerStore::connected(const PeerId& id, Instant now) {
  Peer* peer = find_or_admit(id, now, Whom::anybody);
  if (!peer) return;
  ++peer->connections;
  peer->was_connected = true;
  peer->used_at = now;
  for (auto& [address, known] : peer->addresses) known.expires_at = Instant::max();
  peer->envelope_expires_at = Instant::max();
  recount(*peer);
}

void PeerStore::disconnected(const PeerId& id, Instant now) {
  const auto found = peers_.find(id);
  // It may have found no room when it came.
  if (found == peers_.end() || found->second.connections == 0) return;
  Peer& peer = found->second;
  peer.used_at = now;
  if (--peer.connections > 0) return;
  peer.expire(now);  // what others suggested meanwhile does not live longer for it
  recount(peer);
  peer.envelope_expires_at = now + options_.kept_after_connection;
  for (auto& [address, known] : peer.addresses)
    if (known.source != Source::configured) known.expires_at = peer.envelope_expires_at;
  if (peer.addresses.empty() && !peer.is_configured) erase(found);
}

// --- what is said about them ---

void PeerStore::add(const PeerId& id, Peer& peer, const std::vector<Multiaddr>& addresses,
                    const Address& as, Scope teller, Whose whose) {
  for (const Multiaddr& address : addresses) {
    if (!is_dialable(address, Names::refused)) {
      ++counters_.addresses_not_dialable;
      continue;
    }
    if (!is_of(address, id) || !may_learn(multiformats::scope_of(address), teller, whose)) {
      ++counters_.addresses_implausible;
      continue;
    }
    const Bytes key = address.without_peer().bytes();
    const auto known = peer.addresses.find(key);
    if (known != peer.addresses.end()) {
      known->second.source = std::min(known->second.source, as.source);
      known->second.expires_at = std::max(known->second.expires_at, as.expires_at);
    } else if (peer.addresses.size() < options_.addresses_per_peer_max) {
      peer.addresses.emplace(key, as);
    } else {
      ++counters_.addresses_beyond_limit;
    }
  }
}

// What the peer said of itself, before it says something new. An address that has worked stays until it expires: a
// peer behind a forwarded port does not know it.
void PeerStore::forget_own_words(Peer& peer) {
  std::erase_if(peer.addresses, [](const auto& entry) {
    const Address& known = entry.second;
    return (known.source == Source::certified || known.source == Source::told) && !known.worked_at;
  });
}

Instant PeerStore::own_words_expire_at(const Peer& peer, Instant now) const {
  return peer.connections > 0 ? Instant::max() : now + options_.kept_after_connection;
}

PeerStore::Outcome PeerStore::tell(const PeerId& id, const std::vector<Multiaddr>& addresses,
                                   Scope teller, Instant now) {
  Peer* peer = find(id, now);
  if (!peer) {
    ++counters_.peers_unwanted;
    return Outcome::unwanted;
  }
  forget_own_words(*peer);
  peer->envelope = Bytes();  // it has outlived what it says
  const Address as{.source = Source::told, .expires_at = own_words_expire_at(*peer, now)};
  add(id, *peer, addresses, as, teller, Whose::own);
  return fit(id);
}

PeerStore::Outcome PeerStore::take_record(const CertifiedRecord& record, Peer& peer,
                                          const Address& as, Scope teller, Whose whose) {
  const PeerRecord& said = record.record();
  // From the peer itself the same record again is welcome: this connection may make more of it plausible. From another
  // it is not, and what another says takes nothing away: it would let anybody who holds an old record do that.
  const bool is_own = whose == Whose::own;
  const bool is_same = peer.sequence == said.sequence &&
                       (peer.envelope.empty() || equal(peer.envelope, record.envelope()));
  if (peer.sequence && said.sequence <= *peer.sequence && !(is_own && is_same)) {
    ++counters_.records_stale;
    return Outcome::stale;
  }
  if (is_own) forget_own_words(peer);
  peer.sequence = said.sequence;
  peer.envelope_expires_at = as.expires_at;
  peer.envelope = Bytes();
  if (record.envelope().size() <= options_.envelope_bytes_max)
    peer.envelope = copy_bytes(record.envelope());
  else ++counters_.envelopes_not_kept;
  add(said.peer, peer, said.addresses, as, teller, whose);
  return fit(said.peer);
}

PeerStore::Outcome PeerStore::certify(const CertifiedRecord& record, Scope teller, Instant now) {
  Peer* peer = find(record.record().peer, now);
  if (!peer) {
    ++counters_.peers_unwanted;
    return Outcome::unwanted;
  }
  const Address as{.source = Source::certified, .expires_at = own_words_expire_at(*peer, now)};
  return take_record(record, *peer, as, teller, Whose::own);
}

// A suggestion pushes out other suggestions, and nobody that we have met.
PeerStore::Peer* PeerStore::find_or_admit_suggested(const PeerId& id, Instant now) {
  if (Peer* known = find(id, now)) return known;
  while (suggested_peers_ >= options_.suggested_peers_max)
    if (!evict_one(id, Whom::suggested)) return nullptr;
  return find_or_admit(id, now, Whom::suggested);
}

PeerStore::Outcome PeerStore::suggest(const CertifiedRecord& record, Scope teller, Instant now) {
  const PeerId& id = record.record().peer;
  Peer* peer = find_or_admit_suggested(id, now);
  if (!peer) return Outcome::full;
  // Of a peer that is connected, its own words over that connection count.
  if (peer->connections > 0) return Outcome::stale;
  const Address as{.source = Source::certified, .expires_at = now + options_.kept_after_suggestion};
  const Outcome outcome = take_record(record, *peer, as, teller, Whose::of_another);
  return find(id, now) ? outcome : Outcome::unwanted;  // gone again if no address was of use
}

PeerStore::Outcome PeerStore::suggest(const PeerId& id, const std::vector<Multiaddr>& addresses,
                                      Scope teller, Instant now) {
  Peer* peer = find_or_admit_suggested(id, now);
  if (!peer) return Outcome::full;
  const Address as{.source = Source::suggested, .expires_at = now + options_.kept_after_suggestion};
  add(id, *peer, addresses, as, teller, Whose::of_another);
  const Outcome outcome = fit(id);
  return find(id, now) ? outcome : Outcome::unwanted;
}

// --- time ---

void PeerStore::tick(Instant now) {
  if (now < next_deadline()) return;
  swept_at_ = now;
  for (auto it = peers_.begin(); it != peers_.end();) {
    const auto here = it++;
    here->second.expire(now);
    recount(here->second);
    if (!here->second.is_pinned() && here->second.addresses.empty()) erase(here);
  }
}

Instant PeerStore::next_deadline() const {
  return peers_.empty() ? Instant::max() : swept_at_ + kSweepInterval;
}

std::size_t PeerStore::addresses_count() const {
  std::size_t count = 0;
  for (const auto& [id, peer] : peers_) count += peer.addresses.size();
  return count;
}

}  // namespace ghmesh::record
