// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh-mdns-peer: announces addresses on the local network and prints whom it finds, as one JSON object a line.
//
// It listens nowhere and dials nobody: for the interoperability tests, and for people who want to know who is there. It
// ends with its standard input, and says farewell.
#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "libp2p/keys/private_key.h"
#include "net/local_peers.h"
#include "net/runtime.h"

namespace ghmesh {
namespace {

struct Arguments {
  std::string service{mdns::kService};
  std::vector<std::string> addresses;
  bool is_on_loopback = false;
};

// A peer id and the text of an IP address need no escapes.
std::string quoted(const std::string& text) { return '"' + text + '"'; }

void print(std::string_view event, const mdns::PeerId& peer,
           const std::vector<mdns::Multiaddr>& addresses) {
  std::string list;
  for (const auto& address : addresses) list += (list.empty() ? "" : ",") + quoted(address.text());
  std::printf(R"({"event":"%s","peer":"%s","addresses":[%s]})"
              "\n",
              std::string(event).c_str(), peer.text().c_str(), list.c_str());
  std::fflush(stdout);
}

void print_event(const mdns::Event& event) {
  print(event.kind == mdns::Event::Kind::found ? "found" : "lost", event.peer, event.addresses);
}

net::awaitable<void> stop_with_stdin(std::shared_ptr<net::LocalPeers> peers) {
  boost::asio::posix::stream_descriptor input(co_await boost::asio::this_coro::executor,
                                              ::dup(STDIN_FILENO));
  std::array<char, 256> ignored;
  constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
  for (;;) {
    const auto buffer = boost::asio::buffer(ignored);
    const auto [error, bytes_count] = co_await input.async_read_some(buffer, kAwait);
    if (error) break;
  }
  peers->stop();
}

int run(const Arguments& arguments) {
  std::vector<mdns::Multiaddr> addresses;
  for (const std::string& text : arguments.addresses) {
    auto address = mdns::Multiaddr::parse_text(text);
    if (!address) throw std::runtime_error(text + ": " + address.error().message());
    addresses.push_back(*std::move(address));
  }
  net::LocalPeersOptions options;
  options.mdns.service = arguments.service;
  if (arguments.is_on_loopback) {
    options.mdns.loopback = mdns::Loopback::accept;
    options.links = net::Links::loopback;
  }
  boost::asio::io_context context(1);
  const mdns::PeerId self = keys::PrivateKey::generate().peer_id();
  auto peers = net::LocalPeers::open(context.get_executor(), self, options);
  if (!peers) throw std::runtime_error("multicast: " + peers.error().message());
  (*peers)->start(print_event);
  (*peers)->set_addresses(addresses);
  print("started", self, {});
  net::spawn(context.get_executor(), "stdin", stop_with_stdin(*peers));
  context.run();
  return 0;
}

}  // namespace
}  // namespace ghmesh

int main(int argc, char** argv) {
  ghmesh::Arguments arguments;
  CLI::App app("Announces addresses by multicast DNS, and prints the peers that it finds");
  app.add_option("--service", arguments.service,
                 "the service's name; for a private network, its own");
  app.add_option("--address", arguments.addresses, "a multiaddr to announce; may be repeated");
  app.add_flag("--loopback", arguments.is_on_loopback, "on the loopback link alone");
  CLI11_PARSE(app, argc, argv);
  try {
    return ghmesh::run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ghmesh-mdns-peer: %s\n", error.what());
    return 1;
  }
}
