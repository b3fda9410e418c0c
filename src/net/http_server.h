// SPDX-License-Identifier: Apache-2.0 OR MIT
// HTTP/1.1 towards clients: strict where attackers are creative, quick where nothing waits.
//
// A service first gets the chance to answer at once, on the thread that parsed the request, without a coroutine: that
// is the path of a fresh hit, two system calls and no allocation. Otherwise its coroutine takes over the exchange and
// may stream in both directions. Connections are spread over the runtime's threads and stay on theirs.
//
// What is malformed is answered with its status and a closed connection, and counted by reason:
//   400 not HTTP/1.1, bare CR or LF, repeated Content-Length, Content-Length with Transfer-Encoding, no Host
//   408 the head or body did not arrive in time
//   413 body too large
//   414 target too long
//   417 an Expect that is not 100-continue
//   431 head too large
//   501 unknown transfer coding, CONNECT
//   503 too many connections
//   505 not HTTP/1.0 or 1.1
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "net/listener.h"
#include "net/runtime.h"

namespace ghmesh::net {

// How a connection reached us: rules for Host and rewriting depend on it.
enum class Door { unix_socket, tcp };

// What to send: head and body without a copy. `head` begins with the status line and ends without the final blank line;
// `more_head` is appended to it (each line with CRLF). Framing (Content-Length) must be in one of them; Connection is
// added.
struct Reply {
  std::string_view head;  // kept alive by `owner`
  std::string more_head;
  std::string_view body;  // kept alive by `owner`; empty for HEAD, 204 and 304
  std::shared_ptr<const void> owner;
  bool close = false;  // close the connection after this reply
};

// One request and its reply, for a service that needs to wait or to stream. Lives on the connection's thread.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const http::RequestHead& head() const = 0;  // valid until the reply is finished
  virtual Door door() const = 0;
  virtual asio::any_io_executor executor() = 0;
  // The next part of the request's body; empty at its end. The view is valid until the next call.
  // Errors: http_timeout, http_malformed (bad chunk), truncated (client went away).
  virtual awaitable<Result<std::string_view>> read_some() = 0;
  // A whole reply. Exactly one of send() or begin() per exchange; a service that does neither gets the answer that
  // fits: what was wrong with the body (400, 408, 413), or 500. An exchange whose body was not read to its end closes
  // the connection.
  virtual awaitable<Result<void>> send(Reply reply) = 0;
  // A streamed reply: without Content-Length in `head` it is sent chunked. Then write() parts and finish() once. A
  // reply that cannot be finished must be abandon()ed: the connection closes, so the client sees an error and not a
  // short answer.
  virtual awaitable<Result<void>> begin(Reply head) = 0;
  virtual awaitable<Result<void>> write(std::string_view part) = 0;
  virtual awaitable<Result<void>> finish() = 0;
  virtual void abandon() = 0;
};

class Service {
 public:
  virtual ~Service() = default;
  // True when `reply` was filled; it comes empty, with room in more_head. Must not wait. Called for requests without a
  // body only.
  virtual bool answer_now(const http::RequestHead& head, Door door, Reply& reply) = 0;
  // The same for a request whose body, of a length that is said, has arrived together with its head.
  virtual bool answer_now_whole(const http::RequestHead&, std::string_view /*body*/, Door, Reply&) {
    return false;
  }
  virtual awaitable<void> answer(Exchange& exchange) = 0;
};

struct HttpServerLimits {
  std::size_t connections_count_max = 10'000;  // beyond: 503 with Retry-After
  std::uint64_t body_bytes_max = 64ull
                                 << 20;  // uploads through us; larger ones go to GitHub directly
  Duration head_deadline = 10s;          // from the first byte to the blank line: slow senders
  Duration idle_deadline = 75s;          // between requests, as nginx
  Duration body_deadline = 30s;          // between two parts of a body
  Duration write_deadline = 30s;         // a client that does not read
  // Of a unix socket: whoever is another user, even root, is hung up on (SO_PEERCRED).
  bool is_own_user_only = false;
};

struct HttpServerStats {
  std::atomic<std::uint64_t> connections_open{0}, connections_total{0}, connections_refused{0},
      requests_total{0};
  std::atomic<std::uint64_t> rejected_malformed{0}, rejected_head_too_large{0},
      rejected_body_too_large{0}, rejected_timeout{0}, rejected_unsupported{0};
};

// Serves `listener` on every thread of the runtime. The runtime and the service outlive it. Destroy it when the runtime
// has stopped: what is still open then ends with an error, and the service's coroutines that wait for a client run to
// their end.
class HttpServer {
 public:
  HttpServer(Runtime& runtime, Listener listener, Service& service, HttpServerLimits limits);
  ~HttpServer();
  void start();
  void stop_accepting();  // open exchanges go on; idle connections are closed
  bool is_drained() const;
  const HttpServerStats& stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ghmesh::net
