// SPDX-License-Identifier: Apache-2.0 OR MIT
// HTTP towards GitHub: libcurl's multi interface on a thread of its own, offered as coroutines.
//
// TLS 1.2 or newer with verified certificates; HTTP/2 where offered; connections are reused. No redirect is followed, no
// .netrc read, no proxy taken from the environment unless configured. A body streams through a bounded buffer: a client that
// reads slowly slows the upstream down instead of filling memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "http/message.h"
#include "net/runtime.h"

namespace ghmesh::net {

struct UpstreamOptions {
  std::string proxy;                       // empty: none
  std::string ca_file;                     // empty: the system's
  bool http1_only = false;
  std::size_t concurrent_count_max = 90;   // GitHub allows 100 at once over REST and GraphQL together (facts G4)
  Duration connect_deadline = 10s;
  Duration head_deadline = 60s;            // until the answer's head is complete
  Duration stall_deadline = 30s;           // between two parts of a body
  std::size_t stream_buffer_bytes = 1 << 20;
};

struct UpstreamRequest {
  std::string method = "GET";
  std::string url;                 // absolute
  http::Headers headers;           // sent as they are; curl's own defaults (Accept, User-Agent, Expect) are off
  crypto::Secret authorization;    // value of Authorization; empty: none. Apart, so that it is never in a printable type
  // The body: either whole, or pulled from here until it answers an empty part. `body_bytes` is the Content-Length if known.
  std::string body;
  std::function<awaitable<Result<std::string_view>>()> body_source;
  std::optional<std::uint64_t> body_bytes;
};

// An answer whose body is still arriving. Dropping it cancels the transfer.
class UpstreamStream {
 public:
  virtual ~UpstreamStream() = default;
  virtual int status() const = 0;
  virtual const http::Headers& headers() const = 0;
  // The next part; empty at the end. Errors: upstream_broken (short, bad chunk, reset), upstream_timeout.
  virtual awaitable<Result<std::string>> read_some() = 0;
};

class Upstream {
 public:
  explicit Upstream(UpstreamOptions options);
  ~Upstream();  // cancels what is under way

  // The coroutine runs on the caller's executor; only the transfer is on curl's thread.
  // Errors: upstream_unreachable, upstream_timeout, upstream_broken.
  awaitable<Result<std::unique_ptr<UpstreamStream>>> open(UpstreamRequest request);
  // open() and read to the end. Additional error: upstream_too_large.
  awaitable<Result<http::Answer>> fetch(UpstreamRequest request, std::size_t body_bytes_max);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ghmesh::net
