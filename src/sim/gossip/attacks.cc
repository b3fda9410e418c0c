// SPDX-License-Identifier: Apache-2.0 OR MIT
// The attacks themselves.
#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "sim/gossip/raw_rpc.h"
#include "sim/gossip/siege.h"

namespace ghmesh::sim::gossip {
namespace {

using Ids = RawRpc::Ids;

constexpr std::size_t kHeardMax = 50;

// --- what attackers do not do ---

// Sends nothing of its own accord, neither messages nor control.
Behaviour mute(Siege&) {
  return {.lets_out = [](const gossipsub::Output&) { return false; }, .lets_in = {}};
}
Behaviour forwards_nothing(Siege&) {
  return {.lets_out = [](const gossipsub::Output& output) { return !output.message; },
          .lets_in = {}};
}
Behaviour forwards_until_it_is_trusted(Siege& siege) {
  return {.lets_out =
              [&siege](const gossipsub::Output& output) {
                return !siege.is_traitor || !output.message;
              },
          .lets_in = {}};
}
Behaviour forwards_nothing_and_remembers(Siege& siege) {
  Behaviour behaviour = forwards_nothing(siege);
  behaviour.lets_in = [&siege](NodeId, ByteView rpc) {
    if (rpc.size() > 512 && siege.heard.size() < kHeardMax) siege.heard.push_back(copy_bytes(rpc));
    return true;
  };
  return behaviour;
}

// --- and what they say instead ---

Bytes grafts_and_prunes(Siege&, Way) {
  return RawRpc().subscribe(kTopic).graft(kTopic).prune(kTopic, 1).graft(kTopic).bytes();
}

Bytes ids_of_nothing(Siege& siege, Way) {
  return RawRpc().ihave(kTopic, siege.random_ids(50)).bytes();
}

Bytes latest_id(Siege& siege, Way) {
  if (siege.ids().empty()) return {};
  return RawRpc().ihave(kTopic, {siege.ids().back()}).bytes();
}

Bytes requests_for_everything(Siege& siege, Way) { return RawRpc().iwant(siege.ids()).bytes(); }

Bytes forgery(Siege& siege, Way) {
  const auto& authors = siege.honest();
  const NodeId author = authors[siege.swarm().random().below(authors.size())];
  const Bytes data = siege.random_id();
  const Bytes signature(64, std::byte{1});
  return RawRpc()
      .message({.from = siege.swarm().id(author).bytes(),
                .data = data,
                .seqno = static_cast<std::uint64_t>(siege.swarm().now().time_since_epoch().count()),
                .topic = kTopic,
                .signature = signature})
      .bytes();
}

Bytes graft_of_the_victim(Siege& siege, Way way) {
  if (!siege.is_victim(way.to)) return {};
  return RawRpc().subscribe(kTopic).graft(kTopic).bytes();
}

Bytes prunes_for_ever(Siege& siege, Way) {
  return RawRpc().prune(kTopic, UINT64_MAX, siege.random_ids(16)).prune(kTopic, 1ull << 63).bytes();
}

Bytes prune_with_strangers(Siege& siege, Way) {
  Ids strangers;
  for (int i = 0; i < 16; ++i) {
    Bytes id = copy_bytes(siege.swarm().id(0).bytes());
    store_big_endian<std::uint64_t>(MutableByteView(id).last(8), siege.swarm().random()());
    strangers.push_back(id);
  }
  return RawRpc().prune(kTopic, 60, strangers).bytes();
}

Bytes topics_without_end(Siege& siege, Way) {
  RawRpc rpc;
  for (int i = 0; i < 50; ++i) rpc.subscribe(as_text(siege.random_id()));
  return rpc.bytes();
}

Bytes empty_subscriptions(Siege&, Way) {
  RawRpc rpc;
  for (int i = 0; i < 1000; ++i) rpc.empty_subscription();
  return rpc.bytes();
}

Bytes grafts_of_novel_topics(Siege& siege, Way) {
  RawRpc rpc;
  for (int i = 0; i < 50; ++i) rpc.graft(as_text(siege.random_id()));
  return rpc.bytes();
}

// Two of the attackers say so much that they reach the limit; the others deny what is real.
Bytes denials(Siege& siege, Way way) {
  Ids unwanted = siege.random_ids(way.from < siege.hostile().front() + 2 ? 500 : 0);
  unwanted.insert(unwanted.end(), siege.ids().begin(), siege.ids().end());
  return RawRpc().idontwant(unwanted).bytes();
}

Bytes replay(Siege& siege, Way) {
  if (siege.heard.empty()) return {};
  return siege.heard[siege.swarm().random().below(siege.heard.size())];
}

Bytes malformed(Siege& siege, Way) {
  Bytes rpc = RawRpc().subscribe(kTopic).graft(kTopic).ihave(kTopic, siege.random_ids(3)).bytes();
  rpc[siege.swarm().random().below(rpc.size())] ^= std::byte{0xff};
  rpc.resize(1 + siege.swarm().random().below(rpc.size()));
  return rpc;
}

constexpr Attack kAttacks[] = {
    {.name = "sybils", .behaviour = forwards_nothing},
    {.name = "traitors", .behaviour = forwards_until_it_is_trusted, .turns_traitor = true},
    {.name = "eclipse",
     .behaviour = forwards_nothing,
     .rpc = graft_of_the_victim,
     .pause = 500ms,
     .is_eclipse = true},
    {.name = "graft-flood", .behaviour = mute, .rpc = grafts_and_prunes},
    {.name = "prune-for-ever", .behaviour = mute, .rpc = prunes_for_ever},
    {.name = "px-strangers", .behaviour = mute, .rpc = prune_with_strangers},
    {.name = "ihave-flood", .behaviour = forwards_nothing, .rpc = ids_of_nothing},
    {.name = "ihave-bait", .behaviour = forwards_nothing, .rpc = latest_id, .pause = 50ms},
    {.name = "iwant-flood", .behaviour = forwards_nothing, .rpc = requests_for_everything},
    {.name = "idontwant-flood", .behaviour = forwards_nothing, .rpc = denials},
    {.name = "topic-flood", .behaviour = mute, .rpc = topics_without_end},
    {.name = "empty-flood", .behaviour = mute, .rpc = empty_subscriptions},
    {.name = "novel-grafts", .behaviour = mute, .rpc = grafts_of_novel_topics},
    {.name = "forgeries", .behaviour = forwards_nothing, .rpc = forgery, .pause = 500ms},
    {.name = "replay", .behaviour = forwards_nothing_and_remembers, .rpc = replay},
    {.name = "malformed", .behaviour = forwards_nothing, .rpc = malformed, .pause = 300ms},
};

}  // namespace

std::span<const Attack> attacks() { return kAttacks; }

const Attack& attack_named(std::string_view name) {
  const auto found = std::ranges::find(kAttacks, name, &Attack::name);
  GHMESH_CHECK(found != std::end(kAttacks));
  return *found;
}

}  // namespace ghmesh::sim::gossip
