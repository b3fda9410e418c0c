// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/exchange.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

namespace ghmesh::net {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr Rejection kNoAnswer{500, RejectReason::unsupported, "The request was not answered."};

awaitable<void> run_exchange(std::shared_ptr<Connection> connection) {
  ConnectionExchange exchange(*connection);
  co_await connection->thread().shared().service.answer(exchange);
  co_await exchange.conclude();
}

// The value of Content-Length among these lines, each of which ends with CRLF.
std::optional<std::uint64_t> find_content_length(std::string_view lines) {
  constexpr std::string_view name = "content-length:";
  while (!lines.empty()) {
    const std::string_view line = take_until(lines, '\n');
    if (!starts_with_ignoring_case(line, name)) continue;
    std::string_view value = line.substr(name.size());
    if (value.ends_with('\r')) value.remove_suffix(1);
    return parse_decimal(trim(value));
  }
  return std::nullopt;
}

std::string chunk_line(std::size_t bytes_count, bool has_chunk_before) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, bytes_count, 16).ptr;
  std::string line = has_chunk_before ? "\r\n" : "";
  line.append(digits, end);
  line += "\r\n";
  return line;
}

}  // namespace

void spawn_exchange(std::shared_ptr<Connection> connection) {
  auto executor = connection->thread().executor();
  spawn(executor, "exchange", run_exchange(std::move(connection)));
}

ConnectionExchange::ConnectionExchange(Connection& connection) : connection_(connection) {
  RequestParser parser;
  std::string& input = connection_.input();
  const auto outcome = parser.parse(input, head_);
  GHMESH_CHECK(outcome == RequestParser::Outcome::complete);
  // The head keeps bytes of its own: the input moves on while the body is read.
  head_text_ = input.substr(0, parser.head_bytes());
  input.erase(0, parser.head_bytes());
  parser.reset();
  GHMESH_CHECK(parser.parse(head_text_, head_) == RequestParser::Outcome::complete);
  expects_continue_ = parser.expects_continue();
  decoder_.emplace(head_, connection_.thread().shared().limits.body_bytes_max);
}

ConnectionExchange::~ConnectionExchange() {
  if (!is_concluded_) connection_.close();
}

awaitable<Result<std::string_view>> ConnectionExchange::read_some() {
  std::string& input = connection_.input();
  for (;;) {
    input.erase(0, std::exchange(consumed_bytes_, 0));
    const auto step = decoder_->decode(input);
    consumed_bytes_ = step.consumed_bytes;
    if (step.outcome == BodyDecoder::Outcome::part) co_return step.part;
    if (step.outcome == BodyDecoder::Outcome::end) co_return std::string_view();
    if (step.outcome == BodyDecoder::Outcome::rejected) {
      body_rejection_ = decoder_->rejection();
      co_return body_rejection_->status == 413 ? Errc::http_body_too_large : Errc::http_malformed;
    }
    auto continued = co_await continue_if_expected();
    if (!continued) co_return continued.error();
    auto received = co_await receive_more();
    if (!received) {
      if (received.error() == Errc::http_timeout) {
        body_rejection_ =
            Rejection{408, RejectReason::timeout, "The request's body did not arrive in time."};
      }
      co_return received.error();
    }
  }
}

// Bodies are not sent before we say so; a client that waits in vain would go on after about a second.
awaitable<Result<void>> ConnectionExchange::continue_if_expected() {
  if (!std::exchange(expects_continue_, false) || stage_ != Stage::unanswered)
    co_return Result<void>();
  connection_.output().add().head = kContinue;
  co_return co_await flush();
}

awaitable<Result<std::size_t>> ConnectionExchange::receive_more() {
  std::string& input = connection_.input();
  input.erase(0, std::exchange(consumed_bytes_, 0));
  while (connection_.is_open()) {
    auto& buffer = connection_.thread().read_buffer;
    const ssize_t received =
        ::recv(connection_.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received > 0) {
      input.append(buffer.data(), static_cast<std::size_t>(received));
      co_return static_cast<std::size_t>(received);
    }
    if (received == 0) {
      // It has stopped sending in the middle, and may still listen.
      body_rejection_ =
          Rejection{400, RejectReason::malformed, "The request's body is not complete."};
      co_return Errc::truncated;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) break;
    const Duration patience = connection_.thread().shared().limits.body_deadline;
    auto waited = co_await connection_.wait(Connection::Direction::read, patience);
    if (!waited && waited.error() == Errc::timed_out) co_return Errc::http_timeout;
    if (!waited) break;
  }
  is_broken_ = true;
  co_return Errc::truncated;
}

// Sends all of the connection's output, however slowly the client reads, as long as it reads at all.
awaitable<Result<void>> ConnectionExchange::flush() {
  while (connection_.is_open()) {
    const auto progress = connection_.output().flush(connection_.descriptor());
    if (progress == Output::Progress::done) co_return Result<void>();
    if (progress == Output::Progress::failed) break;
    const Duration patience = connection_.thread().shared().limits.write_deadline;
    auto waited = co_await connection_.wait(Connection::Direction::write, patience);
    if (waited) continue;
    is_broken_ = true;
    co_return waited.error();
  }
  is_broken_ = true;
  co_return Errc::truncated;
}

// Whether the request's body has been read, or has arrived and can be thrown away. We do not wait for one that nobody
// wants.
bool ConnectionExchange::is_body_read() {
  std::string& input = connection_.input();
  while (!decoder_->is_at_end()) {
    input.erase(0, std::exchange(consumed_bytes_, 0));
    const auto step = decoder_->decode(input);
    consumed_bytes_ = step.consumed_bytes;
    if (step.outcome == BodyDecoder::Outcome::needs_more ||
        step.outcome == BodyDecoder::Outcome::rejected)
      return false;
  }
  return true;
}

awaitable<Result<void>> ConnectionExchange::send(Reply reply) {
  GHMESH_CHECK(stage_ == Stage::unanswered);
  stage_ = Stage::answered;
  is_closing_ =
      reply.close || !head_.keep_alive || connection_.thread().is_draining() || !is_body_read();
  seal_reply(reply, head_, is_closing_);
  connection_.output().add() = std::move(reply);
  co_return co_await flush();
}

awaitable<Result<void>> ConnectionExchange::begin(Reply reply) {
  GHMESH_CHECK(stage_ == Stage::unanswered);
  stage_ = Stage::streaming;
  is_closing_ = reply.close || !head_.keep_alive || connection_.thread().is_draining();
  // A service may stream both ways, so the request's body may still be coming. When the reply ends before it, the
  // connection does.
  decide_framing(reply);
  seal_reply(reply, head_, is_closing_);
  connection_.output().add() = std::move(reply);
  co_return co_await flush();
}

void ConnectionExchange::decide_framing(Reply& reply) {
  auto length = find_content_length(reply.head);
  if (!length) length = find_content_length(reply.more_head);
  if (!may_have_body(head_.method, reply_status(reply.head))) {
    framing_ = Framing::none;
  } else if (length) {
    framing_ = Framing::length;
    remaining_bytes_ = *length;
  } else if (head_.version_minor > 0) {
    framing_ = Framing::chunked;
    reply.more_head += "Transfer-Encoding: chunked\r\n";
  } else {
    framing_ = Framing::until_close;
    is_closing_ = true;
  }
}

awaitable<Result<void>> ConnectionExchange::write(std::string_view part) {
  GHMESH_CHECK(stage_ == Stage::streaming || stage_ == Stage::abandoned);
  if (is_broken_ || stage_ == Stage::abandoned) co_return Errc::truncated;
  if (part.empty() || framing_ == Framing::none) co_return Result<void>();
  Reply& piece = connection_.output().add();
  piece.body = part;
  if (framing_ == Framing::chunked)
    piece.more_head = chunk_line(part.size(), std::exchange(has_chunk_before_, true));
  if (framing_ == Framing::length) {
    if (part.size() > remaining_bytes_) {
      connection_.output().drop_last();
      abandon();
      co_return Errc::too_large;
    }
    remaining_bytes_ -= part.size();
  }
  co_return co_await flush();
}

awaitable<Result<void>> ConnectionExchange::finish() {
  GHMESH_CHECK(stage_ == Stage::streaming || stage_ == Stage::abandoned);
  if (is_broken_ || stage_ == Stage::abandoned) co_return Errc::truncated;
  if (framing_ == Framing::length && remaining_bytes_ > 0) {
    abandon();
    co_return Errc::truncated;
  }
  stage_ = Stage::answered;
  if (!is_body_read()) is_closing_ = true;
  if (framing_ != Framing::chunked) co_return Result<void>();
  connection_.output().add().more_head = has_chunk_before_ ? "\r\n0\r\n\r\n" : "0\r\n\r\n";
  co_return co_await flush();
}

void ConnectionExchange::abandon() { stage_ = Stage::abandoned; }

awaitable<void> ConnectionExchange::conclude() {
  if (stage_ == Stage::unanswered && !is_broken_) {
    if (!body_rejection_) log::error("request_unanswered");
    const Rejection rejection = body_rejection_.value_or(kNoAnswer);
    if (body_rejection_) connection_.thread().count_rejection(rejection.reason);
    fill_rejection(rejection, connection_.output().add());
    stage_ = Stage::answered;
    is_closing_ = true;
    auto told = co_await flush();
    if (!told) is_broken_ = true;
  }
  is_concluded_ = true;
  connection_.input().erase(0, std::exchange(consumed_bytes_, 0));
  connection_.end_exchange(is_broken_ || stage_ != Stage::answered ? Connection::ExchangeEnd::reset
                           : is_closing_                           ? Connection::ExchangeEnd::close
                                                                   : Connection::ExchangeEnd::keep);
}

}  // namespace ghmesh::net
