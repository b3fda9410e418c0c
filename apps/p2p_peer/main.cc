// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-p2p-peer: ghmesh as a peer of the interoperability suite. Reads commands and prints answers and events, one
// JSON object a line (tests/interop/README.md). For tests; it is not installed.
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "base/log.h"
#include "command.h"
#include "node.h"

namespace ghmesh::p2p_peer {
namespace {

void print(const json::object& object) {
  const std::string line = json::serialize(object) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

class Program {
 public:
  explicit Program(net::asio::io_context& context) : context_(context) {}

  void carry_out(const std::string& line) {
    Error error;
    const json::value parsed = json::parse(line, error);
    if (error || !parsed.is_object()) return print({{"error", "not a JSON object"}});
    const json::object& command = parsed.get_object();
    const json::value id = command.contains("id") ? command.at("id") : json::value();
    const auto reply = [id](json::object answer) {
      if (!answer.contains("error")) answer["ok"] = true;
      answer["id"] = id;
      print(answer);
    };
    const std::string name = text_of(command, "node"), what = text_of(command, "do");
    if (what == "start") return start(name, command, reply);
    const auto found = nodes_.find(name);
    if (found == nodes_.end()) return reply({{"error", "there is no such node"}});
    if (what != "stop") return found->second->carry_out(command, reply);
    nodes_.erase(found);
    reply({});
  }

 private:
  void start(const std::string& name, const json::object& command, const Node::Reply& reply) {
    const auto emit = [name](json::object event) {
      event["node"] = name;
      print(event);
    };
    if (nodes_.contains(name)) return reply({{"error", "the node is there already"}});
    auto node = std::make_unique<Node>(context_.get_executor(), command, emit);
    const json::object answer = node->start(command);
    if (!answer.contains("error")) nodes_[name] = std::move(node);
    reply(answer);
  }

  net::asio::io_context& context_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

net::awaitable<void> read_commands(net::asio::io_context& context, Program& program) {
  constexpr auto kAsTuple = net::asio::as_tuple(net::asio::use_awaitable);
  net::asio::posix::stream_descriptor input(context, ::dup(STDIN_FILENO));
  std::string text;
  for (;;) {
    auto buffer = net::asio::dynamic_buffer(text);
    auto [error, bytes_count] = co_await net::asio::async_read_until(input, buffer, '\n', kAsTuple);
    if (error) break;
    program.carry_out(text.substr(0, bytes_count));
    text.erase(0, bytes_count);
  }
  context.stop();
}

}  // namespace
}  // namespace ghmesh::p2p_peer

int main() {
  using namespace ghmesh;
  std::signal(SIGPIPE, SIG_IGN);
  log::set_level(log::Level::warn);
  net::asio::io_context context(1);
  p2p_peer::Program program(context);
  net::spawn(context.get_executor(), "commands", p2p_peer::read_commands(context, program));
  context.run();
  return 0;
}
