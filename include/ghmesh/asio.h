// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh::Cache for programs with Boost.Asio: any completion token, on the token's own executor.
//
//   auto [failure, value] = co_await ghmesh::async_get(cache, key, 50ms, boost::asio::use_awaitable);
//
// The handler runs on its associated executor, never inside the initiating call and never on a thread of the cache.
// Header-only: the library itself knows nothing of Asio.
#pragma once

#include <ghmesh/cache.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace ghmesh {
namespace detail {

// A callback of the cache that hands its arguments to `handler` where that one wants to run. Work is outstanding there
// until then, so that a loop does not end meanwhile.
template <class... Results, class Handler>
auto hand_over(Handler&& handler) {
  using Kept = std::decay_t<Handler>;
  using Executor = boost::asio::associated_executor_t<Kept, boost::asio::system_executor>;
  struct State {
    Kept handler;
    boost::asio::executor_work_guard<Executor> work;
  };
  const auto executor =
      boost::asio::get_associated_executor(handler, boost::asio::system_executor());
  auto state = std::make_shared<State>(
      State{std::forward<Handler>(handler), boost::asio::executor_work_guard<Executor>(executor)});
  return [state](Results... results) {
    boost::asio::post(state->work.get_executor(),
                      [state, all = std::tuple(std::move(results)...)]() mutable {
                        Kept kept = std::move(state->handler);
                        state->work.reset();
                        std::apply(std::move(kept), std::move(all));
                      });
  };
}

}  // namespace detail

// Signature: void(std::error_code, std::optional<Value>), as Cache::get_async().
template <class Token>
auto async_get(const Cache& cache, Key key, Milliseconds deadline, Token&& token) {
  using Found = std::optional<Value>;
  auto initiate = [&cache](auto handler, Key asked, Milliseconds at_most) {
    cache.get_async(std::move(asked), at_most,
                    detail::hand_over<std::error_code, Found>(std::move(handler)));
  };
  return boost::asio::async_initiate<Token, void(std::error_code, Found)>(
      std::move(initiate), token, std::move(key), deadline);
}

// Signature: void(std::error_code), as Cache::put_async().
template <class Token>
auto async_put(Cache& cache, Key key, std::string data, PutOptions options, Token&& token) {
  auto initiate = [&cache](auto handler, Key of, std::string value, PutOptions how) {
    cache.put_async(std::move(of), std::move(value), std::move(how),
                    detail::hand_over<std::error_code>(std::move(handler)));
  };
  return boost::asio::async_initiate<Token, void(std::error_code)>(
      std::move(initiate), token, std::move(key), std::move(data), std::move(options));
}

}  // namespace ghmesh
