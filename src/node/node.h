// SPDX-License-Identifier: Apache-2.0 OR MIT
// A node: everything that a daemon is made of, put together. The only place where rooms are wired to each other.
//
// The constructor opens the store and the sockets, so that addresses() is true once it returns; run() serves until
// request_stop() has let every exchange finish.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/time.h"
#include "node/config.h"

namespace ghmesh::node {

// How long a stopping node waits for exchanges that are under way: systemd's own patience is 90 s, a person's is less.
inline constexpr Duration kDrainDeadline = 10s;

// The node cannot start: a port is taken, a directory belongs to somebody else. The text says which.
class StartError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Node {
 public:
  // Throws StartError.
  explicit Node(const Config& config);
  ~Node();  // closes the store: everything queued is written

  // What start-up prints, one per line: "listening unix:/run/...", "listening http://127.0.0.1:8418", "admin
  // unix:/run/...".
  std::vector<std::string> addresses() const;

  void run();  // serves on the calling thread and on others
  void
  request_stop();  // from any thread: accept nothing more, finish what is under way, then run() returns
  void stop_now();  // from any thread: run() returns at once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::node
