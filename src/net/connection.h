// SPDX-License-Identifier: Apache-2.0 OR MIT
// One client's connection: what of it needs no waiting. A fresh hit is read, parsed, answered and sent in one call of
// handle(), in buffers that the thread lends; an idle connection holds a socket and nothing else.
//
//   phase       what we wait for                       when its time is over
//   idle        the first byte of a request            close, silently
//   head        the rest of a head                     408, then lingering
//   writing     room for replies                       close
//   exchange    nothing: a coroutine has taken over    (it waits with deadlines of its own)
//   lingering   the client to close, so that it reads what we said before it learns that we are gone: close
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/descriptor.h"
#include "net/output.h"
#include "net/request_parser.h"
#include "net/serving_thread.h"
#include "net/wakeup.h"

namespace ghmesh::net {

// The reply that tells a client why its request is refused. Ends with the body; nothing is to be added.
void fill_rejection(const Rejection& rejection, Reply& reply);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServingThread& thread, Descriptor socket);
  ~Connection();

  // For the thread.
  std::size_t place = 0;  // in the thread's list
  void start();
  void refuse(std::string_view reply);  // says this and lingers
  void handle(std::uint32_t events);
  void tick();  // closes or wakes what is late
  void close_if_idle();
  void close();

  // For the exchange, which owns the connection while the phase is `exchange`.
  enum class Direction { read, write };
  ServingThread& thread() { return thread_; }
  int descriptor() const { return socket_.get(); }
  bool is_open() const { return static_cast<bool>(socket_); }
  std::string& input() { return input_; }
  Output& output() { return output_; }
  // Until the socket is ready or the deadline has passed (timed_out). truncated: the connection is closed.
  awaitable<Result<void>> wait(Direction direction, Duration patience);
  enum class ExchangeEnd { keep, close, reset };
  // The exchange is over. keep: what is left in input() is the next request. reset: the client must see an error.
  void end_exchange(ExchangeEnd end);

 private:
  enum class Phase { idle, head, writing, exchange, lingering, closed };
  // What follows when all replies are sent.
  enum class Afterwards { keep, close, linger };
  struct Waiter {
    Wakeup wakeup;
    Instant deadline = Instant::max();
    bool is_late = false;
  };

  void read();
  void serve(std::string_view input);
  std::optional<std::string_view> whole_body(const http::RequestHead& head,
                                             std::string_view input) const;
  bool answer_now(const http::RequestHead& head, std::string_view body);
  void begin_exchange(std::string_view input);
  void reject(const Rejection& rejection);
  bool flush_batch();
  void flush_output();
  void replies_sent();
  void linger();
  void wait_for_input(std::string_view left);
  void drain();
  void set_phase(Phase phase, Instant deadline, std::uint32_t events);
  void set_events(std::uint32_t events);
  Waiter& waiter(Direction direction) { return direction == Direction::read ? reader_ : writer_; }

  ServingThread& thread_;
  Descriptor socket_;
  Phase phase_ = Phase::idle;
  Afterwards afterwards_ = Afterwards::keep;
  Instant deadline_;
  std::uint32_t events_ = 0;
  bool is_watched_ = true;  // until it hung up during an exchange
  std::size_t drained_bytes_ = 0;
  RequestParser parser_;
  std::string input_;  // the part of a request that has arrived; empty in between
  Output output_;      // replies that the socket did not take at once
  Waiter reader_, writer_;
};

}  // namespace ghmesh::net
