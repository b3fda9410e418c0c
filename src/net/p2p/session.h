// SPDX-License-Identifier: Apache-2.0 OR MIT
// Session: a libp2p node for as long as one program runs: a host, its sockets, and a loop that waits for what the
// program wants. For commands, benchmarks and tests, which do one thing after the other; a daemon has a Driver.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libp2p/host/host.h"

namespace ghmesh::net {

struct LocalPeersOptions;

class Session {
 public:
  Session(keys::PrivateKey identity, host::Options options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  host::Host& host();
  // Where it can be dialed, with /p2p. Errors: malformed, and those of Driver::listen().
  Result<std::vector<std::string>> listen(const std::string& address);
  // Connects, and waits for it. Errors: malformed, those of dialing, and why it failed.
  Result<multiformats::PeerId> connect(const std::string& address);

  // See Driver::discover().
  Result<void> discover(LocalPeersOptions options);

  // Serves until `handle` returns true for an event (then true), or the time is over or interrupt() was called (false).
  bool run_until(const std::function<bool(const host::Event&)>& handle, Duration patience);
  // Serves for so long, or until interrupt(), and hands over what happens.
  void run(const std::function<void(const host::Event&)>& handle,
           Duration duration = Duration::max());
  void interrupt();      // for good; from any thread
  void end_on_signal();  // SIGINT and SIGTERM interrupt it

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::net
