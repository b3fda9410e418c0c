// SPDX-License-Identifier: Apache-2.0 OR MIT
// A server with an event loop: "put KEY VALUE" and "get KEY", a line each, over TCP. The loop never waits for the
// cache: coroutines do. Here it serves one client of its own, and ends.
#include <ghmesh/asio.h>

#include <boost/asio.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

asio::awaitable<std::string> answer(ghmesh::Cache& cache, std::string line) {
  std::istringstream words(line);
  std::string verb, name, value;
  words >> verb >> name >> value;
  ghmesh::Key key("line", {name});
  if (verb == "put") {
    ghmesh::PutOptions options;
    const auto failure =
        co_await ghmesh::async_put(cache, std::move(key), value, options, asio::use_awaitable);
    co_return failure ? failure.message() : "kept";
  }
  const auto [failure, found] = co_await ghmesh::async_get(
      cache, std::move(key), ghmesh::Milliseconds(50), asio::use_awaitable);
  co_return found ? std::string(found->data()) : "nothing";
}

asio::awaitable<void> serve(ghmesh::Cache& cache, tcp::socket socket) {
  std::string buffer;
  for (;;) {
    boost::system::error_code ended;
    auto token = asio::redirect_error(asio::use_awaitable, ended);
    const std::size_t bytes = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer),
                                                              '\n', std::move(token));
    if (ended) co_return;
    std::string reply = co_await answer(cache, buffer.substr(0, bytes));
    buffer.erase(0, bytes);
    reply += '\n';
    co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
  }
}

asio::awaitable<void> listen(ghmesh::Cache& cache, tcp::acceptor& acceptor) {
  tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
  co_await serve(cache, std::move(socket));
}

asio::awaitable<void> be_a_client(tcp::endpoint server, std::string& heard) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, asio::use_awaitable);
  const std::string said = "put colour blue\nget colour\nget shape\n";
  co_await asio::async_write(socket, asio::buffer(said), asio::use_awaitable);
  const std::string_view last = "nothing\n";
  co_await asio::async_read_until(socket, asio::dynamic_buffer(heard), last, asio::use_awaitable);
}

void rethrow(std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

int main() {
  ghmesh::Cache cache;
  asio::io_context loop;
  tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  std::string heard;
  asio::co_spawn(loop, listen(cache, acceptor), rethrow);
  asio::co_spawn(loop, be_a_client(acceptor.local_endpoint(), heard), rethrow);
  loop.run();
  std::cout << heard;
  return heard == "kept\nblue\nnothing\n" ? 0 : 1;
}
