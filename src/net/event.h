// SPDX-License-Identifier: Apache-2.0 OR MIT
// Event: something that happens once. Any number of coroutines wait for it, each on its own executor; set() wakes them
// all.
//
// Thread-safe. Waiting costs one small allocation and no thread; a wait after set() goes on at once. An Event must
// outlive its waiters: hold it in a shared_ptr that each of them keeps.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "net/waiter.h"

namespace ghmesh::net {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  awaitable<void> wait();
  void set();
  // It will never happen: whoever waits is destroyed where it stands. For the end of a program, when no executor runs.
  void abandon();
  bool is_set() const;

 private:
  // Takes the waiter, or returns it when the event has happened already.
  std::unique_ptr<Waiter> add(std::unique_ptr<Waiter> waiter);

  mutable std::mutex mutex_;
  bool is_set_ = false;
  std::vector<std::unique_ptr<Waiter>> waiters_;
};

inline awaitable<void> Event::wait() {
  return suspend([this](std::unique_ptr<Waiter> waiter, asio::cancellation_slot) {
    if (auto refused = add(std::move(waiter))) refused->wake();
  });
}

inline std::unique_ptr<Waiter> Event::add(std::unique_ptr<Waiter> waiter) {
  const std::lock_guard lock(mutex_);
  if (is_set_) return waiter;
  waiters_.push_back(std::move(waiter));
  return nullptr;
}

inline void Event::set() {
  std::vector<std::unique_ptr<Waiter>> waiters;
  {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters) waiter->wake();
}

inline void Event::abandon() {
  std::vector<std::unique_ptr<Waiter>> waiters;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  waiters.swap(waiters_);
}

inline bool Event::is_set() const {
  const std::lock_guard lock(mutex_);
  return is_set_;
}

}  // namespace ghmesh::net
