// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a ghmesh::Cache asks of its swarm. Implemented above the mesh; a cache without one has none.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ghmesh/cache.h"
#include "library/local_cache.h"

namespace ghmesh::api {

// Where a cache lives, resolved.
struct Places {
  std::string directory, state_directory;  // directory is empty: memory only
};

class CrewLink;  // api/crew_link.h

// Thread-safe.
class Swarm {
 public:
  virtual ~Swarm() = default;
  // What this process put or removed itself: to be told to the others. Must be quick.
  virtual void tell(const library::Record& record, library::Change change) = 0;
  // Asks the members for what is not held. `done` runs once, on any thread: true, look again.
  virtual void fetch(std::string name, Milliseconds deadline, std::function<void(bool)> done) = 0;
  virtual void fill(CacheStats& stats) const = 0;      // what concerns the swarm
  virtual std::shared_ptr<CrewLink> link() const = 0;  // its crew asks GitHub, too
  // Leaves; nothing is called back afterwards. In the child of a fork it leaves alone what is the parent's.
  virtual void stop() = 0;
};

// With a swarm in the options, its host listens when this returns, unless another process leads. Null: there is none in
// the options. Throws std::system_error: swarm_failed, malformed.
std::shared_ptr<Swarm> open_swarm(const SwarmOptions& options, const Places& places,
                                  const std::shared_ptr<library::LocalCache>& local);

}  // namespace ghmesh::api
