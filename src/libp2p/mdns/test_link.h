// SPDX-License-Identifier: Apache-2.0 OR MIT
// A link for tests: every datagram reaches everybody, its sender included, at once; the clock is the test's.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "libp2p/mdns/discovery.h"

namespace ghmesh::mdns::test {

inline Multiaddr address(std::string_view text) {
  auto parsed = Multiaddr::parse_text(text);
  GHMESH_CHECK(parsed.has_value());
  return *std::move(parsed);
}

// The id of an Ed25519 key that consists of this number.
inline PeerId peer_id(std::uint32_t number) {
  Bytes key = *parse_hex("08011220");
  append_big_endian(key, number);
  key.resize(36);
  return PeerId::of_public_key(key);
}

inline std::string with_peer_text(std::string_view text, const PeerId& peer) {
  return std::string(text) + "/p2p/" + peer.text();
}

struct Node {
  Node(std::uint32_t number, Options options, Instant now)
      : id(peer_id(number)),
        source("10.0.0." + std::to_string(number)),
        discovery(id, std::move(options), number, now) {}

  PeerId id;
  std::string source;
  Discovery discovery;
  std::vector<Event> events;
};

class Link {
 public:
  Node& add(Options options = {}) {
    const auto number = static_cast<std::uint32_t>(nodes_.size() + 1);
    nodes_.push_back(std::make_unique<Node>(number, std::move(options), now));
    return *nodes_.back();
  }
  // At "/ip4/10.0.0.<number>/tcp/4001".
  Node& add_announced(Options options = {}) {
    Node& node = add(std::move(options));
    node.discovery.set_addresses({address("/ip4/" + node.source + "/tcp/4001")}, now);
    return node;
  }

  void deliver(ByteView datagram, std::string_view source) {
    datagrams.emplace_back(now, copy_bytes(datagram));
    for (auto& node : nodes_) {
      node->discovery.receive(datagram, source, now);
      drain_events(*node);
    }
  }

  // Lets the clock run for so long, from deadline to deadline.
  void run(Duration duration) {
    const Instant end = now + duration;
    settle();
    for (;;) {
      Instant next = Instant::max();
      for (const auto& node : nodes_) next = std::min(next, node->discovery.next_deadline());
      if (next > end) break;
      GHMESH_CHECK(next > now || ++stuck_count_ < 1000);
      now = std::max(now, next);
      settle();
    }
    now = end;
  }

  std::vector<std::unique_ptr<Node>>& nodes() { return nodes_; }

  Instant now{1h};
  std::vector<std::pair<Instant, Bytes>> datagrams;  // all that were sent

 private:
  void settle() {
    for (auto& node : nodes_) {
      node->discovery.tick(now);
      drain_events(*node);
    }
    for (auto& node : nodes_) {
      while (auto datagram = node->discovery.next_datagram()) deliver(*datagram, node->source);
    }
  }
  void drain_events(Node& node) {
    while (auto event = node.discovery.next_event()) node.events.push_back(*std::move(event));
  }

  std::vector<std::unique_ptr<Node>> nodes_;
  int stuck_count_ = 0;
};

// A response that names one instance with these attributes.
inline Bytes announcement(std::string_view instance, std::vector<std::string> attributes,
                          Seconds ttl = Seconds(120), std::string_view service = kService) {
  dns::Message message{.is_response = true, .is_authoritative = true};
  const auto owner = *dns::Name::parse_text(instance);
  message.answers.push_back(
      {.name = *dns::Name::parse_text(service), .ttl = ttl, .data = dns::Ptr{owner}});
  message.additionals.push_back(
      {.name = owner, .ttl = ttl, .data = dns::Txt{std::move(attributes)}});
  return *dns::write_message(message);
}

// What an honest peer of this number would say.
inline Bytes announcement(std::uint32_t number, Seconds ttl = Seconds(120)) {
  return announcement("peer" + std::to_string(number) + "._p2p._udp.local",
                      {"dnsaddr=" + with_peer_text("/ip4/10.1.0.1/tcp/4001", peer_id(number))},
                      ttl);
}

inline Bytes query(std::string_view name, dns::Type type) {
  dns::Message message;
  message.questions.push_back({.name = *dns::Name::parse_text(name), .type = type});
  return *dns::write_message(message);
}

}  // namespace ghmesh::mdns::test
