// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/legacy/legacy_node.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/log.h"
#include "crypto/random.h"
#include "libp2p/host/host.h"
#include "libp2p/keys/private_key.h"
#include "mesh/legacy/message.h"
#include "net/p2p/driver.h"

namespace ghmesh::node {
namespace {

namespace asio = net::asio;
using multiformats::Multiaddr;
using multiformats::PeerId;
using swarm::StreamRef;

// Peers that went away are dialed again, and streams that take too long are ended.
constexpr Duration kLookInterval = 1s;
constexpr Duration kRedialInterval = 10s;

host::Options host_options() {
  host::Options options;
  options.started_at = read_clocks().wall;
  options.version = "legacy";
  options.protocols = {std::string(mesh::kLegacyProtocol)};
  options.swarm.connection.yamux.inbound_streams_max = kLegacyStreamsMax;
  return options;
}

}  // namespace

struct LegacyNode::State {
  // One message, on its way in or out.
  struct Stream {
    bool is_ours = false;
    bool is_read = false;  // the answer is on its way
    std::string in;
    std::string out;  // what is still to be written
    Instant deadline{};
  };

  State(LegacyOptions given, OnEntry callback)
      : options(std::move(given)),
        on_entry(std::move(callback)),
        key(mesh::legacy_key_of(options.secret)),
        identity(keys::PrivateKey::generate()),
        host(host_options(), identity, crypto::random_seed(), MonotonicClock::now()),
        timer(context),
        driver(context.get_executor(), host, [this](const host::Event& event) { handle(event); }),
        work(context.get_executor()) {}

  void listen();
  void look();
  void dial_peers();
  void handle(const host::Event& event);
  void handle_stream(const host::StreamEvent& event);
  void drive(StreamRef at);
  void take(Stream& stream, StreamRef at);
  void drop(StreamRef at);
  void send(const std::string& token);

  const LegacyOptions options;
  const OnEntry on_entry;
  const crypto::Secret key;
  const keys::PrivateKey identity;
  asio::io_context context;
  host::Host host;
  std::map<StreamRef, Stream> streams;
  std::set<PeerId> peers;
  std::vector<std::string> addresses;
  Instant next_dial{};
  std::atomic<std::uint64_t> sent{0}, answered{0}, received{0}, refused{0}, too_large{0},
      streams_refused{0};
  std::atomic<std::size_t> peers_count{0};
  asio::steady_timer timer;
  net::Driver driver;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::atomic<bool> is_stopped{false};
  std::thread thread;
};

void LegacyNode::State::listen() {
  std::vector<Multiaddr> bound;
  for (const std::string& text : options.listen) {
    const auto address = Multiaddr::parse_text(text);
    auto listening =
        address ? driver.listen(*address) : Result<std::vector<Multiaddr>>(Errc::malformed);
    if (!listening)
      throw std::runtime_error("cannot listen on " + text + ": " + listening.error().message());
    bound.insert(bound.end(), listening->begin(), listening->end());
  }
  for (const Multiaddr& address : bound)
    addresses.push_back(address.text() + "/p2p/" + host.self().text());
  host.set_listen_addresses(bound, MonotonicClock::now());
  driver.turn();
}

void LegacyNode::State::look() {
  const Instant now = MonotonicClock::now();
  std::vector<StreamRef> late;
  for (const auto& [at, stream] : streams)
    if (stream.deadline <= now) late.push_back(at);
  for (const StreamRef at : late) drop(at);
  if (now >= next_dial) dial_peers();
  driver.turn();
  timer.expires_after(kLookInterval);
  timer.async_wait([this](boost::system::error_code ended) {
    if (!ended) look();
  });
}

void LegacyNode::State::dial_peers() {
  next_dial = MonotonicClock::now() + kRedialInterval;
  if (peers.size() >= options.peers.size() && !peers.empty()) return;
  for (const std::string& text : options.peers)
    if (const auto address = Multiaddr::parse_text(text))
      driver.dial(*address, [](Result<host::DialId>) {});
}

void LegacyNode::State::handle(const host::Event& event) {
  if (const auto* connected = std::get_if<host::Connected>(&event)) {
    if (peers.size() >= kLegacyPeersMax && !peers.contains(connected->peer))
      return host.disconnect(connected->peer, MonotonicClock::now());
    peers.insert(connected->peer);
  } else if (const auto* gone = std::get_if<host::Disconnected>(&event)) {
    std::erase_if(streams,
                  [&](const auto& each) { return each.first.connection == gone->connection; });
    if (gone->is_last) peers.erase(gone->peer);
  } else if (const auto* stream = std::get_if<host::StreamEvent>(&event)) {
    handle_stream(*stream);
  }
  peers_count = peers.size();
}

void LegacyNode::State::handle_stream(const host::StreamEvent& event) {
  using Kind = swarm::Event::Kind;
  switch (event.kind) {
    case Kind::opened:
      if (streams.size() >= kLegacyStreamsMax * kLegacyPeersMax) {
        ++streams_refused;
        return host.swarm().reset(event.stream, MonotonicClock::now());
      }
      streams.emplace(event.stream,
                      Stream{.deadline = MonotonicClock::now() + kLegacyStreamTimeMax});
      return drive(event.stream);
    case Kind::refused:
    case Kind::reset: streams.erase(event.stream); return;
    default: return drive(event.stream);
  }
}

void LegacyNode::State::drive(StreamRef at) {
  const auto found = streams.find(at);
  if (found == streams.end()) return;
  Stream& stream = found->second;
  swarm::Swarm& swarm = host.swarm();
  const Instant now = MonotonicClock::now();
  for (ByteView readable = swarm.readable(at); !readable.empty(); readable = swarm.readable(at)) {
    stream.in += as_text(readable);
    swarm.consume(at, readable.size(), now);
    if (stream.in.size() <= mesh::kLegacyReadBytesMax) continue;
    ++too_large;
    return drop(at);
  }
  if (swarm.is_at_end(at) && !stream.is_read) take(stream, at);
  if (!streams.contains(at)) return;
  while (!stream.out.empty()) {
    const auto written = swarm.write(at, as_bytes(stream.out), now);
    if (!written) return drop(at);
    if (*written == 0) return;  // writable comes
    stream.out.erase(0, *written);
    if (stream.out.empty()) swarm.finish(at, now);  // the predecessor reads to the end
  }
  if (stream.is_read && stream.out.empty()) streams.erase(at);
}

// All that the peer sends has come.
void LegacyNode::State::take(Stream& stream, StreamRef at) {
  stream.is_read = true;
  if (stream.is_ours) {
    answered += stream.in == mesh::kLegacyAnswer;
    return;
  }
  const auto entry = mesh::read_legacy_message(key, stream.in, read_clocks().wall);
  if (!entry) {
    ++refused;
    return drop(at);
  }
  ++received;
  static_cast<void>(on_entry(*entry));
  stream.in.clear();
  stream.out = mesh::kLegacyAnswer;
}

void LegacyNode::State::drop(StreamRef at) {
  streams.erase(at);
  host.swarm().reset(at, MonotonicClock::now());
}

void LegacyNode::State::send(const std::string& token) {
  const Instant now = MonotonicClock::now();
  for (const PeerId& peer : peers) {
    auto opened = host.open_stream(peer, std::string(mesh::kLegacyProtocol), now);
    if (!opened) continue;
    ++sent;
    streams.emplace(*opened,
                    Stream{.is_ours = true, .out = token, .deadline = now + kLegacyStreamTimeMax});
    drive(*opened);
  }
  driver.turn();
}

LegacyNode::LegacyNode(LegacyOptions options, OnEntry on_entry)
    : state_(std::make_unique<State>(std::move(options), std::move(on_entry))) {
  state_->listen();
  asio::post(state_->context, [state = state_.get()] { state->look(); });
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
}

LegacyNode::~LegacyNode() { stop(); }

std::vector<std::string> LegacyNode::addresses() const { return state_->addresses; }

void LegacyNode::send(const Key& key, const Value& value) {
  crypto::FernetIv iv;
  crypto::fill_random(iv);
  auto token = mesh::write_legacy_message(state_->key, key, value, read_clocks().wall, iv);
  if (!token) {
    ++state_->too_large;
    return;
  }
  asio::post(state_->context,
             [state = state_.get(), token = *std::move(token)] { state->send(token); });
}

LegacyCounters LegacyNode::counters() const {
  return {.sent = state_->sent,
          .answered = state_->answered,
          .received = state_->received,
          .refused = state_->refused,
          .too_large = state_->too_large,
          .streams_refused = state_->streams_refused};
}

std::size_t LegacyNode::peers_count() const { return state_->peers_count; }

void LegacyNode::stop() {
  if (state_->is_stopped.exchange(true)) return;
  asio::post(state_->context, [state = state_.get()] {
    state->timer.cancel();
    state->driver.stop();
    state->work.reset();
    state->context.stop();
  });
  state_->thread.join();
}

}  // namespace ghmesh::node
