// SPDX-License-Identifier: Apache-2.0 OR MIT
// p2p_gossip NODES full|DEGREE latency|rate: gossip among NODES nodes, half of them in each of two processes on two
// cores. Prints one JSON object. gossip.mjs does the same with js-libp2p.
//
//   latency  200 messages of 1 KiB, 25 ms apart, by everybody in turn: publish to receive, and bytes on all wires
//   rate     one publisher, one subscriber in the other process: verified messages a second
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/random.h"
#include "halves.h"
#include "measure.h"
#include "net/p2p/driver.h"

namespace ghmesh::bench {
namespace {

namespace json = boost::json;

constexpr std::string_view kTopic = "ghmesh-bench";
constexpr std::size_t kMessageBytes = 1024;
constexpr int kMessagesCount = 200;
constexpr Duration kPause = 25ms;
constexpr Duration kSettle = 4500ms;  // five heartbeats: the meshes stand
constexpr int kRateMessages = 30'000;
constexpr std::size_t kBacklogBytesMax = 512 * 1024;

host::Options options() {
  host::Options made;
  made.gossip.emplace();
  made.gossip->topics[std::string(kTopic)];
  made.gossip->first_seqno = crypto::random_seed() >> 2;
  made.swarm.limits.connections_max = made.swarm.limits.group_connections_max = 4096;
  made.swarm.limits.dials_max = 1024;
  return made;
}

struct Figures {
  std::vector<double> latencies;
  std::uint64_t wire_bytes = 0;
  std::uint64_t duplicates = 0;
  double mesh_peers = 0;
  double seconds = 0;  // from the beginning to the last receipt
};

// A process with some of the nodes.
class Part {
 public:
  Part(int first, int count) : first_(first) {
    for (int i = 0; i < count; ++i) nodes_.push_back(std::make_unique<Node>(*this, context_));
  }

  std::vector<std::string> addresses() const {
    std::vector<std::string> all;
    for (const auto& node : nodes_) all.push_back(node->address);
    return all;
  }
  void dial(const std::set<std::pair<int, int>>& edges, const std::vector<std::string>& all) {
    const int last = first_ + static_cast<int>(nodes_.size());
    for (const auto& [from, to] : edges) {
      if (from < first_ || from >= last) continue;
      Node& node = *nodes_[static_cast<std::size_t>(from - first_)];
      node.driver.dial(
          multiformats::Multiaddr::parse_text(all[static_cast<std::size_t>(to)]).value(),
          [](const Result<host::DialId>&) {});
      node.driver.turn();
    }
  }
  void run_until(Instant end) {
    context_.run_until(std::chrono::steady_clock::time_point(end.time_since_epoch()));
  }

  void publish_on_schedule(Instant begin, int parity) {
    for (int k = parity; k < kMessagesCount; k += 2) {
      run_until(begin + k * kPause);
      publish(*nodes_[static_cast<std::size_t>(k / 2) % nodes_.size()]);
    }
    run_until(begin + kMessagesCount * kPause + 1s);
  }
  // As fast as the only peer takes them.
  void publish_fast(int count) {
    Node& node = *nodes_.front();
    const multiformats::PeerId peer = node.host.swarm().peers().front();
    for (int i = 0; i < count; ++i) {
      publish(node);
      while (node.host.gossip_backlog_bytes(peer) > kBacklogBytesMax) context_.run_one();
      if (i % 16 == 0) context_.poll();
    }
    while (node.host.gossip_backlog_bytes(peer) > 0) context_.run_one();
    context_.run_for(1s);  // what is in the layers below
  }
  // Until `count` have come, or none has for a while.
  void receive(std::size_t count, Instant begin) {
    last_received_ = begin;
    while (figures_.latencies.size() < count && milliseconds_since(last_received_) < 5'000)
      context_.run_one_for(10ms);
    figures_.seconds = std::chrono::duration<double>(last_received_ - begin).count();
  }
  void forget() { figures_.latencies.clear(); }
  void mark() {
    wire_mark_ = received_bytes();
    duplicates_mark_ = duplicates();
    forget();
  }
  Figures figures() {
    figures_.wire_bytes = received_bytes() - wire_mark_;
    figures_.duplicates = duplicates() - duplicates_mark_;
    for (const auto& node : nodes_)
      figures_.mesh_peers += static_cast<double>(node->host.gossip()->mesh_peers(kTopic).size());
    return figures_;
  }

 private:
  struct Node {
    Node(Part& part, net::asio::io_context& context)
        : identity(keys::PrivateKey::generate()),
          host(options(), identity, crypto::random_seed(), MonotonicClock::now()),
          driver(context.get_executor(), host,
                 [&part](const host::Event& event) { part.on_event(event); }) {
      const auto bound =
          driver.listen(multiformats::Multiaddr::parse_text("/ip4/127.0.0.1/tcp/0").value())
              .value();
      host.set_listen_addresses(bound, MonotonicClock::now());
      static_cast<void>(host.subscribe(kTopic, MonotonicClock::now()).has_value());
      address = bound.front().text() + "/p2p/" + host.self().text();
      driver.turn();
    }
    keys::PrivateKey identity;
    host::Host host;
    std::string address;
    net::Driver driver;
  };

  void publish(Node& node) {
    Bytes message(kMessageBytes);
    crypto::fill_random(message);
    const auto now = static_cast<std::uint64_t>(MonotonicClock::now().time_since_epoch().count());
    store_big_endian(MutableByteView(message).first(sizeof now), now);
    static_cast<void>(node.host.publish(kTopic, message, MonotonicClock::now()).has_value());
    node.driver.turn();
  }
  void on_event(const host::Event& event) {
    const auto* gossip = std::get_if<gossipsub::Event>(&event);
    const auto* delivered = gossip ? std::get_if<gossipsub::Delivered>(gossip) : nullptr;
    if (!delivered) return;
    const Instant sent{Duration(load_big_endian<std::uint64_t>(delivered->data))};
    figures_.latencies.push_back(milliseconds_since(sent));
    last_received_ = MonotonicClock::now();
  }
  std::uint64_t received_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& node : nodes_) sum += node->host.swarm().counters().bytes_received;
    return sum;
  }
  std::uint64_t duplicates() const {
    std::uint64_t sum = 0;
    for (const auto& node : nodes_) sum += node->host.gossip()->counters().duplicates;
    return sum;
  }

  const int first_;
  net::asio::io_context context_{1};
  Figures figures_;
  Instant last_received_;
  std::uint64_t wire_mark_ = 0, duplicates_mark_ = 0;
  std::vector<std::unique_ptr<Node>> nodes_;
};

std::set<std::pair<int, int>> edges_of(int nodes, const std::string& degree) {
  std::set<std::pair<int, int>> edges;
  if (degree == "full") {
    for (int i = 0; i < nodes; ++i)
      for (int j = 0; j < i; ++j) edges.emplace(i, j);
    return edges;
  }
  Random random(12345);
  const auto below = [&](int bound) {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
  };
  for (int i = 1; i < nodes; ++i) edges.emplace(i, below(i));
  const auto wanted = static_cast<std::size_t>(nodes * *parse_decimal(degree) / 2);
  while (edges.size() < wanted) {
    const int a = below(nodes), b = below(nodes);
    if (a != b) edges.emplace(std::max(a, b), std::min(a, b));
  }
  return edges;
}

void run_part(Part& part, const Halves& halves, int nodes, const std::string& degree,
              bool is_rate) {
  part.dial(edges_of(nodes, degree), halves.all_addresses(part.addresses()));
  const Instant begin = halves.agree_on(kSettle);
  part.run_until(begin);
  part.mark();
  if (!is_rate) return part.publish_on_schedule(begin + 100ms, halves.is_child() ? 1 : 0);
  if (halves.is_child()) part.receive(kRateMessages, begin);
  else part.publish_fast(kRateMessages);
}

int run(int nodes, const std::string& degree, bool is_rate) {
  const Halves halves;
  Part part(halves.is_child() ? nodes / 2 : 0, nodes / 2);
  run_part(part, halves, nodes, degree, is_rate);
  Figures figures = part.figures();
  if (halves.is_child()) {
    halves.send_values({static_cast<double>(figures.wire_bytes),
                        static_cast<double>(figures.duplicates), figures.mesh_peers,
                        figures.seconds});
    halves.send_values(figures.latencies);
    halves.end_child();
  }
  const std::vector<double> theirs = halves.receive_values();
  for (const double latency : halves.receive_values()) figures.latencies.push_back(latency);
  halves.wait_for_child();
  const auto delivered = static_cast<double>(figures.latencies.size());
  json::object out{
      {"nodes", nodes}, {"degree", degree}, {"mesh", (figures.mesh_peers + theirs[2]) / nodes}};
  if (is_rate) {
    out["messages_per_second"] = delivered / theirs[3];
  } else {
    out["expected"] = kMessagesCount * (nodes - 1);
    out["duplicates_per_delivery"] =
        (static_cast<double>(figures.duplicates) + theirs[1]) / delivered;
    put_quantiles(out, "latency_ms", figures.latencies);
  }
  out["delivered"] = figures.latencies.size();
  out["wire_bytes_per_delivery"] =
      (static_cast<double>(figures.wire_bytes) + theirs[0]) / delivered;
  std::cout << json::serialize(out) << '\n';
  return 0;
}

}  // namespace
}  // namespace ghmesh::bench

int main(int count, char** values) {
  if (count != 4) return 2;
  ghmesh::log::set_level(ghmesh::log::Level::off);
  const auto nodes = ghmesh::parse_decimal(values[1]);
  return nodes ? ghmesh::bench::run(static_cast<int>(*nodes), values[2],
                                    std::string_view(values[3]) == "rate")
               : 2;
}
