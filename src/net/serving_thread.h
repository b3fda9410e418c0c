// SPDX-License-Identifier: Apache-2.0 OR MIT
// One thread's share of a server: it accepts, waits for its connections, and closes those whose time is over.
//
// Waiting is ours and not Asio's: an epoll of our own, level-triggered, inside the io_context's. Asio's reactor is
// edge-triggered, so it must read every socket once more after each request just to learn that nothing came; with it a
// hit costs one system call more (docs/decisions/, "an epoll inside the event loop"). Deadlines are times written into
// a connection and looked at once in a while: no request ever touches a timer.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "net/descriptor.h"
#include "net/http_server.h"
#include "net/output.h"
#include "net/request_parser.h"

namespace ghmesh::net {

class Connection;
class ServingThread;

// What all threads of one server share.
struct ServerShared {
  ServerShared(Listener listener_in, Service& service_in, HttpServerLimits limits_in)
      : door(listener_in.is_tcp() ? Door::tcp : Door::unix_socket),
        listening_descriptor(listener_in.descriptor()),
        listener(std::move(listener_in)),
        service(service_in),
        limits(limits_in) {}

  Door door;
  int listening_descriptor;
  std::mutex mutex;  // guards the two below, which change at the server's end only
  std::optional<Listener> listener;
  int accepting_threads_count = 0;
  Service& service;
  HttpServerLimits limits;
  HttpServerStats stats;
  std::vector<std::weak_ptr<ServingThread>> threads;  // set before the first one starts
};

class ServingThread : public std::enable_shared_from_this<ServingThread> {
 public:
  ServingThread(asio::io_context& context, std::shared_ptr<ServerShared> shared);
  ~ServingThread();

  // The three verbs of a server's life; each on this thread.
  void start();
  void stop_accepting();
  void shut_down();  // closes everything, whatever it does

  // From any thread: an accepted socket that this thread shall serve.
  void take_over(Descriptor socket);
  std::size_t connections_count() const {
    return connections_count_.load(std::memory_order_relaxed);
  }

  // For connections.
  ServerShared& shared() { return *shared_; }
  asio::any_io_executor executor() { return context_.get_executor(); }
  bool is_draining() const { return is_draining_; }
  Instant now() const { return now_; }                 // read once per round
  void read_clock() { now_ = MonotonicClock::now(); }  // for work that is not part of one
  void watch(Connection& connection, int descriptor, std::uint32_t events);
  void change(Connection& connection, int descriptor, std::uint32_t events);
  void unwatch(int descriptor);
  void forget(Connection& connection);  // it is closed; it lives on until the round is over
  void count_request() { ++requests_count_; }
  void count_rejection(RejectReason reason);

  // Lent to the connection that is being served: what it read, what it parsed, what it answers.
  static constexpr std::size_t kReadBytes = 64 * 1024;
  std::vector<char> read_buffer;
  http::RequestHead request_head;
  Output batch;

 private:
  void wait_for_events();
  void serve_events();
  void accept_some();
  void adopt(Descriptor socket);
  void refuse_without_descriptors();
  void wait_for_sweep();
  void sweep();
  void end_round();

  asio::io_context& context_;
  std::shared_ptr<ServerShared> shared_;
  asio::posix::stream_descriptor poll_;
  asio::steady_timer sweep_timer_;
  Descriptor listening_;  // a duplicate of the listener's
  Descriptor reserve_;    // given up to accept, and refuse, one caller when no descriptor is left
  Instant now_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Connection>> closed_;  // until the end of the round
  std::atomic<std::size_t> connections_count_{0};
  std::uint64_t requests_count_ = 0;  // since the last round
  bool is_draining_ = false;
  bool is_accepting_ = false;
  bool is_accept_paused_ = false;  // until the next sweep
};

}  // namespace ghmesh::net
