// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/perf/server.h"

#include "libp2p/perf/filler.h"
#include "libp2p/stream/machine.h"

namespace ghmesh::perf {

static_assert(stream::StreamMachine<Server>);

Result<std::size_t> Server::receive(ByteView bytes, Instant now) {
  GHMESH_CHECK(!is_finished_there_);
  if (bytes.empty()) return std::size_t{0};
  deadline_ = now + kStallDeadline;
  const ByteView more = bytes.first(std::min(bytes.size(), kRequestBytes - request_bytes_));
  std::ranges::copy(more, request_.begin() + static_cast<std::ptrdiff_t>(request_bytes_));
  request_bytes_ += more.size();
  if (request_bytes_ < kRequestBytes) return bytes.size();

  // A request that is too large is refused at once, and not after its upload.
  download_left_ = load_big_endian<std::uint64_t>(request_);
  if (download_left_ > options_.download_bytes_max) return Errc::perf_too_large;
  const std::size_t upload_bytes = bytes.size() - more.size();
  if (upload_bytes > options_.upload_bytes_max - uploaded_) return Errc::perf_too_large;
  uploaded_ += upload_bytes;
  return bytes.size();
}

Result<void> Server::peer_finished(Instant now) {
  if (request_bytes_ < kRequestBytes) return Errc::perf_malformed;
  is_finished_there_ = true;
  deadline_ = now + kStallDeadline;
  return {};
}

ByteView Server::pending_output() const {
  // Not before the upload has ended (perf.md, "Protocol").
  return is_finished_there_ ? filler(download_left_) : ByteView();
}

void Server::output_sent(std::size_t bytes_count, Instant now) {
  GHMESH_CHECK(bytes_count <= pending_output().size());
  if (bytes_count == 0) return;
  download_left_ -= bytes_count;
  deadline_ = now + kStallDeadline;
}

Result<void> Server::tick(Instant now) {
  if (now >= deadline_ && !is_done()) return Errc::timed_out;
  return {};
}

}  // namespace ghmesh::perf
