// SPDX-License-Identifier: Apache-2.0 OR MIT
// Finds peers on the local network: the shell around libp2p/mdns. It has the sockets and the timer; what is said and
// believed is the machine's.
//
// For one thread, the executor's. Held by shared_ptr: its coroutines keep it until stop().
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "libp2p/mdns/discovery.h"
#include "net/multicast.h"
#include "net/runtime.h"

namespace ghmesh::net {

struct LocalPeersOptions {
  mdns::Options mdns = {};
  Links links = Links::network;
  std::uint16_t port = kMulticastDnsPort;
};

class LocalPeers : public std::enable_shared_from_this<LocalPeers> {
 public:
  using OnEvent = std::function<void(const mdns::Event&)>;

  // With sockets for IPv4 and IPv6, or for one of them where there is no other. Errors: of the system.
  static Result<std::shared_ptr<LocalPeers>> open(asio::any_io_executor executor, mdns::PeerId self,
                                                  LocalPeersOptions options);
  ~LocalPeers();
  LocalPeers(const LocalPeers&) = delete;
  LocalPeers& operator=(const LocalPeers&) = delete;

  // Once. Events come one at a time, never from inside a call of this class but from its coroutines.
  void start(OnEvent on_event);
  // Where we are to be dialed: see mdns::Discovery::set_addresses().
  void set_addresses(const std::vector<mdns::Multiaddr>& addresses);
  // Says farewell and closes the sockets; no event follows.
  void stop();

  const mdns::Discovery& discovery() const { return discovery_; }
  std::size_t links_count() const;

 private:
  struct Door {
    MulticastSocket socket;
    asio::posix::stream_descriptor readable;
  };

  LocalPeers(asio::any_io_executor executor, mdns::PeerId self, LocalPeersOptions options);
  Error add_door(IpFamily family, const LocalPeersOptions& options);
  awaitable<void> read(std::shared_ptr<LocalPeers> self, Door& door);
  awaitable<void> keep_time(std::shared_ptr<LocalPeers> self);
  void send_waiting();
  void take_out();

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<Door>> doors_;
  mdns::Discovery discovery_;
  OnEvent on_event_;
  bool is_stopped_ = false;
};

}  // namespace ghmesh::net
