// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/name_lookup.h"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace ghmesh::net {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

asio::steady_timer::time_point to_timer(Instant instant) {
  return asio::steady_timer::time_point(
      std::chrono::duration_cast<asio::steady_timer::duration>(instant.time_since_epoch()));
}

}  // namespace

// One lookup: its caller waits on the timer, and a thread rings it early by cancelling it on the caller's executor.
struct NameLookup::Waiting {
  Waiting(asio::any_io_executor executor_in, resolve::Lookup lookup_in)
      : executor(std::move(executor_in)), lookup(std::move(lookup_in)), timer(executor) {}

  asio::any_io_executor executor;
  resolve::Lookup lookup;
  std::atomic<bool> is_abandoned{false};  // the caller does not wait any more
  // The caller's thread alone has these two.
  asio::steady_timer timer;
  Result<resolve::Answer> result = Errc::timed_out;
};

struct NameLookup::Run {
  Run(const asio::any_io_executor& executor, const resolve::Multiaddr& address,
      resolve::Options options)
      : resolution(address, options, MonotonicClock::now()), timer(executor) {}

  resolve::Resolution resolution;
  asio::steady_timer timer;
};

NameLookup::NameLookup(NameLookupOptions options) : options_(std::move(options)) {}

NameLookup::~NameLookup() {
  is_stopping_ = true;
  if (threads_) threads_->join();
}

// Started by the first lookup: many a node never makes one.
asio::thread_pool& NameLookup::threads() {
  const std::lock_guard lock(mutex_);
  if (!threads_) {
    // Signals are for the threads that wait for them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    threads_.emplace(static_cast<std::size_t>(options_.threads_count));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  return *threads_;
}

void NameLookup::run(const std::shared_ptr<Waiting>& waiting) {
  if (!is_stopping_ && !waiting->is_abandoned) {
    auto result = query_name(waiting->lookup, options_.query);
    auto ring = [waiting, result = std::move(result)]() mutable {
      waiting->result = std::move(result);
      waiting->timer.cancel();
    };
    asio::post(waiting->executor, std::move(ring));
  }
  lookups_count_.fetch_sub(1);
}

awaitable<Result<resolve::Answer>> NameLookup::look_up(resolve::Lookup lookup) {
  if (lookups_count_.fetch_add(1) >= options_.lookups_max) {
    lookups_count_.fetch_sub(1);
    co_return Errc::limit_reached;
  }
  auto executor = co_await asio::this_coro::executor;
  auto waiting = std::make_shared<Waiting>(std::move(executor), std::move(lookup));
  waiting->timer.expires_at(to_timer(MonotonicClock::now() + options_.deadline));
  auto job = [this, waiting] { run(waiting); };
  asio::post(threads(), std::move(job));
  co_await waiting->timer.async_wait(kAwait);
  waiting->is_abandoned = true;
  co_return std::move(waiting->result);
}

awaitable<void> NameLookup::answer(std::shared_ptr<Run> run, resolve::Lookup lookup) {
  const std::uint32_t id = lookup.id;
  const auto result = co_await look_up(std::move(lookup));
  if (result) run->resolution.receive(id, *result);
  else run->resolution.receive_failure(id);
  run->timer.cancel();
}

awaitable<Result<std::vector<resolve::Multiaddr>>> NameLookup::resolve(resolve::Multiaddr address,
                                                                       resolve::Options options) {
  const auto executor = co_await asio::this_coro::executor;
  const auto run = std::make_shared<Run>(executor, address, options);
  for (;;) {
    while (auto lookup = run->resolution.next_lookup())
      spawn(executor, "name_lookup", answer(run, *std::move(lookup)));
    run->resolution.tick(MonotonicClock::now());
    if (run->resolution.is_done()) break;
    run->timer.expires_at(to_timer(run->resolution.next_deadline()));
    co_await run->timer.async_wait(kAwait);
  }
  co_return run->resolution.result();
}

}  // namespace ghmesh::net
