// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/http_server.h"

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "net/serving_thread.h"

namespace ghmesh::net {

struct HttpServer::State {
  Runtime& runtime;
  std::shared_ptr<ServerShared> shared;
  std::vector<std::shared_ptr<ServingThread>> threads;

  // Calls one verb on each thread, there.
  void tell(void (ServingThread::*verb)()) {
    for (std::size_t i = 0; i < threads.size(); ++i) {
      auto call = [thread = threads[i], verb] { (thread.get()->*verb)(); };
      asio::post(runtime.context(static_cast<int>(i)), std::move(call));
    }
  }
};

HttpServer::HttpServer(Runtime& runtime, Listener listener, Service& service,
                       HttpServerLimits limits)
    : state_(std::make_shared<State>(State{
          runtime, std::make_shared<ServerShared>(std::move(listener), service, limits), {}})) {
  for (int i = 0; i < runtime.threads_count(); ++i) {
    state_->threads.push_back(std::make_shared<ServingThread>(runtime.context(i), state_->shared));
    state_->shared->threads.push_back(state_->threads.back());
  }
  state_->shared->accepting_threads_count = runtime.threads_count();
}

HttpServer::~HttpServer() {
  state_->tell(&ServingThread::shut_down);
  if (state_->runtime.is_running()) return;
  // Nobody else will: let every exchange see that its client is gone, while the service still stands.
  for (int i = 0; i < state_->runtime.threads_count(); ++i) {
    auto& context = state_->runtime.context(i);
    context.restart();
    context.poll();
    context.stop();
  }
}

void HttpServer::start() { state_->tell(&ServingThread::start); }

void HttpServer::stop_accepting() { state_->tell(&ServingThread::stop_accepting); }

bool HttpServer::is_drained() const {
  const std::lock_guard lock(state_->shared->mutex);
  return state_->shared->accepting_threads_count == 0 &&
         state_->shared->stats.connections_open.load(std::memory_order_relaxed) == 0;
}

const HttpServerStats& HttpServer::stats() const { return state_->shared->stats; }

}  // namespace ghmesh::net
