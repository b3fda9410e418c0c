// SPDX-License-Identifier: Apache-2.0 OR MIT
// The crew: the processes that use one cache directory. One of them leads; it has the node (node/node.h), asks GitHub
// for all, and is in the swarm for all. The others are attached to it.
//
//   nobody        whoever is first takes the seat and leads; the rest of them attach
//   leading       until this process ends, or somebody comes who should lead rather (node/lead/seat.h, LeadRank)
//   attached      until the connection to the leader ends: then the seat is free, and it begins again, in milliseconds
//
// Works from threads of its own, so it does not matter what loops the program has. All of it is thread-safe. Callbacks
// run on its thread and must return soon. After fork() the child must not touch it, not even to destroy it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "crypto/secret.h"
#include "http/headers.h"
#include "http/message.h"
#include "node/config.h"
#include "node/lead/seat.h"
#include "node/lead/share_items.h"
#include "node/mesh/shared_store.h"
#include "node/swarm_secret.h"

namespace ghmesh::crew {

struct CrewOptions {
  node::Config
      config;  // without doors: socket, admin and listen are empty; so is cache_dir where memory will do
  node::LeadRank rank = node::LeadRank::library;
  std::optional<node::SwarmMembership> membership;  // none: this process wants no swarm
  node::SharedStore shared;
};

// What GitHub is asked, through the leader's cache.
struct Question {
  std::string method = "GET";
  std::string target;    // "/repos/o/r?x=y"
  std::string upstream;  // "https://host" or "https://host;ca=/file"; empty: the leader's own
  crypto::Secret authorization;  // the field's value; empty: none
  http::Headers headers;
  std::string body;
};

// What is told the swarm waits for the leader in memory, when there is none for a moment. More is told to nobody: who
// misses it asks.
inline constexpr std::size_t kUnsharedBytesMax = 32 * 1024 * 1024;
// A leader that answers nothing for so long keeps no constructor waiting: the crew goes on looking for one.
inline constexpr Duration kFirstRoleMax = 3s;

class Crew {
 public:
  // Returns when this process leads or is attached: then the host listens. Throws node::StartError.
  explicit Crew(CrewOptions options);
  ~Crew();  // stops
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  struct Status {
    bool is_leading = false;
    bool is_swarm_on = false;   // the leader is in the swarm that this process wants
    node::LeaderStatus leader;  // as it says; of nobody, when there is none just now
  };
  Status status() const;  // asks the leader, for at most a second

  // Tells the swarm. Nothing, where this process wants none or the leader is in another.
  void share(node::ShareItem item);
  // Asks the swarm for a value that is missed. True: the store has it now.
  void recall(std::string name, Duration patience, std::function<void(bool)> done);
  // Errors: timed_out, cancelled (stopped), and those of net::Upstream::fetch(). If the leader dies meanwhile, the next
  // one is asked, once.
  void ask(Question question, Duration patience, std::function<void(Result<http::Answer>)> done);

  // Leaves, and ends every thread. What is under way ends with `cancelled`.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ghmesh::crew
