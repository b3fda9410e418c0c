// SPDX-License-Identifier: Apache-2.0 OR MIT
// The coroutine side of a connection: one request that needs to wait or to stream, from its head to the end of its
// reply.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/body_decoder.h"
#include "net/connection.h"

namespace ghmesh::net {

// Starts the exchange whose request begins connection->input(). The connection belongs to it until it ends.
void spawn_exchange(std::shared_ptr<Connection> connection);

class ConnectionExchange final : public Exchange {
 public:
  explicit ConnectionExchange(Connection& connection);
  ~ConnectionExchange() override;  // closes the connection unless conclude() has run

  const http::RequestHead& head() const override { return head_; }
  Door door() const override { return connection_.thread().shared().door; }
  asio::any_io_executor executor() override { return connection_.thread().executor(); }
  awaitable<Result<std::string_view>> read_some() override;
  awaitable<Result<void>> send(Reply reply) override;
  awaitable<Result<void>> begin(Reply reply) override;
  awaitable<Result<void>> write(std::string_view part) override;
  awaitable<Result<void>> finish() override;
  void abandon() override;

  // After the service: answers what it left unanswered, and gives the connection back or closes it.
  awaitable<void> conclude();

 private:
  enum class Stage { unanswered, streaming, answered, abandoned };
  enum class Framing { none, length, chunked, until_close };

  awaitable<Result<std::size_t>> receive_more();
  awaitable<Result<void>> continue_if_expected();
  awaitable<Result<void>> flush();
  bool is_body_read();
  void decide_framing(Reply& reply);

  Connection& connection_;
  std::string head_text_;
  http::RequestHead head_;
  bool expects_continue_ = false;
  std::optional<BodyDecoder> decoder_;
  std::size_t consumed_bytes_ = 0;           // of the input: the part that read_some() gave last
  std::optional<Rejection> body_rejection_;  // what the service may not have told the client
  Stage stage_ = Stage::unanswered;
  Framing framing_ = Framing::none;
  std::uint64_t remaining_bytes_ = 0;  // of a reply with Content-Length
  bool has_chunk_before_ = false;
  bool is_closing_ = false;
  bool is_broken_ = false;  // the client is gone, or does not read
  bool is_concluded_ = false;
};

}  // namespace ghmesh::net
