// SPDX-License-Identifier: Apache-2.0 OR MIT
// The model of GitHub on loopback, on a thread of its own, for tests of whole nodes and of several processes.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <mutex>
#include <thread>

#include "net/http_server.h"
#include "net/listener.h"
#include "sim/github.h"

namespace ghmesh::sim {

class TestGitHub final : public net::Service {
 public:
  explicit TestGitHub(Duration latency = 0ns) : model_({.latency = latency}) {
    auto listener = net::Listener::tcp("127.0.0.1:0").value();
    url_ = "http://" + listener.address();
    server_ = std::make_unique<net::HttpServer>(runtime_, std::move(listener), *this,
                                                net::HttpServerLimits());
    server_->start();
    thread_ = std::thread([this] { runtime_.run(); });
  }
  ~TestGitHub() override {
    runtime_.stop();
    thread_.join();
  }

  const std::string& url() const { return url_; }
  // "charged_total", "calls_total": as /_model/stats has them.
  std::int64_t stat(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto told = model_.handle({.target = "/_model/stats"}, read_clocks());
    return boost::json::parse(told.answer.body_text())
        .as_object()
        .at(name)
        .to_number<std::int64_t>();
  }

  bool answer_now(const http::RequestHead&, net::Door, net::Reply&) override { return false; }
  net::awaitable<void> answer(net::Exchange& exchange) override {
    std::string body;
    for (;;) {
      const auto part = co_await exchange.read_some();
      if (!part) co_return;
      if (part->empty()) break;
      body += *part;
    }
    auto told = [&] {
      const std::lock_guard lock(mutex_);
      return model_.handle({.method = exchange.head().method,
                            .target = exchange.head().target,
                            .fields = exchange.head().all_fields(),
                            .body = body,
                            .client_address = "127.0.0.1"},
                           read_clocks());
    }();
    if (told.delay > 0ns) {
      boost::asio::steady_timer timer(exchange.executor(), told.delay);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    auto text = std::make_shared<std::pair<std::string, http::Body>>();
    text->first = "HTTP/1.1 " + std::to_string(told.answer.status) + " " +
                  std::string(http::reason_phrase(told.answer.status)) + "\r\n";
    for (const auto& [name, value] : told.answer.headers)
      text->first.append(name).append(": ").append(value).append("\r\n");
    text->second = told.answer.body;
    net::Reply reply;
    reply.head = text->first;
    if (text->second) reply.body = *text->second;
    reply.owner = text;
    static_cast<void>(co_await exchange.send(std::move(reply)));
  }

 private:
  std::mutex mutex_;
  GitHub model_;
  net::Runtime runtime_{1};
  std::string url_;
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
};

}  // namespace ghmesh::sim
