// SPDX-License-Identifier: Apache-2.0 OR MIT
// A mixture: threads that block beside a running event loop, one cache for all of them.
#include <ghmesh/asio.h>

#include <atomic>
#include <boost/asio.hpp>
#include <iostream>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;

asio::awaitable<void> count_up(ghmesh::Cache& cache, int number, std::atomic<int>& found_count) {
  for (int i = 0; i < 20; ++i) {
    ghmesh::Key key("mixed", {std::to_string(number), std::to_string(i)});
    ghmesh::PutOptions options;
    co_await ghmesh::async_put(cache, key, "by the loop", options, asio::use_awaitable);
    if (cache.get(key)) ++found_count;  // quick enough for a loop
  }
}

void count_up_in_a_thread(ghmesh::Cache& cache, int number, std::atomic<int>& found_count) {
  for (int i = 0; i < 20; ++i) {
    const ghmesh::Key key("mixed", {std::to_string(number), std::to_string(i)});
    if (cache.put_future(key, "by a thread").get()) return;
    if (cache.get_within(key, ghmesh::Milliseconds(100))) ++found_count;
  }
}

}  // namespace

int main() {
  ghmesh::Cache cache;
  std::atomic<int> found_count = 0;
  asio::io_context loop;
  for (int number = 0; number < 4; ++number)
    asio::co_spawn(loop, count_up(cache, number, found_count), asio::detached);
  std::vector<std::thread> threads;
  for (int number = 4; number < 8; ++number)
    threads.emplace_back(count_up_in_a_thread, std::ref(cache), number, std::ref(found_count));
  loop.run();
  for (std::thread& thread : threads) thread.join();
  std::cout << found_count << " of 160\n";
  return found_count == 160 ? 0 : 1;
}
