// SPDX-License-Identifier: Apache-2.0 OR MIT
// CrewLink: the crew of a cache, in whatever process it is used. The child of a fork joins anew with its next call, and
// leaves its parent's alone. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

#include "api/swarm.h"
#include "cache/fork_count.h"
#include "crew/crew.h"

namespace ghmesh::api {

class CrewLink {
 public:
  // `membership` none: no swarm is wanted. Throws node::StartError and std::system_error.
  CrewLink(const SwarmOptions& swarm, std::optional<node::SwarmMembership> membership,
           const Places& places, const std::shared_ptr<library::LocalCache>& local);
  ~CrewLink();
  CrewLink(const CrewLink&) = delete;
  CrewLink& operator=(const CrewLink&) = delete;

  // Null: it was stopped, or this child cannot join.
  std::shared_ptr<crew::Crew> here();
  void stop();

 private:
  // Of one process.
  struct Joined {
    const std::uint64_t fork_count = cache::fork_count();
    std::shared_ptr<crew::Crew> crew;
    std::string private_directory;  // empty: none
  };
  std::unique_ptr<Joined> join() const;
  static void leave(Joined& joined);

  crew::CrewOptions options_;
  std::atomic<bool> is_stopped_{false};
  std::atomic<Joined*> joined_{nullptr};
};

}  // namespace ghmesh::api
