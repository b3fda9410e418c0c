// SPDX-License-Identifier: Apache-2.0 OR MIT
// p2p_mesh NODES latency|rate: NODES members of one swarm, half of them in each of two processes on two cores:
// admission, seals, gossip and ledgers, as a daemon has them. Run it where the repository begins. Prints one JSON
// object. bench_gossip.mjs sends messages of the same plain size with js-libp2p.
//
//   latency  200 answers of 1,178 bytes, 25 ms apart, told by everybody in turn: from tell() until another member's
//            ledger would serve it; and bytes on all wires
//   rate     one tells as fast as the other, in the other process, believes it: statements a second, CPU of each
#include <time.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "base/log.h"
#include "base/text.h"
#include "crypto/random.h"
#include "halves.h"
#include "measure.h"
#include "mesh/member/member.h"
#include "net/p2p/driver.h"

namespace ghmesh::bench {
namespace {

namespace json = boost::json;
namespace asio = net::asio;

constexpr int kMessagesCount = 200;
constexpr Duration kPause = 25ms;
// Five heartbeats, so that gossip's meshes stand; and for every member the time to be let in by all others, on a busy
// machine.
constexpr Duration kSettle = 4500ms;
constexpr Duration kSettleEach = 300ms;
constexpr Duration kTick = 5ms;
// What a member believes of one other at once; 256 a second after that.
constexpr int kRateMessages = 4'000;
constexpr std::size_t kBacklogBytesMax = 512 * 1024;
constexpr int kWindow = 64;  // messages that may be under way to one member

Duration cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// For how long this thread was ready and had no core: what a latency owes to the neighbours.
Duration core_wait() {
  std::ifstream file("/proc/thread-self/schedstat");
  std::int64_t run_ns = 0, wait_ns = 0;
  file >> run_ns >> wait_ns;
  return Duration(wait_ns);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What api.github.com sends beside a body, as far as members tell it.
const http::Headers kHeaders{
    {"cache-control", "private, max-age=60, s-maxage=60"},
    {"content-type", "application/json; charset=utf-8"},
    {"last-modified", "Fri, 30 Jan 2026 09:02:17 GMT"},
    {"vary",
     "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With"},
    {"x-github-api-version-selected", "2022-11-28"},
    {"x-github-media-type", "github.v3; format=json"},
};

// Of message `k`. Names are MACs: what packs them cannot know that these are not.
mesh::KeyAndTag subject_of(int k) {
  const crypto::Digest digest = crypto::sha256(as_bytes("key " + std::to_string(k)));
  mesh::KeyAndTag subject{.key = {}, .tag = {}};
  std::ranges::copy(ByteView(digest).first(subject.key.size()), subject.key.begin());
  std::ranges::copy(ByteView(digest).last(subject.tag.size()), subject.tag.begin());
  return subject;
}

class Documents {
 public:
  Documents() {
    for (const std::string name : {"issue_comment", "user", "tags"})
      bodies_.push_back(http::make_body(read_file("src/mesh/wire/data/" + name + ".json")));
  }
  mesh::Fetched statement(int k, WallTime now) const {
    const http::Body& body = bodies_[static_cast<std::size_t>(k) % bodies_.size()];
    const mesh::KeyAndTag subject = subject_of(k);
    mesh::Fetched said{.key = subject.key, .tag = subject.tag, .headers = {}};
    said.headers = mesh::gossiped_headers(kHeaders);
    said.upstream_date = now;
    said.ttl = Seconds(60);
    said.body_digest = crypto::sha256(as_bytes(*body));
    said.body_bytes = body->size();
    said.body = body;
    return said;
  }

 private:
  std::vector<http::Body> bodies_;
};

struct Figures {
  std::vector<double> deliveries;  // which message, and when in ms: in turn
  double wire_bytes = 0, duplicates = 0, members = 0, message_bytes = 0, cpu_us = 0,
         waited_share = 0;
};

// A process with some of the members.
class Part {
 public:
  Part(int count, const mesh::SwarmSecret& secret)
      : keyring_(secret, read_clocks().wall), timer_(context_) {
    for (int k = 0; k < std::max(kMessagesCount, kRateMessages); ++k)
      subjects_.push_back(subject_of(k));
    for (int i = 0; i < count; ++i) nodes_.push_back(std::make_unique<Node>(*this));
    net::spawn(context_.get_executor(), "bench_time", keep_time());
  }

  std::vector<std::string> addresses() const {
    std::vector<std::string> all;
    for (const auto& node : nodes_) all.push_back(node->address);
    return all;
  }
  // All are told of one, and find the others by themselves.
  void introduce(const std::string& address) {
    for (const auto& node : nodes_) {
      if (node->address == address) continue;
      node->member.roster().add_static(multiformats::Multiaddr::parse_text(address).value(),
                                       MonotonicClock::now());
      node->member.tick(read_clocks());
      node->driver.turn();
    }
  }
  void run_until(Instant end) {
    context_.run_until(std::chrono::steady_clock::time_point(end.time_since_epoch()));
  }
  void mark() {
    wire_mark_ = received_bytes();
    duplicates_mark_ = duplicates();
    cpu_mark_ = cpu_time();
    wait_mark_ = core_wait();
    marked_at_ = MonotonicClock::now();
    for (const auto& node : nodes_)
      figures_.members += static_cast<double>(node->member.members().size());
  }

  // When each of them was told, by its number.
  std::vector<double> tell_on_schedule(Instant begin, int parity) {
    std::vector<double> told;
    for (int k = parity; k < kMessagesCount; k += 2) {
      run_until(begin + k * kPause);
      told.push_back(k);
      told.push_back(milliseconds(MonotonicClock::now()));
      tell(*nodes_[static_cast<std::size_t>(k / 2) % nodes_.size()], k);
    }
    run_until(begin + kMessagesCount * kPause + 1s);
    return told;
  }
  // As fast as the only other takes them.
  void tell_fast(int count) {
    Node& node = *nodes_.front();
    const multiformats::PeerId peer = node.host.swarm().peers().front();
    for (int k = 0; k < count; ++k) {
      tell(node, k);
      while (node.host.gossip_backlog_bytes(peer) > kBacklogBytesMax) context_.run_one();
      if (k % 16 == 0) context_.poll();
    }
    while (node.host.gossip_backlog_bytes(peer) > 0) context_.run_one();
    figures_.cpu_us = cpu_us();
    context_.run_for(2s);  // what is in the layers below
  }
  // Until `count` are believed, or none has come for a while.
  void hear(std::size_t count, Instant begin) {
    last_heard_ = begin;
    while (figures_.deliveries.size() < 2 * count &&
           MonotonicClock::now() - last_heard_ < Duration(5s))
      context_.run_one_for(10ms);
    figures_.cpu_us = cpu_us();
  }
  Instant last_heard() const { return last_heard_; }

  Figures figures() {
    figures_.wire_bytes = static_cast<double>(received_bytes() - wire_mark_);
    figures_.duplicates = static_cast<double>(duplicates() - duplicates_mark_);
    figures_.waited_share = std::chrono::duration<double>(core_wait() - wait_mark_) /
                            std::chrono::duration<double>(MonotonicClock::now() - marked_at_);
    return figures_;
  }
  static double milliseconds(Instant when) {
    return std::chrono::duration<double, std::milli>(when.time_since_epoch()).count();
  }

 private:
  struct Node {
    explicit Node(Part& part)
        : identity(keys::PrivateKey::generate()),
          ledger(multiformats::PeerId::of_public_key(identity.public_key().serialized()), {}),
          host(mesh::Member::host_options(part.keyring_, read_clocks().wall, base_options()),
               identity, crypto::random_seed(), MonotonicClock::now()),
          member(host, ledger, part.keyring_, crypto::random_seed(), read_clocks()),
          driver(part.context_.get_executor(), host,
                 [this, &part](const host::Event& event) { part.on_event(*this, event); }) {
      const auto bound =
          driver.listen(multiformats::Multiaddr::parse_text("/ip4/127.0.0.1/tcp/0").value())
              .value();
      host.set_listen_addresses(bound, MonotonicClock::now());
      member.set_addresses(bound, read_clocks());
      address = bound.front().text() + "/p2p/" + host.self().text();
      is_served.resize(part.subjects_.size());
      driver.turn();
    }
    static host::Options base_options() {
      host::Options options;
      options.started_at = read_clocks().wall;
      return options;
    }
    keys::PrivateKey identity;
    mesh::Ledger ledger;
    host::Host host;
    mesh::Member member;
    net::Driver driver;
    std::string address;
    int first_unserved = 0;
    std::vector<bool> is_served;
  };

  void tell(Node& node, int k) {
    const Now now = read_clocks();
    node.is_served[static_cast<std::size_t>(k)] = true;  // its own
    if (!node.member.tell(documents_.statement(k, now.wall), now))
      throw std::runtime_error("not told");
    settle(node);
  }
  void settle(Node& node) {
    node.driver.turn();
    while (node.member.next_event()) {
    }
  }
  void on_event(Node& node, const host::Event& event) {
    node.member.handle(event, read_clocks());
    const auto* gossip = std::get_if<gossipsub::Event>(&event);
    const auto* message = gossip ? std::get_if<gossipsub::Delivered>(gossip) : nullptr;
    if (!message) return;
    while (node.member.next_event()) {
    }
    note_served(node, message->rpc->size());
  }
  // Which of those that may be under way the ledger would serve now.
  void note_served(Node& node, std::size_t message_bytes) {
    const WallTime wall = read_clocks().wall;
    const int count = static_cast<int>(node.is_served.size());
    int& first = node.first_unserved;
    while (first < count && node.is_served[static_cast<std::size_t>(first)]) ++first;
    for (int k = first; k < std::min(first + kWindow, count); ++k) {
      if (node.is_served[static_cast<std::size_t>(k)]) continue;
      const mesh::Statement* said =
          node.ledger.servable(subjects_[static_cast<std::size_t>(k)], wall);
      if (!said) continue;
      last_heard_ = MonotonicClock::now();
      node.is_served[static_cast<std::size_t>(k)] = true;
      figures_.deliveries.insert(figures_.deliveries.end(),
                                 {static_cast<double>(k), milliseconds(last_heard_)});
      figures_.message_bytes += static_cast<double>(message_bytes);
      return;
    }
  }
  net::awaitable<void> keep_time() {
    for (;;) {
      timer_.expires_after(kTick);
      co_await timer_.async_wait(boost::asio::use_awaitable);
      for (const auto& node : nodes_) {
        const Now now = read_clocks();
        if (node->member.next_deadline() > now.instant) continue;
        node->member.tick(now);
        settle(*node);
      }
    }
  }
  double cpu_us() const {
    return std::chrono::duration<double, std::micro>(cpu_time() - cpu_mark_).count();
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

  const Documents documents_;
  std::vector<mesh::KeyAndTag> subjects_;  // of the messages
  asio::io_context context_{1};
  mesh::Keyring keyring_;
  Figures figures_;
  Instant last_heard_{};
  std::uint64_t wire_mark_ = 0, duplicates_mark_ = 0;
  Duration cpu_mark_{}, wait_mark_{};
  Instant marked_at_{};
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

json::object latencies_of(const std::vector<double>& deliveries, const std::vector<double>& told) {
  std::vector<double> told_at(kMessagesCount);
  for (std::size_t i = 0; i + 1 < told.size(); i += 2)
    told_at[static_cast<std::size_t>(told[i])] = told[i + 1];
  std::vector<double> latencies;
  for (std::size_t i = 0; i + 1 < deliveries.size(); i += 2)
    latencies.push_back(deliveries[i + 1] - told_at[static_cast<std::size_t>(deliveries[i])]);
  json::object out;
  put_quantiles(out, "latency_ms", latencies);
  return out;
}

int run(int nodes, bool is_rate) {
  const mesh::SwarmSecret secret = mesh::SwarmSecret::generate();
  const Halves halves;
  Part part(nodes / 2, secret);
  part.introduce(halves.all_addresses(part.addresses()).front());
  const Instant begin = halves.agree_on(kSettle + nodes * kSettleEach);
  part.run_until(begin);
  part.mark();
  std::vector<double> told;
  if (!is_rate) told = part.tell_on_schedule(begin + 100ms, halves.is_child() ? 1 : 0);
  else if (halves.is_child()) part.hear(kRateMessages, begin);
  else part.tell_fast(kRateMessages);

  Figures figures = part.figures();
  const double seconds = std::chrono::duration<double>(part.last_heard() - begin).count();
  if (halves.is_child()) {
    halves.send_values({figures.wire_bytes, figures.duplicates, figures.members,
                        figures.message_bytes, figures.cpu_us, seconds, figures.waited_share});
    halves.send_values(told);
    halves.send_values(figures.deliveries);
    halves.end_child();
  }
  const std::vector<double> theirs = halves.receive_values();
  for (const double value : halves.receive_values()) told.push_back(value);
  for (const double value : halves.receive_values()) figures.deliveries.push_back(value);
  halves.wait_for_child();
  const auto delivered = static_cast<double>(figures.deliveries.size() / 2);
  json::object out;
  if (is_rate) {
    out["statements_per_second"] = delivered / theirs[5];
    out["tell_cpu_us"] = figures.cpu_us / kRateMessages;
    out["hear_cpu_us"] = theirs[4] / delivered;
  } else {
    out = latencies_of(figures.deliveries, told);
  }
  out["nodes"] = nodes;
  out["members"] = (figures.members + theirs[2]) / nodes;  // that each is connected to
  out["expected"] = is_rate ? kRateMessages : kMessagesCount * (nodes - 1);
  out["delivered"] = delivered;
  out["message_bytes"] = (figures.message_bytes + theirs[3]) / delivered;
  out["waited_share"] = (figures.waited_share + theirs[6]) / 2;
  out["duplicates_per_delivery"] = (figures.duplicates + theirs[1]) / delivered;
  out["wire_bytes_per_delivery"] = (figures.wire_bytes + theirs[0]) / delivered;
  std::cout << json::serialize(out) << '\n';
  return 0;
}

}  // namespace
}  // namespace ghmesh::bench

int main(int count, char** values) {
  if (count != 3) return 2;
  ghmesh::log::set_level(ghmesh::log::Level::off);
  const auto nodes = ghmesh::parse_decimal(values[1]);
  return nodes ? ghmesh::bench::run(static_cast<int>(*nodes), std::string_view(values[2]) == "rate")
               : 2;
}
