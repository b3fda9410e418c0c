// SPDX-License-Identifier: Apache-2.0 OR MIT
// Wakeup: where one coroutine waits for something that happens again and again. For one thread only; event.h is for
// many.
#pragma once

#include <memory>
#include <utility>

#include "base/check.h"
#include "net/waiter.h"

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
    return suspend([this](std::unique_ptr<Waiter> waiter, asio::cancellation_slot) {
      waiter_ = std::move(waiter);
    });
  }

 private:
  std::unique_ptr<Waiter> waiter_;
};

}  // namespace ghmesh::net
