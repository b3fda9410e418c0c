// SPDX-License-Identifier: Apache-2.0 OR MIT
// The commands of the contract. Those that take time answer when what they wait for has come.
#include "base/text.h"
#include "command.h"
#include "crypto/random.h"
#include "node.h"

namespace ghmesh::p2p_peer {
namespace {

using multiformats::Multiaddr;
using multiformats::PeerId;

constexpr Duration kPatience = 18s;
constexpr std::size_t kPatternBytes = 1024 * 1024;

Bytes random_bytes(std::size_t bytes_count) {
  Bytes bytes(bytes_count);
  crypto::fill_random(bytes);
  return bytes;
}

}  // namespace

void Node::carry_out(const json::object& command, Reply reply) {
  const std::string what = text_of(command, "do"), topic = text_of(command, "topic");
  const Instant now = MonotonicClock::now();
  const auto done = [&](const Result<void>& result) {
    reply(result ? json::object() : refusal(result.error()));
  };
  auto parsed = PeerId::parse_text(text_of(command, "peer"));
  const PeerId peer = parsed ? *parsed : PeerId();
  if (what == "dial") {
    dial(command, reply);
  } else if (what == "hang_up") {
    host_.disconnect(peer, now);
    reply({});
  } else if (what == "peers") {
    json::array peers;
    for (const PeerId& one : host_.swarm().peers()) peers.emplace_back(one.text());
    reply({{"peers", std::move(peers)}});
  } else if (what == "ping") {
    const std::int64_t count = number_of(command, "count", 1);
    ping(peer, count, count, reply);
  } else if (what == "identify") {
    identify(peer, reply);
  } else if (what == "push") {
    echo_protocols_.insert(text_of(command, "protocol"));
    host_.add_protocol(text_of(command, "protocol"), now);
    reply({});
  } else if (what == "echo") {
    echo(peer, command, reply);
  } else if (what == "transfer") {
    transfer(peer, number_of(command, "bytes", 0), reply);
  } else if (what == "greet") {
    greet(peer, number_of(command, "bytes", 0), reply);
  } else if (what == "reset") {
    reset(peer, text_of(command, "by"), reply);
  } else if (what == "raw") {
    raw(peer, command, reply);
  } else if (!host_.gossip()) {
    reply({{"error", "not understood here: " + what}});
  } else if (what == "subscribe") {
    done(host_.subscribe(topic, now));
  } else if (what == "unsubscribe") {
    host_.unsubscribe(topic, now);
    reply({});
  } else if (what == "publish") {
    std::string text = text_of(command, "text");
    const auto bytes_count = static_cast<std::size_t>(number_of(command, "bytes", 0));
    if (text.size() < bytes_count) text.resize(bytes_count, '.');
    auto published = host_.publish(topic, as_bytes(text), now);
    reply(published ? json::object() : refusal(published.error()));
  } else if (what == "gossip") {
    reply(gossip(topic));
  } else {
    reply({{"error", "not understood: " + what}});
  }
  driver_.turn();
}

void Node::dial(const json::object& command, Reply reply) {
  auto address = Multiaddr::parse_text(text_of(command, "address"));
  if (!address) return reply(refusal(address.error()));
  driver_.dial(*address, [this, reply](Result<host::DialId> begun) {
    if (!begun) return reply(refusal(begun.error()));
    const std::string what = "dial " + std::to_string(*begun);
    waiting_.emplace(what, Waiting{what, reply, MonotonicClock::now() + kPatience});
  });
}

void Node::ping(const PeerId& peer, std::int64_t left, std::int64_t count, Reply reply) {
  const Instant now = MonotonicClock::now();
  auto sent = host_.ping(peer, now);
  if (!sent) return reply(refusal(sent.error()));
  const auto next = [this, peer, left, count, reply](const json::object& answer) {
    if (answer.contains("error")) return reply(answer);
    if (left <= 1) return reply({{"count", count}});
    ping(peer, left - 1, count, reply);
  };
  const std::string what = "ping " + peer.text();
  waiting_.emplace(what, Waiting{what, next, now + kPatience});
}

void Node::identify(const PeerId& peer, Reply reply) {
  if (const identify::PeerInfo* info = host_.info_of(peer)) return reply(describe(*info));
  const std::string what = "identify " + peer.text();
  waiting_.emplace(what, Waiting{what, std::move(reply), MonotonicClock::now() + kPatience});
}

Client* Node::open(const PeerId& peer, const std::string& protocol, Bytes pattern,
                   std::uint64_t total, Stream::OnEnd on_end, const Reply& reply) {
  const Instant now = MonotonicClock::now();
  auto ref = host_.open_stream(peer, protocol, now);
  if (!ref) {
    reply(refusal(ref.error()));
    return nullptr;
  }
  auto client =
      std::make_unique<Client>(host_.swarm(), *ref, std::move(on_end), std::move(pattern), total);
  Client* raw = client.get();
  streams_[*ref] = std::move(client);
  raw->start(now);
  return raw;
}

void Node::echo(const PeerId& peer, const json::object& command, Reply reply) {
  struct Progress {
    std::int64_t left;
    bool is_answered = false;
  };
  const std::int64_t streams_count = number_of(command, "parallel", 1);
  const auto bytes_count = static_cast<std::size_t>(number_of(command, "bytes", 0));
  std::string protocol = text_of(command, "protocol");
  if (protocol.empty()) protocol = kEchoProtocol;
  auto progress = std::make_shared<Progress>(Progress{.left = streams_count});
  const auto answer_once = [progress, reply](const json::object& answer) {
    if (!std::exchange(progress->is_answered, true)) reply(answer);
  };
  std::vector<Client*> clients;
  for (std::int64_t i = 0; i < streams_count; ++i) {
    const Bytes bytes = random_bytes(bytes_count);
    const auto ended = [=](const Ending& ending) {
      if (ending.how != "closed") return answer_once({{"error", "the stream was " + ending.how}});
      if (ending.received != bytes)
        return answer_once({{"error", "the echo is not what was said"}});
      if (--progress->left == 0) answer_once({{"streams", streams_count}, {"bytes", bytes_count}});
    };
    Client* client = open(peer, protocol, bytes, bytes_count, ended, answer_once);
    if (!client) return;
    clients.push_back(client);
  }
  for (Client* client : clients) client->half_close(MonotonicClock::now());
}

void Node::transfer(const PeerId& peer, std::int64_t bytes, Reply reply) {
  const Instant begun = MonotonicClock::now();
  auto client = std::make_shared<Client*>(nullptr);
  const auto ended = [=](const Ending& ending) {
    if (ending.how != "closed") return reply({{"error", "the stream was " + ending.how}});
    Reader reader(ending.received);
    const auto count = reader.take_big_endian<std::uint64_t>();
    const std::string sent = hex((*client)->sent_digest());
    if (!count || *count != static_cast<std::uint64_t>(bytes) || hex(reader.rest()) != sent)
      return reply({{"error", "the sink has counted something else"}});
    const auto spent =
        std::chrono::duration_cast<std::chrono::milliseconds>(MonotonicClock::now() - begun);
    reply({{"bytes", bytes}, {"sha256", sent}, {"milliseconds", spent.count()}});
  };
  *client = open(peer, std::string(kSinkProtocol), random_bytes(kPatternBytes),
                 static_cast<std::uint64_t>(bytes), ended, reply);
  if (*client) (*client)->half_close(begun);
}

void Node::greet(const PeerId& peer, std::int64_t bytes, Reply reply) {
  const auto ended = [=](const Ending& ending) {
    if (ending.how != "closed") return reply({{"error", "the stream was " + ending.how}});
    reply({{"greeting", as_text(ending.received)}, {"bytes", bytes}});
  };
  Client* client =
      open(peer, std::string(kGreetProtocol), random_bytes(kPatternBytes), 0, ended, reply);
  // What is sent follows the handler's half-close, and shows that only one half is closed.
  if (client) client->write_after_finish(static_cast<std::uint64_t>(bytes));
}

void Node::reset(const PeerId& peer, const std::string& by, Reply reply) {
  const bool is_ours = by != "handler";
  const auto ended = [=](const Ending& ending) { reply({{"seen", ending.how}}); };
  Client* client = open(peer, std::string(kResetProtocol),
                        copy_bytes(as_bytes(is_ours ? "o" : "h")), 1, ended, reply);
  if (client && is_ours) client->reset_after_first_byte();
}

void Node::raw(const PeerId& peer, const json::object& command, Reply reply) {
  const auto bytes = parse_hex(text_of(command, "hex"));
  if (!bytes) return reply({{"error", "hex is not hexadecimal"}});
  const std::size_t bytes_count = bytes->size();
  const auto ignore = [](const Ending&) {};
  Client* client = open(peer, text_of(command, "protocol"), bytes->empty() ? Bytes(1) : *bytes,
                        bytes_count, ignore, reply);
  if (client) reply({});
}

json::object Node::gossip(const std::string& topic) {
  const auto texts = [](const std::vector<PeerId>& peers) {
    json::array all;
    for (const PeerId& peer : peers) all.emplace_back(peer.text());
    return all;
  };
  json::array versions;
  for (const PeerId& peer : host_.swarm().peers())
    if (const std::string protocol = host_.gossip_protocol(peer); !protocol.empty())
      versions.emplace_back(peer.text() + " " + protocol);
  return {{"mesh", texts(host_.gossip()->mesh_peers(topic))},
          {"subscribers", texts(host_.gossip()->subscribers(topic))},
          {"versions", std::move(versions)}};
}

}  // namespace ghmesh::p2p_peer
