// SPDX-License-Identifier: Apache-2.0 OR MIT
// Looks names up for coroutines: the shell around libp2p/resolve. The system's resolver blocks, so it runs on a few
// threads of its own; a caller waits for its deadline and no longer.
//
// For the threads of one Runtime, each with coroutines of its own. It outlives its callers and ends before the Runtime:
// the destructor waits for the lookups that are running, some seconds at worst, and drops the others.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "libp2p/resolve/resolution.h"
#include "net/name_query.h"
#include "net/runtime.h"

namespace ghmesh::net {

struct NameLookupOptions {
  NameQueryOptions query = {};
  Duration deadline = 5s;  // of one lookup, the time that it waits for a thread included
  int threads_count =
      4;  // lookups at once: a name server that is silent blocks a thread for seconds
  // Lookups that wait or run. What one address may ask for (resolve::kLookupsMax), a few times.
  std::size_t lookups_max = 128;
};

class NameLookup {
 public:
  explicit NameLookup(NameLookupOptions options = {});
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // Errors: dns_failed, dns_malformed, timed_out, limit_reached.
  awaitable<Result<resolve::Answer>> look_up(resolve::Lookup lookup);
  // All addresses that `address` stands for. Errors: those of resolve::Resolution::result().
  awaitable<Result<std::vector<resolve::Multiaddr>>> resolve(resolve::Multiaddr address,
                                                             resolve::Options options = {});

 private:
  struct Waiting;
  struct Run;

  void run(const std::shared_ptr<Waiting>& waiting);
  awaitable<void> answer(std::shared_ptr<Run> run, resolve::Lookup lookup);
  asio::thread_pool& threads();

  const NameLookupOptions options_;
  std::atomic<std::size_t> lookups_count_{0};
  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_;  // guards threads_
  std::optional<asio::thread_pool> threads_;
};

}  // namespace ghmesh::net
