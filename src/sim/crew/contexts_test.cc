// SPDX-License-Identifier: Apache-2.0 OR MIT
// The cache where programs live: in an event loop, in forked workers, in threads beside a loop. The same three contexts
// as tests/python/test_servers.py has for Python, here for AddressSanitizer and ThreadSanitizer as well.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ghmesh/asio.h"

namespace ghmesh {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr int kCallsCount = 1'000;
constexpr Milliseconds kDeadline{20'000};

// What a parent may still have at a fork. AddressSanitizer's allocator stays locked in the child if another thread was
// inside of it, which glibc's does not: nothing may run. ThreadSanitizer lets no thread of a child take the place of
// one that the parent has: there must be none.
enum class AtFork { swarm, threads_at_rest, no_threads };
#if defined(__SANITIZE_ADDRESS__)
constexpr AtFork kAtFork = AtFork::threads_at_rest;
#elif defined(__SANITIZE_THREAD__)
constexpr AtFork kAtFork = AtFork::no_threads;
#else
constexpr AtFork kAtFork = AtFork::swarm;
#endif

struct ContextsTest : testing::TestWithParam<bool> {
  ContextsTest() {
    std::string name = fs::temp_directory_path() / "ghmesh-contexts-XXXXXX";
    folder = ::mkdtemp(name.data());
  }
  ~ContextsTest() override { fs::remove_all(folder); }

  CacheOptions options() const {
    CacheOptions options;
    options.directory = folder / "cache";
    options.state_directory = folder / "state";
    options.swarm.is_on = GetParam();
    options.swarm.token = SecretText("ghp_q8ZrT2mXw4Ld7Vb1Kc9Hs3Jn6Pf5Gy0AeUiO");
    return options;
  }

  fs::path folder;
};

Key key_of(std::string_view who, int number) {
  return Key("mixed", {std::string(who), std::to_string(number)});
}

// A put of the loop's or at once, then a get at once, then one of the loop's: what a handler of a server does.
asio::awaitable<void> call(Cache& cache, std::string who, int number, int& right_count) {
  const Key key = key_of(who, number);
  const std::string data = "{\"number\": " + std::to_string(number) + "}";
  std::error_code failure;
  PutOptions put_options;
  if (number % 2 == 0)
    failure = co_await async_put(cache, key, data, put_options, asio::use_awaitable);
  else failure = cache.put(key, data);
  const auto at_once = cache.get(key);
  const auto [error, found] = co_await async_get(cache, key, kDeadline, asio::use_awaitable);
  if (!failure && !error && at_once && found && found->data() == data) ++right_count;
}

// How late the loop comes to a timer, until told to stop.
asio::awaitable<void> watch(const bool& is_done, SteadyClock::duration& lag) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!is_done) {
    const auto due = SteadyClock::now() + std::chrono::milliseconds(1);
    timer.expires_at(due);
    co_await timer.async_wait(asio::use_awaitable);
    lag = std::max(lag, SteadyClock::now() - due);
  }
}

void rethrow(std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

struct Outcome {
  int right_count = 0;
  SteadyClock::duration lag{};
};

// `count` calls at once, in a loop of this thread. The cache is made inside of the running loop.
Outcome run_calls(const CacheOptions& like, const std::string& who, int count,
                  const std::function<void(Cache&)>& at_end = {}) {
  Outcome outcome;
  asio::io_context loop;
  bool is_done = false;
  int left_count = count;
  std::optional<Cache> cache;
  asio::post(loop, [&] {
    CacheOptions options;
    options.directory = like.directory;
    options.state_directory = like.state_directory;
    options.swarm.is_on = like.swarm.is_on;
    options.swarm.token = like.swarm.token.clone();
    cache.emplace(std::move(options));
    asio::co_spawn(loop, watch(is_done, outcome.lag), rethrow);
    for (int number = 0; number < count; ++number)
      asio::co_spawn(loop, call(*cache, who, number, outcome.right_count),
                     [&](std::exception_ptr thrown) {
                       if (--left_count == 0) is_done = true;
                       rethrow(thrown);
                     });
  });
  loop.run();
  if (at_end) at_end(*cache);
  return outcome;
}

TEST_P(ContextsTest, ThousandCallsInAnEventLoop) {
  const Outcome outcome = run_calls(options(), "loop", kCallsCount, [&](Cache& cache) {
    const CacheStats stats = cache.stats();
    EXPECT_EQ(stats.is_swarm_on, GetParam());
    EXPECT_EQ(stats.peer_id.empty(), !GetParam());
    EXPECT_EQ(stats.misses, 0U);
  });
  EXPECT_EQ(outcome.right_count, kCallsCount);
  // A figure, not a verdict: the machine may be busy, and sanitizers are slow. `make bench-library` judges.
  RecordProperty(
      "lag_us",
      static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(outcome.lag).count()));
}

// As servers that fork before they serve: the parent has a cache already, and each worker a loop of its own.
TEST_P(ContextsTest, WorkersForkedBeforeTheyServe) {
  constexpr int kWorkersCount = 3;
  CacheOptions of_parent = options();
  of_parent.swarm.is_on = GetParam() && kAtFork == AtFork::swarm;
  std::optional<Cache> parent(std::in_place, std::move(of_parent));
  EXPECT_FALSE(parent->put(key_of("parent", 0), "\"parent\""));
  EXPECT_FALSE(parent->flush());
  if (kAtFork == AtFork::no_threads) parent.reset();
  if (kAtFork == AtFork::threads_at_rest)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::vector<pid_t> workers;
  for (int worker = 0; worker < kWorkersCount; ++worker) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::alarm(120);
      if (!parent) parent.emplace(options());
      const auto inherited = parent->get(key_of("parent", 0));
      const Outcome outcome = run_calls(options(), "worker" + std::to_string(worker), 250);
      ::_exit(inherited && outcome.right_count == 250 ? 0 : 1);
    }
    workers.push_back(child);
  }
  for (const pid_t worker : workers) {
    int status = 0;
    EXPECT_EQ(::waitpid(worker, &status, 0), worker);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  if (!parent) parent.emplace(options());
  // Those of even numbers were on disk before their worker ended.
  for (int worker = 0; worker < kWorkersCount; ++worker)
    for (int number = 0; number < 250; number += 2)
      EXPECT_TRUE(parent->get(key_of("worker" + std::to_string(worker), number))) << number;
}

// Threads that block, with deadlines and futures, beside a loop that must not.
TEST_P(ContextsTest, ThreadsBesideALoop) {
  constexpr int kThreadsCount = 4, kEachCount = 100;
  Cache cache(options());
  std::atomic<int> right_count = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreadsCount; ++thread)
    threads.emplace_back([&, who = "thread" + std::to_string(thread)] {
      for (int number = 0; number < kEachCount; ++number) {
        const Key key = key_of(who, number);
        if (cache.put_future(key, who).get()) continue;
        const auto found = cache.get_within(key, kDeadline);
        const auto again = cache.get_future(key, kDeadline).get();
        if (found && again && found->data() == who) ++right_count;
      }
    });
  const Outcome outcome = run_calls(options(), "loop", kCallsCount);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(outcome.right_count, kCallsCount);
  EXPECT_EQ(right_count, kThreadsCount * kEachCount);
  EXPECT_TRUE(cache.get(key_of("loop", 0)));
}

INSTANTIATE_TEST_SUITE_P(All, ContextsTest, testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "InASwarm" : "Alone");
});

}  // namespace
}  // namespace ghmesh
