// SPDX-License-Identifier: Apache-2.0 OR MIT
// Runs coroutines of a test on an io_context of its own, on the test's thread.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/time.h"
#include "net/runtime.h"

namespace ghmesh::net::test {

template <class T>
awaitable<void> keep_result(awaitable<T> coroutine, std::optional<T>& result) {
  result.emplace(co_await std::move(coroutine));
}

// The coroutine's result. A coroutine that throws or hangs for a minute ends the test.
template <class T>
T run(asio::io_context& context, awaitable<T> coroutine) {
  std::optional<T> result;
  auto done = [](std::exception_ptr exception) {
    if (exception) std::rethrow_exception(exception);
  };
  asio::co_spawn(context, keep_result(std::move(coroutine), result), done);
  context.restart();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!result && context.run_one_until(deadline) > 0) {
  }
  GHMESH_CHECK(result.has_value());
  return std::move(result).value();
}

inline awaitable<void> pause_for(Duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration));
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace ghmesh::net::test
