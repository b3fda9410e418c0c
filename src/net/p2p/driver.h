// SPDX-License-Identifier: Apache-2.0 OR MIT
// Driver: the sockets of a host. It moves bytes and time between the kernel and the machines, and decides nothing.
//
// Everything happens on one executor, which one thread runs. Whoever gives the host a command from outside (a dial, a
// publish, a write to a stream) calls turn() afterwards; what the host then has to say comes through `on_event`, on the
// same executor, and its handler may give commands at once.
//
// An idle connection holds a socket and no buffer: what arrives is read into one buffer of the driver's.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "libp2p/host/host.h"
#include "multiformats/multiaddr.h"
#include "net/local_peers.h"
#include "net/runtime.h"

namespace ghmesh::net {

class Driver {
 public:
  using OnEvent = std::function<void(const host::Event&)>;
  // `host` outlives this.
  Driver(asio::any_io_executor executor, host::Host& host, OnEvent on_event);
  ~Driver();  // closes the sockets
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Accepts connections there. A port of 0 lets the kernel choose: the address that comes back says which. Listening on
  // "0.0.0.0" or "::" returns one address per interface. Errors: unsupported (not ip and tcp), or the system's.
  Result<std::vector<multiformats::Multiaddr>> listen(const multiformats::Multiaddr& address);
  // Dials an address that may have a name in it and may end in /p2p/ID: whoever answers must be that peer then. Tells
  // `on_begun`, at once or after the name was looked up, the dial, of which host::Connected or host::DialFailed speaks;
  // or why there is none: malformed, those of resolve::Resolution::result() and of host::Host::dial().
  using OnBegun = std::function<void(Result<host::DialId>)>;
  void dial(const multiformats::Multiaddr& address, OnBegun on_begun);
  // Finds peers on the local network and is found, where listen() said; whom it finds is dialed. Errors: the system's.
  Result<void> discover(LocalPeersOptions options = {});
  // Carries out what the host wants, hands its events over, and does so until it is quiet.
  void turn();
  // Ends every connection in order: GoAway, last words, FIN. No turn may follow.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // its coroutines hold it too
};

}  // namespace ghmesh::net
