// SPDX-License-Identifier: Apache-2.0 OR MIT
// A tiny blocking HTTP/1.1 client for our own daemon: one request on one connection.
//
// `ghmesh api` must be done within milliseconds, process start included, so nothing of the daemon's machinery is used
// here: no libcurl, no event loop, no threads. It speaks to a daemon of the same user on the same machine, and still
// trusts nothing that it reads: every length has a limit, and a body that ends early is an error.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ghmesh::app {

// The daemon's own limit on heads that it sends is lower.
inline constexpr std::size_t kResponseHeadBytesMax = 128 * 1024;
// Longer than the daemon waits for GitHub, so that it is the daemon which says what went wrong.
inline constexpr int kSilenceSecondsMax = 120;

struct Field {
  std::string name;
  std::string value;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string host = "api.github.com";
  std::vector<Field> fields;  // besides Host, Connection and Content-Length
  std::string body;
};

struct ClientResponse {
  int status = 0;
  std::string status_line;
  std::vector<Field> fields;

  std::string_view get(std::string_view name) const;  // empty: there is none
};

// Takes the head first, then the body in parts.
struct ResponseSink {
  std::function<void(const ClientResponse&)> head;
  std::function<void(std::string_view)> body;
};

class Client {
 public:
  // A path, or a numeric address with a port such as "127.0.0.1:9418". Errors: those of connect(2).
  static Result<Client> connect(std::string_view address);

  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;
  ~Client();

  // Once. Errors: those of send(2) and recv(2), truncated, malformed, too_large, timed_out.
  Result<ClientResponse> exchange(const ClientRequest& request, const ResponseSink& sink);

 private:
  explicit Client(int descriptor) : descriptor_(descriptor) {}

  Result<void> send_all(std::string_view bytes);
  Result<void> fill();  // more of the response into buffer_; truncated at its end
  Result<std::string> take_line();
  Result<ClientResponse> read_head();
  Result<void> read_body(const ClientRequest& request, const ClientResponse& response,
                         const ResponseSink& sink);
  Result<void> read_counted(std::uint64_t bytes_count, const ResponseSink& sink);
  Result<void> read_chunked(const ResponseSink& sink);

  int descriptor_ = -1;
  std::string buffer_;
  std::size_t consumed_ = 0;  // of buffer_
  std::size_t head_bytes_ = 0;
};

// The whole response to one request. Errors: as above.
struct WholeResponse {
  ClientResponse response;
  std::string body;
};
Result<WholeResponse> ask(std::string_view address, const ClientRequest& request,
                          std::size_t body_bytes_max);

}  // namespace ghmesh::app
