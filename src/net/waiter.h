// SPDX-License-Identifier: Apache-2.0 OR MIT
// Waiter: a coroutine that stands still until somebody wakes it. What event.h, signal.h and wakeup.h are made of; they
// say who may wake it, from which thread, and how often.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "net/runtime.h"

namespace ghmesh::net {

class Waiter {
 public:
  virtual ~Waiter() =
      default;  // of one that was not woken: its coroutine is destroyed where it stands
  // Resumes the coroutine soon, on its own executor and never inside this call: the caller may hold locks. Once.
  virtual void wake() = 0;
};

template <class Handler>
class HandlerWaiter final : public Waiter {
 public:
  explicit HandlerWaiter(Handler handler) : handler_(std::move(handler)) {}
  void wake() override {
    auto executor = asio::get_associated_executor(handler_);
    asio::post(executor, std::move(handler_));
  }

 private:
  Handler handler_;
};

// Suspends the coroutine that awaits the result. `keep(std::unique_ptr<Waiter>, asio::cancellation_slot)` is called
// then and may wake it at once.
template <class Keep>
awaitable<void> suspend(Keep keep) {
  auto initiate = [keep](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    using Concrete = HandlerWaiter<std::decay_t<decltype(handler)>>;
    keep(std::make_unique<Concrete>(std::move(handler)), slot);
  };
  const auto& token = asio::use_awaitable;
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiate), token);
}

}  // namespace ghmesh::net
