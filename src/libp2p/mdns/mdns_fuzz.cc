// SPDX-License-Identifier: Apache-2.0 OR MIT
// Two peers on a link with a stranger, who sends whatever the input says and lets the time pass that it says. Bounds
// hold, what the peers send is readable, and in the end they still find each other.
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "libp2p/mdns/discovery.h"

using namespace ghmesh;
using namespace ghmesh::mdns;

namespace {

constexpr std::size_t kPeersMax = 8;

PeerId peer_id(char fill) {
  return PeerId::of_public_key(as_bytes("\x08\x01\x12\x20" + std::string(32, fill)));
}

struct Node {
  Node(char fill, std::string source_in, Instant now)
      : source(std::move(source_in)),
        discovery(peer_id(fill), {.peers_max = kPeersMax}, static_cast<std::uint64_t>(fill), now) {}
  std::string source;
  Discovery discovery;
  bool has_found_the_other = false;
};

struct Link {
  Instant now{1h};
  Node a{'a', "10.0.0.1", now};
  Node b{'b', "10.0.0.2", now};

  void check(Node& node, const PeerId& other) {
    while (auto event = node.discovery.next_event()) {
      GHMESH_CHECK((event->kind == Event::Kind::lost) == event->addresses.empty());
      GHMESH_CHECK(event->addresses.size() <= kAddressesPerPeerMax);
      if (event->peer == other) node.has_found_the_other = event->kind == Event::Kind::found;
    }
    GHMESH_CHECK(node.discovery.peers_count() <= kPeersMax);
    GHMESH_CHECK(node.discovery.sources_count() <= kSourcesMax);
  }

  void deliver(ByteView datagram, std::string_view source) {
    a.discovery.receive(datagram, source, now);
    b.discovery.receive(datagram, source, now);
    check(a, peer_id('b'));
    check(b, peer_id('a'));
  }

  void pass(Duration duration) {
    now += duration;
    for (Node* node : {&a, &b}) {
      node->discovery.tick(now);
      while (auto datagram = node->discovery.next_datagram()) {
        GHMESH_CHECK(datagram->size() <= kAnswerBytesMax);
        GHMESH_CHECK(dns::parse_message(*datagram).has_value());
        deliver(*datagram, node->source);
      }
      GHMESH_CHECK(node->discovery.next_deadline() > now);
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Link link;
  const auto address = Multiaddr::parse_text("/ip4/10.0.0.1/tcp/4001");
  link.a.discovery.set_addresses({*address}, link.now);
  link.b.discovery.set_addresses({*address}, link.now);
  Reader input(ByteView(reinterpret_cast<const std::byte*>(data), size));
  // Each step: who sends, how many units of 10 ms pass before, how long the datagram is, the datagram.
  while (input.remaining() >= 4) {
    const auto source = *input.take_big_endian<std::uint8_t>();
    link.pass(10ms * *input.take_big_endian<std::uint8_t>());
    const auto claimed = *input.take_big_endian<std::uint16_t>();
    const ByteView datagram = *input.take(std::min<std::size_t>(claimed, input.remaining()));
    link.deliver(datagram, "10.0.1." + std::to_string(source));
  }
  // Whatever was believed has expired after the longest TTL, and then the honest ones are heard again.
  link.pass(kTtlMax + Duration(1s));
  for (int i = 0; i < 60 && !(link.a.has_found_the_other && link.b.has_found_the_other); ++i)
    link.pass(1s);
  GHMESH_CHECK(link.a.has_found_the_other && link.b.has_found_the_other);
  return 0;
}
