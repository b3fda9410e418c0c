// SPDX-License-Identifier: Apache-2.0 OR MIT
// Worker: the thread on which a cache's callbacks run, and what may wait for the disk. It starts with the first task.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ghmesh::api {

// Thread-safe.
class Worker {
 public:
  // `is_closed`: the worker ends before the task's turn came.
  using Task = std::function<void(bool is_closed)>;

  Worker() = default;
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void post(Task task);  // after stop() it runs at once, closed, on the caller's thread
  void stop();           // runs what waits, closed, and ends the thread. Not from a task
  bool is_this_thread() const;

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Task> tasks_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace ghmesh::api
