// SPDX-License-Identifier: Apache-2.0 OR MIT
// HTTP towards GitHub: libcurl's multi interface on a thread of its own, offered as coroutines.
//
// TLS 1.2 or newer with verified certificates; connections are reused. No redirect is followed, no .netrc read, no
// proxy taken from the environment unless configured. A body streams through a bounded buffer: a client that reads
// slowly slows the upstream down instead of filling memory.
//
// fetch() uses HTTP/2 where it is offered. open() stays with HTTP/1.1: its reader sets the pace, and in libcurl 7.88 a
// stream that is paused stops every other stream of its HTTP/2 connection.
//
// An answer counts only when its end is known: by Content-Length, chunks or HTTP/2. One that ends with its connection
// could be cut short unseen, and is upstream_broken.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "http/message.h"
#include "net/runtime.h"

namespace ghmesh::net {

class CurlThread;

struct UpstreamOptions {
  std::string proxy;    // empty: none
  std::string ca_file;  // empty: the system's
  // Every connection goes here, whatever host the URL names: another process of this machine. Empty: none.
  std::string unix_socket;
  bool http1_only = false;
  // GitHub allows 100 at once over REST and GraphQL together.
  std::size_t concurrent_count_max = 90;
  // For one of these, first come, first served; beyond: limit_reached.
  std::size_t waiting_count_max = 4096;
  Duration connect_deadline = 10s;  // name, connection and TLS
  // Until the answer's head is complete, counted from the last byte of an upload.
  Duration head_deadline = 60s;
  Duration stall_deadline = 30s;  // between two parts of a body
  // A whole fetch(): an answer that drips does not hold a place for ever.
  Duration fetch_deadline = 180s;
  std::size_t stream_buffer_bytes = 1 << 20;
};

// decode: we ask for gzip ourselves, whatever Accept-Encoding `headers` holds, and give the identity bytes;
// Content-Encoding and Content-Length are taken out of the answer, its ETag stays as it was sent (weak, when it was
// compressed). as_is: the caller's Accept-Encoding is sent, and the body and its fields come untouched.
enum class Encoding { decode, as_is };

struct UpstreamRequest {
  std::string method = "GET";
  std::string url;  // absolute
  // Sent as they are, and nothing else: curl's own defaults (Accept, User-Agent, Expect) are off. Host, Authorization
  // and what concerns the connection or the framing is ours; such fields are left out.
  http::Headers headers;
  // Value of Authorization; empty: none. Apart, so that it is never in a printable type.
  crypto::Secret authorization;
  // The body: either whole, or pulled from here until it answers an empty part. `body_bytes` is the Content-Length if
  // known. body_source is called only while the caller waits in open(), read_some() or fetch(), on the caller's
  // executor.
  std::string body;
  std::function<awaitable<Result<std::string_view>>()> body_source;
  std::optional<std::uint64_t> body_bytes;
  Encoding encoding = Encoding::decode;
};

// What happened since the start. Failures are counted once per request, by their reason.
struct UpstreamStats {
  std::atomic<std::uint64_t> requests_total{0}, answers_total{0}, connections_total{0},
      http1_retries_total{0};
  std::atomic<std::uint64_t> failed_unreachable{0}, failed_timeout{0}, failed_broken{0},
      failed_too_large{0}, failed_limit_reached{0}, failed_other{0}, cancelled_total{0};
  std::atomic<std::uint64_t> active_count{0}, waiting_count{0};  // now
  std::atomic<std::uint64_t> sent_bytes_total{0},
      received_bytes_total{0};                            // heads and bodies, without TLS
  std::atomic<std::uint64_t> buffer_bytes_high_water{0};  // of one stream, ever
};

// An answer whose body is still arriving. Dropping it cancels the transfer.
class UpstreamStream {
 public:
  virtual ~UpstreamStream() = default;
  virtual int status() const = 0;
  // Spelled and repeated as they came. Interim heads, trailers and the fields of one connection are dropped.
  virtual const http::Headers& headers() const = 0;
  // The next part; empty at the end. Errors: upstream_broken (short, bad chunk, reset), upstream_timeout, cancelled,
  // and what body_source answered.
  virtual awaitable<Result<std::string>> read_some() = 0;
};

// Thread-safe. Every io_context on which a caller ran must outlive it, even when nobody waits any more: curl's thread
// may still be on its way out of the post() that woke the last one.
class Upstream {
 public:
  explicit Upstream(UpstreamOptions options);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream();  // cancels what is under way; callers resume with Errc::cancelled

  // Loads libcurl and starts its thread now, in the background, instead of with the first request.
  void warm_up();

  // The coroutine runs on the caller's executor; only the transfer is on curl's thread. A caller that is cancelled
  // (asio::cancellation_signal) or drops its stream cancels the transfer. Errors: upstream_unreachable (name,
  // connection, TLS), upstream_timeout, upstream_broken, limit_reached (too many wait), cancelled, malformed (the
  // request), and what body_source answered.
  awaitable<Result<std::unique_ptr<UpstreamStream>>> open(UpstreamRequest request);
  // open() and read to the end. Additional error: upstream_too_large, for more than body_bytes_max decoded bytes.
  awaitable<Result<http::Answer>> fetch(UpstreamRequest request, std::size_t body_bytes_max);

  const UpstreamStats& stats() const;

 private:
  std::shared_ptr<CurlThread> thread_;
};

}  // namespace ghmesh::net
