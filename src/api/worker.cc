// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "api/worker.h"

#include <utility>

namespace ghmesh::api {

void Worker::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_stopping_) {
      tasks_.push_back(std::move(task));
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      work_.notify_one();
      return;
    }
  }
  task(/*is_closed=*/true);
}

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    work_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

bool Worker::is_this_thread() const {
  const std::lock_guard lock(mutex_);
  return thread_.get_id() == std::this_thread::get_id();
}

void Worker::run() {
  for (;;) {
    Task task;
    bool is_closed = false;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
      is_closed = is_stopping_;
    }
    task(is_closed);
  }
}

}  // namespace ghmesh::api
