// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/member/roster.h"

#include <algorithm>

namespace ghmesh::mesh {
namespace {

std::optional<PeerId> peer_in(const Multiaddr& address) {
  const auto* part = address.find(multiformats::Protocol::p2p);
  if (!part) return std::nullopt;
  auto peer = PeerId::parse(part->value);
  return peer ? std::optional(*std::move(peer)) : std::nullopt;
}

Multiaddr without_peer(const Multiaddr& address) { return address.without_peer(); }

}  // namespace

void Roster::add_static(const Multiaddr& address, Instant now) {
  const auto peer = peer_in(address);
  if (!peer) {
    nameless_.push_back({.address = address, .next_call = now});
    return;
  }
  if (*peer == self_) return;
  Known& known = known_[*peer];
  known.is_static = true;
  known.next_call = now;
  const Multiaddr bare = without_peer(address);
  if (std::ranges::find(known.addresses, bare) == known.addresses.end())
    known.addresses.push_back(bare);
}

void Roster::learn(const PeerId& peer, std::vector<Multiaddr> addresses, WallTime seen_at,
                   Instant now) {
  if (peer == self_ || addresses.empty()) return;
  for (Multiaddr& address : addresses) address = without_peer(address);
  if (addresses.size() > kListedAddressesMax) addresses.resize(kListedAddressesMax);
  const auto [found, is_new] = known_.try_emplace(peer);
  Known& known = found->second;
  if (!is_new && seen_at < known.seen_at) return;
  // What the operator said of it stays.
  if (known.is_static)
    for (const Multiaddr& address : known.addresses)
      if (std::ranges::find(addresses, address) == addresses.end() &&
          addresses.size() < kListedAddressesMax)
        addresses.push_back(address);
  const bool is_moved = known.addresses != addresses;
  known.addresses = std::move(addresses);
  known.seen_at = seen_at;
  if (is_new || is_moved) {
    known.pause = kRedialMin;
    known.next_call = now;
  }
  if (is_new) make_room();
}

void Roster::make_room() {
  while (known_.size() > kKnownPeersMax) {
    auto worst = known_.end();
    for (auto each = known_.begin(); each != known_.end(); ++each) {
      if (each->second.is_static || connected_.contains(each->first)) continue;
      if (worst == known_.end() || each->second.seen_at < worst->second.seen_at) worst = each;
    }
    if (worst == known_.end()) return;
    known_.erase(worst);
  }
}

void Roster::connected(const PeerId& peer, WallTime seen_at) {
  connected_.insert(peer);
  const auto found = known_.find(peer);
  if (found == known_.end()) return;
  found->second.is_calling = false;
  found->second.pause = kRedialMin;
  found->second.seen_at = std::max(found->second.seen_at, seen_at);
}

void Roster::disconnected(const PeerId& peer, Instant now) {
  connected_.erase(peer);
  if (const auto found = known_.find(peer); found != known_.end()) postpone(found->second, now);
  for (Nameless& one : nameless_)
    if (one.leads_to == peer) {
      one.leads_to.reset();
      postpone(one, now);
    }
}

void Roster::forget(const PeerId& peer) { known_.erase(peer); }

bool Roster::wants(const PeerId& peer, const Known& known) const {
  return !known.is_calling && !known.addresses.empty() && !connected_.contains(peer) &&
         (known.is_static || connected_.size() < kConnectedWanted);
}

std::vector<Roster::Call> Roster::next_calls(Instant now) {
  std::vector<Call> calls;
  for (Nameless& one : nameless_) {
    if (one.is_calling || one.leads_to || one.next_call > now) continue;
    one.is_calling = true;
    calls.push_back({.peer = std::nullopt, .addresses = {one.address}});
  }
  std::size_t calling = static_cast<std::size_t>(
      std::ranges::count_if(known_, [](const auto& entry) { return entry.second.is_calling; }));
  for (auto& [peer, known] : known_) {
    if (calling >= kDialsAtOnceMax) break;
    if (!wants(peer, known) || known.next_call > now) continue;
    known.is_calling = true;
    ++calling;
    calls.push_back({.peer = peer, .addresses = known.addresses});
  }
  return calls;
}

void Roster::failed(const Call& call, Instant now) {
  if (call.peer) {
    const auto found = known_.find(*call.peer);
    if (found != known_.end()) postpone(found->second, now);
    return;
  }
  for (Nameless& one : nameless_)
    if (one.address == call.addresses.front()) postpone(one, now);
}

void Roster::answered(const Call& call, const PeerId& peer) {
  if (call.peer) return;
  for (Nameless& one : nameless_) {
    if (one.address != call.addresses.front()) continue;
    one.is_calling = false;
    one.pause = kRedialMin;
    one.leads_to = peer;
  }
}

// With jitter, so that two that dial each other, or a fleet that lost its first node, do not keep step.
template <class One>
void Roster::postpone(One& one, Instant now) {
  one.is_calling = false;
  const auto half = static_cast<std::uint64_t>(one.pause.count() / 2);
  one.next_call = now + one.pause / 2 + Duration(random_.below(half + 1));
  one.pause = std::min(one.pause * 2, kRedialMax);
}

Instant Roster::next_deadline() const {
  Instant deadline = Instant::max();
  for (const Nameless& one : nameless_)
    if (!one.is_calling && !one.leads_to) deadline = std::min(deadline, one.next_call);
  std::size_t calling = 0;
  for (const auto& [peer, known] : known_) calling += known.is_calling;
  if (calling < kDialsAtOnceMax)
    for (const auto& [peer, known] : known_)
      if (wants(peer, known)) deadline = std::min(deadline, known.next_call);
  return deadline;
}

std::vector<Multiaddr> Roster::addresses_of(const PeerId& peer) const {
  const auto found = known_.find(peer);
  return found == known_.end() ? std::vector<Multiaddr>() : found->second.addresses;
}

std::vector<ListedPeer> Roster::known(std::size_t count_max) const {
  std::vector<ListedPeer> peers;
  for (const auto& [peer, known] : known_)
    if (!known.addresses.empty())
      peers.push_back({.id = peer, .addresses = known.addresses, .seen_at = known.seen_at});
  std::ranges::stable_sort(peers, [this](const ListedPeer& a, const ListedPeer& b) {
    return std::pair(connected_.contains(a.id), a.seen_at) >
           std::pair(connected_.contains(b.id), b.seen_at);
  });
  if (peers.size() > count_max) peers.resize(count_max);
  return peers;
}

}  // namespace ghmesh::mesh
