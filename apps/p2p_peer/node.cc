// SPDX-License-Identifier: Apache-2.0 OR MIT
// What happens to a node, and what it serves. The commands stand in commands.cc.
#include "node.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.h"
#include "command.h"
#include "crypto/random.h"

namespace ghmesh::p2p_peer {
namespace {

constexpr std::size_t kStreamsMax = 1024;  // as many as the scenes open at once, and more

keys::PrivateKey identity_of(const json::object& start) {
  const auto seed = parse_hex(text_of(start, "seed"));
  return seed && seed->size() == crypto::kEd25519SeedBytes
             ? keys::PrivateKey::of_seed(crypto::Secret(*seed))
             : keys::PrivateKey::generate();
}

host::Options options_of(const json::object& start) {
  host::Options options;
  options.started_at = read_clocks().wall;
  options.swarm.connection.inlines_muxer = flag_of(start, "inline_muxers", true);
  options.swarm.connection.yamux.inbound_streams_max = kStreamsMax;
  for (const std::string_view protocol :
       {kEchoProtocol, kSinkProtocol, kGreetProtocol, kResetProtocol})
    options.protocols.emplace_back(protocol);
  const std::string gossip = text_of(start, "gossipsub");
  if (gossip.empty()) return options;
  options.gossip_newest =
      gossip == "1.1" ? gossipsub::Version::meshsub_1_1 : gossipsub::Version::meshsub_1_2;
  options.gossip.emplace();
  // A router must know its topics beforehand.
  for (int i = 0; i < kTopicsCount; ++i)
    options.gossip->topics["ghmesh-interop-" + std::to_string(i)];
  return options;
}

}  // namespace

Node::Node(net::asio::any_io_executor executor, const json::object& start, Emit emit)
    : executor_(executor),
      emit_(std::move(emit)),
      identity_(identity_of(start)),
      host_(options_of(start), identity_, crypto::random_seed(), MonotonicClock::now()),
      echo_protocols_{std::string(kEchoProtocol)},
      timer_(executor),
      driver_(executor, host_, [this](const host::Event& event) { on_event(event); }) {
  net::spawn(executor_, "expire", expire_loop());
}

json::object Node::start(const json::object& command) {
  const std::string listen = text_of(command, "listen");
  auto address =
      multiformats::Multiaddr::parse_text(listen.empty() ? "/ip4/127.0.0.1/tcp/0" : listen);
  if (!address) return refusal(address.error());
  auto bound = driver_.listen(*address);
  if (!bound) return refusal(bound.error());
  host_.set_listen_addresses(*bound, MonotonicClock::now());
  driver_.turn();
  const std::string id = host_.self().text();
  return {{"peer", id}, {"address", bound->front().text() + "/p2p/" + id}, {"agent", "ghmesh/dev"}};
}

void Node::on_event(const host::Event& event) {
  std::visit([this](const auto& one) { on(one); }, event);
}

void Node::on(const host::Connected& event) {
  const swarm::Connection* connection = host_.swarm().find(event.connection);
  const bool is_out = connection && connection->role() == connection::Role::dialer;
  emit_({{"event", "connected"},
         {"peer", event.peer.text()},
         {"direction", is_out ? "out" : "in"},
         {"inlined", connection && connection->has_inlined_muxer()}});
  if (event.dial != 0) settle("dial " + std::to_string(event.dial), {{"peer", event.peer.text()}});
}

void Node::on(const host::Disconnected& event) {
  std::erase_if(streams_,
                [&](const auto& entry) { return entry.first.connection == event.connection; });
  if (!event.is_last) return;
  emit_({{"event", "disconnected"}, {"peer", event.peer.text()}});
}

void Node::on(const host::DialFailed& event) {
  settle("dial " + std::to_string(event.dial), refusal(event.reason));
}

void Node::on(const host::Identified& event) {
  emit_({{"event", "identified"},
         {"peer", event.peer.text()},
         {"protocols", json::array(event.info.protocols.begin(), event.info.protocols.end())}});
  settle("identify " + event.peer.text(), describe(event.info));
}

void Node::on(const host::Ponged& event) { settle("ping " + event.peer.text(), {}); }

void Node::on(const host::PingFailed& event) {
  settle("ping " + event.peer.text(), refusal(event.reason));
}

void Node::on(const gossipsub::Event& event) {
  if (const auto* delivered = std::get_if<gossipsub::Delivered>(&event))
    emit_({{"event", "message"},
           {"topic", delivered->topic},
           {"from", delivered->author.text()},
           {"sha256", hex(crypto::sha256(delivered->data))},
           {"bytes", delivered->data.size()}});
  const auto* changed = std::get_if<gossipsub::SubscriptionChanged>(&event);
  if (changed && changed->is_subscribed)
    emit_({{"event", "subscribed"}, {"peer", changed->peer.text()}, {"topic", changed->topic}});
}

void Node::on(const host::StreamEvent& event) {
  if (event.kind == swarm::Event::Kind::opened) serve(event);
  const auto found = streams_.find(event.stream);
  if (found == streams_.end()) return;
  Stream& stream = *found->second;
  stream.handle(event.kind, MonotonicClock::now());
  if (stream.is_done()) streams_.erase(event.stream);
}

void Node::serve(const host::StreamEvent& event) {
  const std::string peer = event.peer.text(), protocol = event.protocol;
  const auto tell = [this, peer, protocol](const Ending& ending) {
    emit_({{"event", "stream_ended"},
           {"peer", peer},
           {"protocol", protocol},
           {"how", ending.how},
           {"bytes", ending.received_bytes},
           {"sha256", hex(ending.digest)}});
  };
  auto& swarm = host_.swarm();
  auto& stream = streams_[event.stream];
  if (protocol == kSinkProtocol) stream = std::make_unique<SinkServer>(swarm, event.stream, tell);
  else if (protocol == kResetProtocol)
    stream = std::make_unique<ResetServer>(swarm, event.stream, tell);
  else if (protocol == kGreetProtocol) {
    auto greeter = std::make_unique<GreetServer>(swarm, event.stream, tell);
    greeter->greet(MonotonicClock::now());
    stream = std::move(greeter);
  } else {
    const auto quietly = [](const Ending&) {};
    stream = std::make_unique<EchoServer>(swarm, event.stream, quietly);
  }
}

void Node::settle(const std::string& what, const json::object& answer) {
  // The first who asked; an answer may bring the next question, so it is taken out before.
  const auto [first, last] = waiting_.equal_range(what);
  std::vector<Waiting> settled;
  for (auto each = first; each != last; ++each) settled.push_back(std::move(each->second));
  waiting_.erase(first, last);
  for (const Waiting& waiting : settled) waiting.reply(answer);
}

net::awaitable<void> Node::expire_loop() {
  constexpr auto kAsTuple = net::asio::as_tuple(net::asio::use_awaitable);
  for (;;) {
    timer_.expires_after(1s);
    auto [error] = co_await timer_.async_wait(kAsTuple);
    if (error) co_return;
    const Instant now = MonotonicClock::now();
    std::vector<Waiting> expired;
    std::erase_if(waiting_, [&](auto& entry) {
      if (entry.second.deadline > now) return false;
      expired.push_back(std::move(entry.second));
      return true;
    });
    for (const Waiting& waiting : expired) waiting.reply({{"error", "timed out: " + waiting.what}});
  }
}

}  // namespace ghmesh::p2p_peer
