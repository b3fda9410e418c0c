// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "net/exchange.h"

namespace ghmesh::net {
namespace {

constexpr std::size_t kBatchRepliesMax = 16;  // pipelined replies that share one system call
constexpr std::size_t kKeptInputBytesMax = 4 * 1024;  // room that an idle connection may keep
constexpr std::size_t kLingerBytesMax = 256 * 1024;   // read and thrown away before we close anyway
constexpr Duration kLingerDeadline = 2s;

constexpr Rejection kTooSlow{408, RejectReason::timeout, "The request did not arrive in time."};
constexpr Rejection kBodyTooLarge{413, RejectReason::body_too_large,
                                  "The request's body is too large."};
constexpr Rejection kHalfRequest{400, RejectReason::malformed, "The request is not complete."};

std::string_view status_line(int status) {
  switch (status) {
    case 400: return "HTTP/1.1 400 Bad Request\r\n";
    case 408: return "HTTP/1.1 408 Request Timeout\r\n";
    case 413: return "HTTP/1.1 413 Content Too Large\r\n";
    case 414: return "HTTP/1.1 414 URI Too Long\r\n";
    case 417: return "HTTP/1.1 417 Expectation Failed\r\n";
    case 431: return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 501: return "HTTP/1.1 501 Not Implemented\r\n";
    case 505: return "HTTP/1.1 505 HTTP Version Not Supported\r\n";
    default: return "HTTP/1.1 500 Internal Server Error\r\n";
  }
}

}  // namespace

void fill_rejection(const Rejection& rejection, Reply& reply) {
  auto body =
      std::make_shared<std::string>("{\"message\": \"" + std::string(rejection.message) + "\"}");
  reply.head = status_line(rejection.status);
  reply.more_head =
      "Content-Type: application/json\r\nContent-Length: " + std::to_string(body->size()) +
      "\r\nConnection: close\r\n\r\n";
  reply.body = *body;
  reply.owner = std::move(body);
}

Connection::Connection(ServingThread& thread, Descriptor socket)
    : thread_(thread),
      socket_(std::move(socket)),
      deadline_(thread.now() + thread.shared().limits.head_deadline) {}

Connection::~Connection() = default;

void Connection::start() {
  events_ = EPOLLIN;
  thread_.watch(*this, socket_.get(), events_);
}

void Connection::refuse(std::string_view reply) {
  output_.add().head = reply;
  afterwards_ = Afterwards::linger;
  flush_output();
}

void Connection::handle(std::uint32_t events) {
  switch (phase_) {
    case Phase::idle:
    case Phase::head: return read();
    case Phase::writing: return flush_output();
    case Phase::lingering: return drain();
    case Phase::closed: return;
    case Phase::exchange: break;
  }
  // Errors and hang-ups are always reported; whoever waits learns of them from its next system call.
  const bool is_broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  std::uint32_t still = events_;
  if (is_broken || (events & EPOLLIN) != 0) {
    reader_.wakeup.wake();
    still &= ~static_cast<std::uint32_t>(EPOLLIN);
  }
  if (is_broken || (events & EPOLLOUT) != 0) {
    writer_.wakeup.wake();
    still &= ~static_cast<std::uint32_t>(EPOLLOUT);
  }
  set_events(still);
  if (is_broken && events_ == 0) {
    // Nobody waits, and epoll would report it in every round from now on.
    thread_.unwatch(socket_.get());
    is_watched_ = false;
  }
}

void Connection::tick() {
  const Instant now = thread_.now();
  for (Waiter* late : {&reader_, &writer_}) {
    if (!late->wakeup.has_waiter() || late->deadline > now) continue;
    late->is_late = true;
    late->wakeup.wake();
  }
  if (deadline_ > now) return;
  if (phase_ == Phase::head) return reject(kTooSlow);
  if (phase_ != Phase::exchange) close();
}

void Connection::close_if_idle() {
  if (phase_ != Phase::idle) return;
  read();  // what the client said before it could know gets its answer
  if (phase_ == Phase::idle) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  // It would leave the epoll by itself, but for a process that is just being forked and holds a copy of it.
  thread_.unwatch(socket_.get());
  socket_.reset();
  output_.clear();
  // Waiters find the connection closed. They run later: this connection may be in the middle of something.
  reader_.wakeup.wake();
  writer_.wakeup.wake();
  thread_.forget(*this);
}

void Connection::read() {
  auto& buffer = thread_.read_buffer;
  const ssize_t received = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    return close();
  }
  if (received == 0) {
    if (input_.empty()) return close();
    return reject(kHalfRequest);
  }
  const std::string_view arrived(buffer.data(), static_cast<std::size_t>(received));
  if (input_.empty()) return serve(arrived);
  input_.append(arrived);
  const std::string whole = std::exchange(input_, {});
  serve(whole);
}

// Answers what can be answered at once. `input` is not a view of input_.
void Connection::serve(std::string_view input) {
  http::RequestHead& head = thread_.request_head;
  while (!input.empty()) {
    const auto outcome = parser_.parse(input, head);
    if (outcome == RequestParser::Outcome::needs_more) break;
    if (outcome == RequestParser::Outcome::rejected) return reject(parser_.rejection());
    if (head.content_length.value_or(0) > thread_.shared().limits.body_bytes_max)
      return reject(kBodyTooLarge);
    const std::optional<std::string_view> body = whole_body(head, input);
    if (!body || parser_.expects_continue() || !answer_now(head, *body))
      return begin_exchange(input);
    input.remove_prefix(parser_.head_bytes() + body->size());
    parser_.reset();
    if (afterwards_ != Afterwards::keep) {
      // Closing with unread bytes would reset the connection, and the client might lose the reply.
      if (!input.empty()) afterwards_ = Afterwards::linger;
      input = {};
    }
    if (thread_.batch.replies_count() == kBatchRepliesMax && !flush_batch()) break;
  }
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::writing) {
    input_.assign(input);  // served when the client has read
    return;
  }
  if (!flush_batch()) {
    if (phase_ == Phase::writing) input_.assign(input);
    return;
  }
  if (afterwards_ == Afterwards::keep) return wait_for_input(input);
  replies_sent();
}

// Empty where there is none; nothing where it is not there, or not all of it.
std::optional<std::string_view> Connection::whole_body(const http::RequestHead& head,
                                                       std::string_view input) const {
  if (!head.has_body()) return std::string_view();
  const std::string_view rest = input.substr(parser_.head_bytes());
  if (!head.content_length || *head.content_length > rest.size()) return std::nullopt;
  return rest.substr(0, *head.content_length);
}

bool Connection::answer_now(const http::RequestHead& head, std::string_view body) {
  auto& shared = thread_.shared();
  Reply& reply = thread_.batch.add();
  const bool is_answered = head.has_body()
                               ? shared.service.answer_now_whole(head, body, shared.door, reply)
                               : shared.service.answer_now(head, shared.door, reply);
  if (!is_answered) {
    reply = Reply();
    thread_.batch.drop_last();
    return false;
  }
  thread_.count_request();
  const bool is_closing = reply.close || !head.keep_alive || thread_.is_draining();
  if (is_closing) afterwards_ = head.keep_alive ? Afterwards::linger : Afterwards::close;
  seal_reply(reply, head, is_closing);
  return true;
}

void Connection::begin_exchange(std::string_view input) {
  const bool is_flushed = flush_batch();
  if (phase_ == Phase::closed) return;
  input_.assign(input);
  parser_.reset();
  if (!is_flushed) return;  // parsed again when the replies before it are sent
  thread_.count_request();
  set_phase(Phase::exchange, Instant::max(), 0);
  spawn_exchange(shared_from_this());
}

void Connection::reject(const Rejection& rejection) {
  thread_.count_rejection(rejection.reason);
  fill_rejection(rejection, thread_.batch.add());
  afterwards_ = Afterwards::linger;
  input_ = {};
  if (flush_batch()) replies_sent();
}

// True when all is sent; otherwise the phase is writing or closed.
bool Connection::flush_batch() {
  Output& batch = thread_.batch;
  if (batch.is_empty()) return true;
  switch (batch.flush(socket_.get())) {
    case Output::Progress::done: return true;
    case Output::Progress::failed:
      batch.clear();
      close();
      return false;
    case Output::Progress::blocked:
      batch.move_rest_to(output_);
      set_phase(Phase::writing, thread_.now() + thread_.shared().limits.write_deadline, EPOLLOUT);
      return false;
  }
  return false;
}

void Connection::flush_output() {
  switch (output_.flush(socket_.get())) {
    case Output::Progress::done: break;
    case Output::Progress::failed: return close();
    case Output::Progress::blocked:
      return set_phase(Phase::writing, thread_.now() + thread_.shared().limits.write_deadline,
                       EPOLLOUT);
  }
  output_ = Output();
  replies_sent();
}

void Connection::replies_sent() {
  switch (afterwards_) {
    case Afterwards::close: return close();
    case Afterwards::linger: return linger();
    case Afterwards::keep: break;
  }
  if (input_.empty()) return wait_for_input({});
  const std::string whole = std::exchange(input_, {});
  phase_ = Phase::idle;
  serve(whole);
}

void Connection::wait_for_input(std::string_view left) {
  const auto& limits = thread_.shared().limits;
  if (left.empty()) {
    if (thread_.is_draining()) return close();
    if (input_.capacity() > kKeptInputBytesMax) input_ = {};
    return set_phase(Phase::idle, thread_.now() + limits.idle_deadline, EPOLLIN);
  }
  // The head's time runs from its first byte, however slowly the others come.
  const Instant deadline = phase_ == Phase::head ? deadline_ : thread_.now() + limits.head_deadline;
  input_.assign(left);
  set_phase(Phase::head, deadline, EPOLLIN);
}

void Connection::end_exchange(ExchangeEnd end) {
  if (phase_ == Phase::closed) return;
  output_ = Output();
  thread_.read_clock();
  if (end == ExchangeEnd::close) return linger();
  if (end == ExchangeEnd::reset || !is_watched_) {
    // A reset, where the transport has one: an end of file could be taken for the end of a reply without a length.
    const ::linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return close();
  }
  set_phase(Phase::idle, thread_.now() + thread_.shared().limits.idle_deadline, EPOLLIN);
  if (input_.empty()) return wait_for_input({});
  // Posted: a client that pipelines slow requests must not make the stack deeper with each.
  auto go_on = [self = shared_from_this()] {
    if (self->phase_ == Phase::idle) self->replies_sent();
  };
  asio::post(thread_.executor(), std::move(go_on));
}

void Connection::linger() {
  if (phase_ == Phase::closed) return;
  ::shutdown(socket_.get(), SHUT_WR);
  set_phase(Phase::lingering, thread_.now() + kLingerDeadline, EPOLLIN);
}

void Connection::drain() {
  auto& buffer = thread_.read_buffer;
  const ssize_t received = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (received <= 0) return close();
  drained_bytes_ += static_cast<std::size_t>(received);
  if (drained_bytes_ > kLingerBytesMax) close();
}

awaitable<Result<void>> Connection::wait(Direction direction, Duration patience) {
  if (!is_open() || !is_watched_) co_return Errc::truncated;
  Waiter& waiting = waiter(direction);
  waiting.is_late = false;
  waiting.deadline = MonotonicClock::now() + patience;
  set_events(events_ | (direction == Direction::read ? EPOLLIN : EPOLLOUT));
  co_await waiting.wakeup.wait();
  if (!is_open()) co_return Errc::truncated;
  if (waiting.is_late) co_return Errc::timed_out;
  co_return Result<void>();
}

void Connection::set_phase(Phase phase, Instant deadline, std::uint32_t events) {
  phase_ = phase;
  deadline_ = deadline;
  set_events(events);
}

void Connection::set_events(std::uint32_t events) {
  if (events == events_ || !is_watched_) return;
  events_ = events;
  thread_.change(*this, socket_.get(), events);
}

}  // namespace ghmesh::net
