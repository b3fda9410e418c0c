// SPDX-License-Identifier: Apache-2.0 OR MIT
// A node: everything that a daemon is made of, put together. The only place where rooms are wired to each other. A
// process that has the library and leads the others of its cache directory has one too, without doors for gh.
//
// The constructor opens the store and the sockets, so that addresses() is true once it returns; run() serves until
// request_stop() has let every exchange finish.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/runtime.h"
#include "node/config.h"
#include "node/lead/seat.h"
#include "node/lead/share_items.h"
#include "node/mesh/shared_store.h"
#include "node/swarm_secret.h"

namespace ghmesh::node {

// How long a stopping node waits for exchanges that are under way: systemd's own patience is 90 s, a person's is less.
inline constexpr Duration kDrainDeadline = 10s;

// What a node is given that is no setting. A daemon is given nothing: it reads the secret of its swarm, and takes the
// seat of its cache directory, where a library yields it.
struct NodeParts {
  LeadRank rank = LeadRank::daemon;
  std::optional<Seat> seat;
  std::optional<SwarmMembership> membership;  // none: in no swarm
  SharedStore shared;
  std::function<void()>
      on_yield;  // on a serving thread: somebody who should lead waits for the seat
};

class Node {
 public:
  // Throws StartError. Of a library's node `socket`, `admin` and `listen` are empty, and it has the seat.
  explicit Node(const Config& config, NodeParts parts = {});
  ~Node();  // closes the store: everything queued is written

  // What start-up prints, one per line: "listening unix:/run/...", "listening http://127.0.0.1:8418", "admin
  // unix:/run/...".
  std::vector<std::string> addresses() const;

  // Begins what has threads of its own; then run() serves, on the calling thread and on others. On one thread, or in
  // this order; run() alone does both.
  void start();
  void run();
  void
  request_stop();  // from any thread: accept nothing more, finish what is under way, then run() returns
  void stop_now();  // from any thread: run() returns at once

  // Leaves the swarm, if it is in one. Whoever waits for it goes on.
  void leave_swarm();

  // What those who are attached ask, for this process itself. From any thread, while it runs.
  LeaderStatus leader_status() const;
  void share(std::vector<ShareItem> items);
  net::awaitable<bool> recall(std::string name, Duration patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::node
