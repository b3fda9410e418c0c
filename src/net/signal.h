// SPDX-License-Identifier: Apache-2.0 OR MIT
// Signal: a bell between curl's thread and one waiting coroutine. wait() returns when notify() was called since the
// last wait, or when the coroutine is cancelled; either way the waiter looks again at what it waits for.
//
// notify() is for any thread; one coroutine waits at a time. event.h is for what happens once, wakeup.h for one thread.
// Held by shared_ptr. Who notifies must do so a last time before it goes: the waiting coroutine lives in here
// meanwhile.
#pragma once

#include <boost/asio/cancellation_type.hpp>
#include <memory>
#include <mutex>
#include <utility>

#include "net/waiter.h"

namespace ghmesh::net {

class Signal : public std::enable_shared_from_this<Signal> {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  awaitable<void> wait();
  void notify();

 private:
  // Keeps the waiter, or wakes it at once when the bell has rung already.
  void add(std::unique_ptr<Waiter> waiter);

  std::mutex mutex_;
  bool has_rung_ = false;
  std::unique_ptr<Waiter> waiter_;
};

inline awaitable<void> Signal::wait() {
  return suspend([this](std::unique_ptr<Waiter> waiter, asio::cancellation_slot slot) {
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (auto signal = weak.lock()) signal->notify();
      });
    }
    add(std::move(waiter));
  });
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
