// SPDX-License-Identifier: Apache-2.0 OR MIT
// Perf, the side that is measured: it swallows an upload and sends as many bytes as the client asked for.
// Specification: docs/wire/perf.md.
//
// A stream machine (libp2p/stream/machine.h) that buffers nothing: what arrives is counted, what goes out is a view of
// constant bytes. It lets a stranger use our line, so whoever offers it must have been asked to by the operator.
#pragma once

#include <array>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace ghmesh::perf {

inline constexpr std::string_view kProtocol = "/perf/1.0.0";
inline constexpr std::size_t kRequestBytes = 8;
// Either way. Ten seconds of the fastest pipe that one of our connections can fill.
inline constexpr std::uint64_t kTransferBytesMax = std::uint64_t{16} << 30;
// Without a byte in either direction: as yamux gives up a peer that does not read.
inline constexpr Duration kStallDeadline = 10s;

class Server {
 public:
  struct Options {
    std::uint64_t upload_bytes_max = kTransferBytesMax;
    std::uint64_t download_bytes_max = kTransferBytesMax;
  };

  Server(Options options, Instant now) : options_(options), deadline_(now + kStallDeadline) {}

  // Errors: perf_too_large.
  Result<std::size_t> receive(ByteView bytes, Instant now);
  // Errors: perf_malformed (before the request was whole).
  Result<void> peer_finished(Instant now);
  ByteView pending_output() const;
  void output_sent(std::size_t bytes_count, Instant now);
  bool wants_finish() const { return is_finished_there_ && download_left_ == 0; }
  Result<void> tick(Instant now);
  Instant next_deadline() const { return deadline_; }
  bool is_done() const { return wants_finish(); }

  std::uint64_t uploaded_bytes() const { return uploaded_; }

 private:
  const Options options_;
  std::array<std::byte, kRequestBytes> request_{};
  std::size_t request_bytes_ = 0;  // how much of it has arrived
  std::uint64_t uploaded_ = 0;
  std::uint64_t download_left_ = 0;  // asked for and not yet sent
  bool is_finished_there_ = false;
  Instant deadline_;
};

}  // namespace ghmesh::perf
