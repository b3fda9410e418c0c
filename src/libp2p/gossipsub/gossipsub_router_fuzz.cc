// SPDX-License-Identifier: Apache-2.0 OR MIT
// Three routers, a wire between them that loses and reorders, and a peer of the first that says anything at all. The
// input is a list of commands; afterwards nobody holds more than the limits, and honest peers have kept their links.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "libp2p/gossipsub/message.h"
#include "libp2p/gossipsub/state.h"
#include "libp2p/gossipsub/test_network.h"

using namespace ghmesh;
using namespace ghmesh::gossipsub;

namespace {

constexpr std::size_t kRouters = 3;

Options small_options() {
  Options options = test_options();
  options.topics["checked"].needs_verdict = true;
  options.topics["watched"].score.mesh_deliveries_weight = -1;
  options.limits.cached_messages_max = 16;
  options.limits.cached_bytes_max = 32 * 1024;
  options.limits.seen_max = 32;
  options.limits.backoffs_max = 8;
  options.limits.held_max = 4;
  options.limits.pending_messages_max = 4;
  options.limits.retained_scores_max = 2;
  return options;
}

class Commands {
 public:
  explicit Commands(ByteView bytes) : reader_(bytes) {}
  bool is_empty() const { return reader_.is_empty(); }
  std::uint8_t number() {
    const auto taken = reader_.take(1);
    return taken ? std::to_integer<std::uint8_t>((*taken)[0]) : 0;
  }
  ByteView bytes() {
    const std::size_t wanted = std::size_t{number()} * 256 + number();
    return *reader_.take(std::min(wanted % 4096, reader_.remaining()));
  }

 private:
  Reader reader_;
};

void check_limits(const Router& router, const Options& options) {
  const Holdings held = router.holdings();
  GHMESH_CHECK(held.cached_messages <= options.limits.cached_messages_max);
  GHMESH_CHECK(held.seen <= options.limits.seen_max);
  GHMESH_CHECK(held.backoffs <= options.limits.backoffs_max);
  GHMESH_CHECK(held.held <= options.limits.held_max);
  GHMESH_CHECK(held.pending_messages <= options.limits.pending_messages_max);
  GHMESH_CHECK(held.retained_scores <= options.limits.retained_scores_max);
  GHMESH_CHECK(held.mesh_links <= held.subscriptions);
  GHMESH_CHECK(held.other_topics <= held.peers * kOtherTopicsMax);
}

// One more peer of router 0, whose RPCs are the input's.
class Stranger {
 public:
  explicit Stranger(TestNetwork& network) : network_(network) { connect(Version::meshsub_1_2); }
  void connect(Version version) {
    GHMESH_CHECK(router()
                     .peer_connected({.id = key_.peer_id(), .version = version}, network_.now)
                     .has_value());
    take();
  }
  void disconnect() {
    router().peer_disconnected(key_.peer_id(), network_.now);
    take();
  }
  void say(ByteView rpc) {
    if (!router().receive(key_.peer_id(), rpc, network_.now)) connect(Version::meshsub_1_1);
    take();
  }
  void say_signed(std::string_view topic, ByteView data, std::uint64_t seqno) {
    say(write_rpc({.messages = {write_signed_message({.topic = topic, .data = data, .seqno = seqno},
                                                     key_)}}));
  }
  const keys::PrivateKey& key() const { return key_; }

 private:
  Router& router() { return *network_[0].router; }
  void take() { network_.drain(0); }

  TestNetwork& network_;
  const keys::PrivateKey& key_ = test_key(666);
};

void give_verdicts(TestNetwork& network, Verdict verdict) {
  for (std::size_t i = 0; i < kRouters; ++i) {
    for (const Delivered& delivered : network[i].delivered)
      network[i].router->report(delivered.id, verdict, network.now);
    network[i].delivered.clear();
    network.drain(i);
  }
}

void change_topics(TestNetwork& network, std::size_t node, std::string_view topic, bool is_new) {
  Router& router = *network[node].router;
  if (is_new) GHMESH_CHECK(router.add_topic(std::string(topic), {}, network.now).has_value());
  else router.remove_topic(topic, network.now);
  network.drain(node);
}

void run(Commands& commands, TestNetwork& network, Stranger& stranger) {
  constexpr std::array<std::string_view, 3> kTopics = {"news", "checked", "watched"};
  while (!commands.is_empty()) {
    const std::uint8_t command = commands.number();
    const std::size_t node = command / 16 % kRouters;
    const std::string_view topic = kTopics[command / 64 % kTopics.size()];
    switch (command % 10) {
      case 0:
      case 1: stranger.say(commands.bytes()); break;
      case 2: stranger.say_signed(topic, commands.bytes(), commands.number()); break;
      case 3:  // of a topic that is gone: refused
        (void)network[node].router->publish(topic, commands.bytes(), network.now).has_value();
        network.drain(node);
        break;
      case 4: network.run_for(commands.number() * 1ms); break;
      case 5: network.run_for(commands.number() % 16 * 1s); break;
      case 6:
        (void)network[node].router->subscribe(topic, network.now).has_value();
        network.drain(node);
        break;
      case 7:
        network[node].router->unsubscribe(topic, network.now);
        network.drain(node);
        break;
      case 8: {
        const std::uint8_t choice = commands.number() % 5;
        if (choice < 3) give_verdicts(network, static_cast<Verdict>(choice));
        else change_topics(network, node, topic, choice == 3);
        break;
      }
      default: stranger.disconnect(); stranger.connect(static_cast<Version>(commands.number() % 4));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4 * 1024) return 0;
  const Options options = small_options();
  TestNetwork network(data[0]);
  for (std::size_t i = 0; i < kRouters; ++i) network.add(options);
  network.weather = {.delay_min = 1ms, .delay_max = 40ms, .loss = data[1] / 512.0};
  network.connect_all();
  network.subscribe_all();
  Stranger stranger(network);
  Commands commands(ByteView(reinterpret_cast<const std::byte*>(data) + 2, size - 2));
  run(commands, network, stranger);
  network.run_for(2s);
  for (std::size_t i = 0; i < kRouters; ++i) {
    check_limits(*network[i].router, options);
    for (std::size_t other = 0; other < kRouters; ++other)
      GHMESH_CHECK(other == i || network.are_connected(i, other));
  }
  return 0;
}
