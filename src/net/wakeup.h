// SPDX-License-Identifier: Apache-2.0 OR MIT
// Wakeup: where one coroutine waits for something that happens again and again. For one thread only; event.h is for
// many.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "base/check.h"
#include "net/runtime.h"

namespace ghmesh::net {

class Wakeup {
 public:
  bool has_waiter() const { return waiter_ != nullptr; }

  // Resumes the waiter soon, from its executor and not from inside this call.
  void wake() {
    if (auto waiter = std::move(waiter_)) waiter->wake();
  }

  awaitable<void> wait() {
    GHMESH_CHECK(waiter_ == nullptr);
    auto initiate = [this](auto handler) {
      using Concrete = HandlerWaiter<std::decay_t<decltype(handler)>>;
      waiter_ = std::make_unique<Concrete>(std::move(handler));
    };
    const auto& token = asio::use_awaitable;
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, token);
  }

 private:
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void wake() = 0;
  };
  template <class Handler>
  struct HandlerWaiter final : Waiter {
    explicit HandlerWaiter(Handler handler_in) : handler(std::move(handler_in)) {}
    void wake() override {
      auto executor = asio::get_associated_executor(handler);
      asio::post(executor, std::move(handler));
    }
    Handler handler;
  };

  std::unique_ptr<Waiter> waiter_;
};

}  // namespace ghmesh::net
