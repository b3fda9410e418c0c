// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the book answers, and what dialing teaches it.
#include <algorithm>
#include <tuple>

#include "libp2p/record/peer_store.h"

namespace ghmesh::record {

void PeerStore::dial_succeeded(const PeerId& id, const Multiaddr& address, Instant now) {
  Peer* peer = find(id, now);
  if (!peer) return;
  peer->was_reached = true;
  peer->used_at = now;
  // Also one that nobody told: it works, so another that was only told makes room for it.
  const Bytes key = address.without_peer().bytes();
  auto& addresses = peer->addresses;
  if (!addresses.contains(key) && addresses.size() >= options_.addresses_per_peer_max) {
    const auto untried = std::ranges::find_if(addresses, [](const auto& entry) {
      return !entry.second.worked_at && entry.second.source != Source::configured;
    });
    if (untried == addresses.end()) return;
    addresses.erase(untried);
  }
  const Address as{.source = Source::told, .expires_at = own_words_expire_at(*peer, now)};
  Address& known = addresses.try_emplace(key, as).first->second;
  known.worked_at = now;
  known.failures = 0;
  fit(id);
}

void PeerStore::dial_failed(const PeerId& id, const Multiaddr& address, Instant now) {
  Peer* peer = find(id, now);
  if (!peer) return;
  const auto known = peer->addresses.find(address.without_peer().bytes());
  if (known == peer->addresses.end()) return;
  if (known->second.failures < UINT8_MAX) ++known->second.failures;
}

std::vector<Multiaddr> PeerStore::addresses_to_dial(const PeerId& id, Instant now) const {
  struct Choice {
    Multiaddr address;
    // Smaller is better: failures, how long ago it worked (never: longest), source, scope. Equal ones stay in the order
    // of their bytes.
    std::tuple<std::uint8_t, Duration, Source, Scope> rank;
  };
  const auto found = peers_.find(id);
  if (found == peers_.end()) return {};
  std::vector<Choice> choices;
  for (const auto& [bytes, known] : found->second.addresses) {
    if (known.expires_at <= now) continue;
    Multiaddr address = *Multiaddr::parse(bytes);
    const Duration ago = known.worked_at ? now - *known.worked_at : Duration::max();
    const auto scope = multiformats::scope_of(address);
    choices.push_back({std::move(address), {known.failures, ago, known.source, scope}});
  }
  std::ranges::stable_sort(choices, {}, &Choice::rank);
  std::vector<Multiaddr> addresses;
  addresses.reserve(choices.size());
  for (Choice& choice : choices) addresses.push_back(std::move(choice.address));
  return addresses;
}

std::vector<PeerId> PeerStore::peers_to_dial(Instant now) const {
  std::vector<PeerId> ids;
  for (const auto& [id, peer] : peers_) {
    if (peer.connections == 0 && peer.has_address(now)) ids.push_back(id);
  }
  return ids;
}

ByteView PeerStore::envelope_of(const PeerId& id, Instant now) const {
  const auto found = peers_.find(id);
  if (found == peers_.end() || found->second.envelope_expires_at <= now) return {};
  const Peer& peer = found->second;
  return peer.is_pinned() || peer.has_address(now) ? ByteView(peer.envelope) : ByteView();
}

}  // namespace ghmesh::record
