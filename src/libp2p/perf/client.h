// SPDX-License-Identifier: Apache-2.0 OR MIT
// Perf, the side that measures: uploads so many bytes, then downloads so many, and says how long either took.
// Specification: docs/wire/perf.md.
//
// A stream machine (libp2p/stream/machine.h) that buffers nothing.
#pragma once

#include <array>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/perf/server.h"

namespace ghmesh::perf {

struct Request {
  std::uint64_t upload_bytes = 0;
  std::uint64_t download_bytes = 0;
};

class Client {
 public:
  // Each at most kTransferBytesMax: more is refused by our own servers, too.
  Client(Request request, Instant now);

  // Errors: perf_malformed (more than was asked for, or before the upload ended).
  Result<std::size_t> receive(ByteView bytes, Instant now);
  // Errors: perf_malformed (less than was asked for).
  Result<void> peer_finished(Instant now);
  ByteView pending_output() const;
  void output_sent(std::size_t bytes_count, Instant now);
  bool wants_finish() const { return is_sent(); }
  Result<void> tick(Instant now);
  Instant next_deadline() const { return deadline_; }
  bool is_done() const { return is_finished_there_; }

  const Request& request() const { return request_; }
  // After is_done(). The upload ends when the muxer has taken its last byte; the download begins there and ends with
  // the peer's side of the stream, so it includes the rest of the upload's way.
  Duration upload_time() const { return sent_at_ - started_at_; }
  Duration download_time() const { return finished_at_ - sent_at_; }

 private:
  bool is_sent() const { return head_sent_ == kRequestBytes && upload_left_ == 0; }

  const Request request_;
  std::array<std::byte, kRequestBytes> head_{};
  std::size_t head_sent_ = 0;
  std::uint64_t upload_left_;
  std::uint64_t downloaded_ = 0;
  bool is_finished_there_ = false;
  Instant started_at_, sent_at_, finished_at_;
  Instant deadline_;
};

}  // namespace ghmesh::perf
