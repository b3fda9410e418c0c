// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/runtime.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace ghmesh::net {
namespace {

std::atomic<std::uint64_t> coroutines_escaped_count{0};

void report_escaped(const std::string& name, const char* what) {
  coroutines_escaped_count.fetch_add(1, std::memory_order_relaxed);
  log::error("coroutine_escaped", {{"coroutine", name}, {"what", what}});
}

awaitable<void> run_guarded(std::string name, awaitable<void> coroutine) {
  try {
    co_await std::move(coroutine);
  } catch (const std::exception& exception) {
    report_escaped(name, exception.what());
  } catch (...) {
    report_escaped(name, "not a std::exception");
  }
}

}  // namespace

Runtime::Runtime(int threads_count) {
  GHMESH_CHECK(threads_count >= 1);
  for (int i = 0; i < threads_count; ++i) {
    // The hint 1 promises one running thread: what it posts to itself takes no lock, while others may still post.
    contexts_.push_back(std::make_unique<asio::io_context>(1));
    contexts_.back()
        ->get_executor()
        .on_work_started();  // run() ends with stop(), not with the last handler
  }
}

Runtime::~Runtime() {
  stop();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

int Runtime::threads_count() const { return static_cast<int>(contexts_.size()); }

asio::io_context& Runtime::context(int thread) {
  return *contexts_.at(static_cast<std::size_t>(thread));
}

void Runtime::run() {
  GHMESH_CHECK(threads_.empty());
  is_running_.store(true);
  for (std::size_t i = 1; i < contexts_.size(); ++i) {
    threads_.emplace_back([context = contexts_[i].get()] { context->run(); });
  }
  contexts_.front()->run();
  for (auto& thread : threads_) thread.join();
  is_running_.store(false);
}

void Runtime::stop() {
  for (auto& context : contexts_) context->stop();
}

bool Runtime::is_running() const { return is_running_.load(); }

void spawn(asio::any_io_executor executor, std::string name, awaitable<void> coroutine) {
  auto guarded = run_guarded(std::move(name), std::move(coroutine));
  asio::co_spawn(std::move(executor), std::move(guarded), asio::detached);
}

std::uint64_t coroutine_escaped_total() {
  return coroutines_escaped_count.load(std::memory_order_relaxed);
}

}  // namespace ghmesh::net
