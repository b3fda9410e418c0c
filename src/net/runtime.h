// SPDX-License-Identifier: Apache-2.0 OR MIT
// The threads of a daemon, and the one way to start a coroutine on them.
//
// Each serving thread has an io_context of its own and is the only one to run it: what a connection touches, it touches
// from one thread. Work for another thread is posted to that thread's executor.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ghmesh::net {

namespace asio = boost::asio;
template <class T>
using awaitable = asio::awaitable<T>;

class Runtime {
 public:
  explicit Runtime(int threads_count);
  ~Runtime();  // stops and joins
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  int threads_count() const;
  asio::io_context& context(int thread);  // 0 is the thread that calls run()
  void
  run();  // once; the calling thread serves too, until stop(). When it returns, no thread serves any more
  void stop();  // from any thread, also before run()
  bool is_running() const;

 private:
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<std::thread> threads_;
  std::atomic<bool> is_running_{false};
};

// Runs a coroutine to its end on this executor. An exception that escapes it is a bug: it is logged with this name and
// counted in coroutine_escaped_total, and goes no further. This is the only catch (...) of the project.
void spawn(asio::any_io_executor executor, std::string name, awaitable<void> coroutine);
std::uint64_t coroutine_escaped_total();

}  // namespace ghmesh::net
