// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh p2p pub` and `sub`: one topic, from and to standard input and output.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <iostream>

#include "base/text.h"
#include "net/p2p/session.h"
#include "node/version.h"
#include "p2p_commands.h"

namespace ghmesh::app {
namespace {

constexpr Duration kSubscriberPatience = 20s;
constexpr Duration kDrainPatience = 300ms;  // for the last message to leave this process

struct GossipArguments {
  std::string topic;
  std::string listen = "/ip4/127.0.0.1/tcp/0";
  std::vector<std::string> peers;
};

void add_gossip_options(CLI::App& app, GossipArguments& arguments) {
  app.add_option("topic", arguments.topic, "The topic")->required();
  app.add_option("--listen", arguments.listen, "Where to listen")
      ->type_name("MULTIADDR")
      ->capture_default_str();
  app.add_option("--peer", arguments.peers, "A peer to connect to; may be given again")
      ->type_name("MULTIADDR")
      ->allow_extra_args(false);
}

host::Options gossip_options(const std::string& topic) {
  host::Options options;
  options.started_at = read_clocks().wall;
  options.version = node::kVersion;
  options.gossip.emplace();
  options.gossip->topics[topic];
  // Sequence numbers must grow over restarts.
  options.gossip->first_seqno = static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
  return options;
}

// One line, and nothing in it speaks to a terminal: whoever publishes must not make up other people's messages, nor
// colours. Control characters of ASCII, and those of Unicode (U+0080 to U+009F, which are two bytes) become "?".
std::string line_of(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool is_wide = c == 0xc2 && next >= 0x80 && next < 0xa0;
    if (is_wide || (c < 0x20 && c != '\t') || c == 0x7f) text[i] = '?';
    if (is_wide) text[++i] = '?';
  }
  return text + "\n";
}

void print_delivered(const gossipsub::Delivered& delivered, bool as_json) {
  if (!as_json) return print(line_of(std::string(as_text(delivered.data))));
  print(boost::json::serialize(boost::json::object{{"from", delivered.author.text()},
                                                   {"topic", delivered.topic},
                                                   {"seqno", delivered.seqno},
                                                   {"base64", base64(delivered.data)}}) +
        "\n");
}

}  // namespace

int run_p2p_pub(const Arguments& arguments) {
  CLI::App app("Publish messages on a topic: those that are given, or each line of standard input.",
               "ghmesh p2p pub");
  GossipArguments gossip;
  std::vector<std::string> messages;
  add_gossip_options(app, gossip);
  app.add_option("message", messages, "What to publish");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  net::Session session(keys::PrivateKey::generate(), gossip_options(gossip.topic));
  session.end_on_signal();
  complain(listen(session, gossip.listen));
  for (const std::string& peer : gossip.peers) connect(session, peer);
  host::Host& host = session.host();
  const auto has_subscriber = [&](const host::Event&) {
    return !host.gossip()->subscribers(gossip.topic).empty();
  };
  if (host.gossip()->subscribers(gossip.topic).empty() &&
      !session.run_until(has_subscriber, kSubscriberPatience))
    throw CommandError("nobody here subscribes to " + gossip.topic, kExitUnreachable);
  const auto publish = [&](const std::string& message) {
    auto published = host.publish(gossip.topic, as_bytes(message), MonotonicClock::now());
    if (!published) throw CommandError("publish: " + published.error().message());
    session.run_until([](const host::Event&) { return false; }, 0ms);
  };
  for (const std::string& message : messages) publish(message);
  for (std::string line; messages.empty() && std::getline(std::cin, line);) publish(line);
  session.run_until([](const host::Event&) { return false; }, kDrainPatience);
  return kExitOk;
}

int run_p2p_sub(const Arguments& arguments) {
  CLI::App app(
      "Print the messages of a topic, one a line, without control characters. Its own address goes "
      "to standard error.",
      "ghmesh p2p sub");
  GossipArguments gossip;
  bool as_json = false;
  int count = 0;
  add_gossip_options(app, gossip);
  app.add_flag("--json", as_json, "Print author, topic, sequence number and data (base64)");
  app.add_option("-c,--count", count, "End after so many messages; 0: never")
      ->capture_default_str();
  if (const auto code = parse_arguments(app, arguments)) return *code;
  net::Session session(keys::PrivateKey::generate(), gossip_options(gossip.topic));
  session.end_on_signal();
  auto subscribed = session.host().subscribe(gossip.topic, MonotonicClock::now());
  if (!subscribed) throw CommandError("subscribe: " + subscribed.error().message());
  complain(listen(session, gossip.listen));
  for (const std::string& peer : gossip.peers) connect(session, peer);
  int seen = 0;
  const auto is_enough = [&](const host::Event& event) {
    const auto* found = std::get_if<gossipsub::Event>(&event);
    if (const auto* delivered = found ? std::get_if<gossipsub::Delivered>(found) : nullptr) {
      print_delivered(*delivered, as_json);
      ++seen;
    }
    return count > 0 && seen >= count;
  };
  session.run_until(is_enough, Duration::max());
  return kExitOk;
}

}  // namespace ghmesh::app
