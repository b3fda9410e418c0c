// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to api/: the inside of ghmesh::Cache.
#pragma once

#include <atomic>
#include <memory>

#include "api/swarm.h"
#include "api/worker.h"
#include "cache/fork_count.h"
#include "ghmesh/cache.h"
#include "library/local_cache.h"

namespace ghmesh {

struct __attribute__((visibility("hidden"))) Cache::Impl {
  explicit Impl(CacheOptions options);
  ~Impl();

  // What belongs to one process: threads, and who is inside of a call. The child of a fork makes its own, and leaves
  // the parent's alone: its threads are not there, and its locks may be held.
  struct Process {
    const std::uint64_t fork_count = cache::fork_count();
    std::atomic<std::uint64_t> users_count{0};
    api::Worker worker;
  };
  Process& process();

  // While one exists, what it points to stays. False: the cache is closed.
  class Use {
   public:
    explicit Use(Impl& impl);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    explicit operator bool() const { return is_open_; }

   private:
    Process& process_;
    bool is_open_;
  };

  void close();
  // The crew that asks GitHub: the swarm's, or one without. Null: it cannot be joined.
  std::shared_ptr<api::CrewLink> link();

  const api::Places places;
  const SwarmOptions swarm_options;
  std::shared_ptr<library::LocalCache> local;
  std::shared_ptr<api::Swarm> swarm;  // null: none
  std::atomic<bool> is_closed{false};

 private:
  std::atomic<Process*> process_;
  std::atomic<std::shared_ptr<api::CrewLink>> plain_link_;
};

}  // namespace ghmesh
