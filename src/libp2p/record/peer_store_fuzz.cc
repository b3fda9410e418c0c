// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any order of events in the life of a small book: it stays within its bounds, forgets what it should, and answers
// alike whether it is swept or not. Four bytes of input make an event: what happens, to whom, with which addresses, and
// how much time passes.
#include <cstdint>

#include "base/check.h"
#include "libp2p/record/peer_store.h"

using namespace ghmesh;
using namespace ghmesh::record;
using multiformats::Multiaddr;
using multiformats::Scope;

namespace {

constexpr std::size_t kPeers = 12;
constexpr PeerStore::Options kOptions{.peers_max = 6,
                                      .suggested_peers_max = 2,
                                      .addresses_per_peer_max = 3,
                                      .bytes_max = 6000,
                                      .envelope_bytes_max = 200};
constexpr std::size_t kConfiguredMax = 2;  // the operator does not name more than there is room for

const std::vector<keys::PrivateKey>& identities() {
  static const auto made = [] {
    std::vector<keys::PrivateKey> keys;
    for (std::size_t i = 0; i < kPeers; ++i)
      keys.push_back(keys::PrivateKey::of_seed(
          crypto::Secret(Bytes(32, std::byte(static_cast<unsigned char>(i))))));
    return keys;
  }();
  return made;
}

std::vector<Multiaddr> addresses_of(std::uint8_t choice) {
  static const auto all = [] {
    std::vector<Multiaddr> parsed;
    for (std::string_view text :
         {"/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/203.0.113.1/tcp/1",
          "/ip4/203.0.113.1/tcp/2", "/ip6/2001:db8::1/tcp/1", "/dns4/example.org/tcp/1",
          "/ip4/203.0.113.1/tcp/3", "/ip4/203.0.113.1/udp/1/quic"})
      parsed.push_back(*Multiaddr::parse_text(text));
    return parsed;
  }();
  std::vector<Multiaddr> addresses;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (choice >> i & 1) addresses.push_back(all[i]);
  return addresses;
}

void apply(PeerStore& store, const std::uint8_t* event, Instant now) {
  const auto& identity = identities()[event[1] % kPeers];
  const auto& peer = identity.peer_id();
  const auto addresses = addresses_of(event[2]);
  const auto teller = static_cast<Scope>(event[1] / kPeers % 4);
  const Multiaddr first = addresses.empty() ? Multiaddr() : addresses.front();
  const auto record = [&] {
    return CertifiedRecord::sign({.peer = peer, .sequence = event[0] / 9u, .addresses = addresses},
                                 identity);
  };
  switch (event[0] % 9) {
    case 0: store.connected(peer, now); break;
    case 1: store.disconnected(peer, now); break;
    case 2: static_cast<void>(store.tell(peer, addresses, teller, now)); break;
    case 3: static_cast<void>(store.certify(record(), teller, now)); break;
    case 4: static_cast<void>(store.suggest(record(), teller, now)); break;
    case 5: static_cast<void>(store.suggest(peer, addresses, teller, now)); break;
    case 6:
      if (!first.empty()) store.dial_succeeded(peer, first, now);
      break;
    case 7: store.dial_failed(peer, first, now); break;
    case 8:
      if (event[1] % kPeers < kConfiguredMax) static_cast<void>(store.configure(peer, {}, now));
      break;
  }
}

void check_alike(const PeerStore& a, const PeerStore& b, Instant now) {
  GHMESH_CHECK(a.peers_to_dial(now) == b.peers_to_dial(now));
  for (const auto& identity : identities()) {
    const auto& peer = identity.peer_id();
    GHMESH_CHECK(a.addresses_to_dial(peer, now) == b.addresses_to_dial(peer, now));
    GHMESH_CHECK(equal(a.envelope_of(peer, now), b.envelope_of(peer, now)));
  }
}

void check_bounds(const PeerStore& store, Instant now) {
  GHMESH_CHECK(store.peers_count() <= kOptions.peers_max);
  GHMESH_CHECK(store.bytes_held() <= kOptions.bytes_max);
  for (const auto& identity : identities())
    GHMESH_CHECK(store.addresses_to_dial(identity.peer_id(), now).size() <=
                 kOptions.addresses_per_peer_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Two with room for everybody, of which only one is swept, and one without.
  PeerStore::Options wide = kOptions;
  wide.peers_max = 100;
  wide.suggested_peers_max = 100;
  wide.bytes_max = 1'000'000;
  PeerStore swept(wide), unswept(wide);
  PeerStore narrow(kOptions);
  Instant now(1000h);
  size = std::min<std::size_t>(size, 400);
  for (; size >= 4; data += 4, size -= 4) {
    now += data[3] % 16 == 0 ? Duration(data[3] * 1min) : Duration(data[3] * 1s);
    swept.tick(now);
    narrow.tick(now);
    for (PeerStore* store : {&swept, &unswept, &narrow}) apply(*store, data, now);
    check_alike(swept, unswept, now);
    check_bounds(narrow, now);
  }
  return 0;
}
