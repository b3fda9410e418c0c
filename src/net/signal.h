// SPDX-License-Identifier: Apache-2.0 OR MIT
// Signal: a bell between curl's thread and one waiting coroutine. wait() returns when notify() was called since the
// last wait, or when the coroutine is cancelled; either way the waiter looks again at what it waits for.
//
// notify() is for any thread; one coroutine waits at a time. event.h is for what happens once, wakeup.h for one thread.
// Held by shared_ptr. Who notifies must do so a last time before it goes: the waiting coroutine lives in here
// meanwhile.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <mutex>
#include <utility>

#include "net/runtime.h"

namespace ghmesh::net {

class Signal : public std::enable_shared_from_this<Signal> {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  awaitable<void> wait();
  void notify();

 private:
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void wake() = 0;
  };
  // Resumes on the handler's own executor, never inside notify(): its caller may hold locks.
  template <class Handler>
  struct HandlerWaiter final : Waiter {
    explicit HandlerWaiter(Handler handler_in) : handler(std::move(handler_in)) {}
    void wake() override {
      auto executor = asio::get_associated_executor(handler);
      asio::post(executor, std::move(handler));
    }
    Handler handler;
  };

  // Keeps the waiter, or wakes it at once when the bell has rung already.
  void add(std::unique_ptr<Waiter> waiter);

  std::mutex mutex_;
  bool has_rung_ = false;
  std::unique_ptr<Waiter> waiter_;
};

inline awaitable<void> Signal::wait() {
  auto initiate = [this](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (auto signal = weak.lock()) signal->notify();
      });
    }
    using Concrete = HandlerWaiter<std::decay_t<decltype(handler)>>;
    add(std::make_unique<Concrete>(std::move(handler)));
  };
  const auto& token = asio::use_awaitable;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, token);
}

inline void Signal::add(std::unique_ptr<Waiter> waiter) {
  {
    const std::lock_guard lock(mutex_);
    if (!has_rung_) {
      waiter_ = std::move(waiter);
      return;
    }
    has_rung_ = false;
  }
  waiter->wake();
}

inline void Signal::notify() {
  std::unique_ptr<Waiter> waiter;
  {
    const std::lock_guard lock(mutex_);
    waiter = std::move(waiter_);
    has_rung_ = waiter == nullptr;
  }
  if (waiter) waiter->wake();
}

}  // namespace ghmesh::net
