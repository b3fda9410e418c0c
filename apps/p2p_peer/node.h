// SPDX-License-Identifier: Apache-2.0 OR MIT
// One node of the interoperability contract: a host with its sockets, the protocols that every peer serves, and the
// commands that take time.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "net/p2p/driver.h"
#include "streams.h"

namespace ghmesh::p2p_peer {

namespace json = boost::json;

class Node {
 public:
  using Emit = std::function<void(json::object)>;
  using Reply = std::function<void(json::object)>;  // {"error": ...} or the fields of the answer
  Node(net::asio::any_io_executor executor, const json::object& start, Emit emit);

  // The answer to `start`.
  json::object start(const json::object& command);
  // Any other command but stop. `reply` is called once.
  void carry_out(const json::object& command, Reply reply);

 private:
  // A command that waits for something: whoever brings it settles it, or its time runs out.
  struct Waiting {
    std::string what;  // "dial 7", "ping PEER", "identify PEER"
    Reply reply;
    Instant deadline;
  };

  void on_event(const host::Event& event);
  void on(const host::Connected& event);
  void on(const host::Disconnected& event);
  void on(const host::DialFailed& event);
  void on(const host::Identified& event);
  void on(const host::Ponged& event);
  void on(const host::PingFailed& event);
  void on(const host::PerfDone&) {}
  void on(const host::StreamEvent& event);
  void on(const gossipsub::Event& event);
  void serve(const host::StreamEvent& event);
  void settle(const std::string& what, const json::object& answer);

  void dial(const json::object& command, Reply reply);
  void ping(const multiformats::PeerId& peer, std::int64_t left, std::int64_t count, Reply reply);
  void identify(const multiformats::PeerId& peer, Reply reply);
  void echo(const multiformats::PeerId& peer, const json::object& command, Reply reply);
  void transfer(const multiformats::PeerId& peer, std::int64_t bytes, Reply reply);
  void greet(const multiformats::PeerId& peer, std::int64_t bytes, Reply reply);
  void reset(const multiformats::PeerId& peer, const std::string& by, Reply reply);
  void raw(const multiformats::PeerId& peer, const json::object& command, Reply reply);
  json::object gossip(const std::string& topic);
  // Null when it cannot be opened; `reply` was called then.
  Client* open(const multiformats::PeerId& peer, const std::string& protocol, Bytes pattern,
               std::uint64_t total, Stream::OnEnd on_end, const Reply& reply);
  net::awaitable<void> expire_loop();

  net::asio::any_io_executor executor_;
  Emit emit_;
  keys::PrivateKey identity_;
  host::Host host_;
  std::multimap<std::string, Waiting> waiting_;
  std::map<swarm::StreamRef, std::unique_ptr<Stream>> streams_;
  std::set<std::string> echo_protocols_;
  net::asio::steady_timer timer_;
  net::Driver driver_;  // the last: its sockets close first
};

}  // namespace ghmesh::p2p_peer
