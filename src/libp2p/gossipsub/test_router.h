// SPDX-License-Identifier: Apache-2.0 OR MIT
// One router, and peers whose part the test plays: what it receives and says, RPC by RPC.
#pragma once

#include <map>
#include <vector>

#include "libp2p/gossipsub/message.h"
#include "libp2p/gossipsub/test_network.h"

namespace ghmesh::gossipsub {

class TestRouter {
 public:
  explicit TestRouter(const Options& options = test_options(), bool is_subscribed = true)
      : router(options, key, 1, now) {
    if (is_subscribed) (void)router.subscribe("news", now).has_value();
    sent();
    events();
  }

  // Peer `number` connects, as `info` says; its id is that of test_key(number).
  PeerId add(std::uint64_t number, PeerInfo info = {}) {
    info.id = id_of(number);
    GHMESH_CHECK(router.peer_connected(info, now).has_value());
    return info.id;
  }
  // ... and subscribes. What is said because of that is dropped.
  PeerId add_subscriber(std::uint64_t number, PeerInfo info = {}) {
    add(number, std::move(info));
    GHMESH_CHECK(receive(number, {.subscriptions = {{"news", true}}}));
    sent();
    events();
    return id_of(number);
  }
  // Subscribes and grafts itself.
  PeerId add_mesh_peer(std::uint64_t number, PeerInfo info = {}) {
    add_subscriber(number, std::move(info));
    GHMESH_CHECK(receive(number, {.graft = {"news"}}));
    sent();
    events();
    return id_of(number);
  }

  static const PeerId& id_of(std::uint64_t number) { return test_key(number).peer_id(); }

  // False when the router gives the peer up.
  bool receive(std::uint64_t number, const Rpc& rpc) {
    return router.receive(id_of(number), write_rpc(rpc), now).has_value();
  }
  // What peer `author` published as its message number `seqno`.
  static Bytes message(std::uint64_t author, std::uint64_t seqno, ByteView data = as_bytes("hello"),
                       std::string_view topic = "news") {
    return write_signed_message({.topic = topic, .data = data, .seqno = seqno}, test_key(author));
  }
  static MessageId id_of_message(std::uint64_t author, std::uint64_t seqno) {
    Bytes id = copy_bytes(id_of(author).bytes());
    append_big_endian<std::uint64_t>(id, seqno);
    return MessageId(id);
  }

  struct Sent {
    PeerId to;
    Rpc rpc;
    Priority priority;
  };
  std::vector<Sent> sent() {
    std::vector<Sent> all;
    while (auto output = router.next_output()) {
      auto rpc = parse_rpc(*output->rpc);
      GHMESH_CHECK(rpc.has_value());
      all.push_back({output->to, std::move(*rpc), output->priority});
    }
    return all;
  }
  // All that one peer was told, as one RPC.
  Rpc sent_to(std::uint64_t number) {
    Rpc all;
    for (Sent& one : sent()) {
      if (one.to != id_of(number)) continue;
      append_all(all.subscriptions, one.rpc.subscriptions);
      append_all(all.messages, one.rpc.messages);
      append_all(all.ihave, one.rpc.ihave);
      append_all(all.iwant, one.rpc.iwant);
      append_all(all.graft, one.rpc.graft);
      append_all(all.prune, one.rpc.prune);
      append_all(all.idontwant, one.rpc.idontwant);
    }
    return all;
  }
  std::vector<Event> events() {
    std::vector<Event> all;
    while (auto event = router.next_event()) all.push_back(std::move(*event));
    return all;
  }
  template <class Kind>
  std::vector<Kind> events_of() {
    std::vector<Kind> all;
    for (Event& event : events())
      if (auto* wanted = std::get_if<Kind>(&event)) all.push_back(std::move(*wanted));
    return all;
  }

  // Passes the time with all the ticks that fall into it.
  void pass(Duration duration) {
    const Instant end = now + duration;
    while (router.next_deadline() <= end) {
      now = std::max(now, router.next_deadline());
      router.tick(now);
    }
    now = end;
  }
  void heartbeat() { pass(router.next_deadline() - now); }

  bool is_in_mesh(std::uint64_t number) const {
    const auto mesh = router.mesh_peers("news");
    return std::ranges::find(mesh, id_of(number)) != mesh.end();
  }

  const keys::PrivateKey& key = test_key(1'000'000);
  Instant now = Instant(1h);
  Router router;

 private:
  template <class T>
  static void append_all(std::vector<T>& all, const std::vector<T>& more) {
    all.insert(all.end(), more.begin(), more.end());
  }
};

}  // namespace ghmesh::gossipsub
