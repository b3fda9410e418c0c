// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/runtime.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <stdexcept>

#include "net/wakeup.h"

namespace ghmesh::net {
namespace {

TEST(Runtime, RunsEachContextOnAThreadOfItsOwn) {
  Runtime runtime(3);
  std::vector<std::thread::id> ids(3);
  std::atomic<int> seen_count{0};
  for (int i = 0; i < 3; ++i) {
    auto note = [&, i] {
      EXPECT_TRUE(runtime.is_running());
      ids[static_cast<std::size_t>(i)] = std::this_thread::get_id();
      if (++seen_count == 3) runtime.stop();
    };
    asio::post(runtime.context(i), note);
  }
  EXPECT_FALSE(runtime.is_running());
  runtime.run();
  EXPECT_FALSE(runtime.is_running());
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[2], ids[0]);
  EXPECT_NE(ids[2], ids[1]);
}

TEST(Runtime, DoesNotRunWhenItWasStoppedBefore) {
  Runtime runtime(2);
  runtime.stop();
  runtime.run();
  SUCCEED();
}

awaitable<void> fail() {
  throw std::runtime_error("on purpose");
  co_return;
}

TEST(Runtime, CatchesWhatEscapesACoroutine) {
  Runtime runtime(1);
  const auto before = coroutine_escaped_total();
  spawn(runtime.context(0).get_executor(), "failing", fail());
  asio::post(runtime.context(0), [&] { runtime.stop(); });
  runtime.run();
  EXPECT_EQ(coroutine_escaped_total(), before + 1);
}

awaitable<void> wait_twice(Wakeup& wakeup, int& woken_count) {
  co_await wakeup.wait();
  ++woken_count;
  co_await wakeup.wait();
  ++woken_count;
}

TEST(Wakeup, ResumesItsWaiterLaterAndMoreThanOnce) {
  asio::io_context context;
  Wakeup wakeup;
  int woken_count = 0;
  wakeup.wake();  // nobody waits: nothing is remembered
  spawn(context.get_executor(), "waiting", wait_twice(wakeup, woken_count));
  context.poll();
  EXPECT_TRUE(wakeup.has_waiter());
  wakeup.wake();
  EXPECT_EQ(woken_count, 0);
  context.restart();
  context.poll();
  EXPECT_EQ(woken_count, 1);
  wakeup.wake();
  context.restart();
  context.poll();
  EXPECT_EQ(woken_count, 2);
}

}  // namespace
}  // namespace ghmesh::net
