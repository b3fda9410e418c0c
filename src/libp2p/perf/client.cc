// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/perf/client.h"

#include "libp2p/perf/filler.h"
#include "libp2p/stream/machine.h"

namespace ghmesh::perf {

static_assert(stream::StreamMachine<Client>);

Client::Client(Request request, Instant now)
    : request_(request),
      upload_left_(request.upload_bytes),
      started_at_(now),
      sent_at_(now),
      finished_at_(now),
      deadline_(now + kStallDeadline) {
  GHMESH_CHECK(request.upload_bytes <= kTransferBytesMax);
  GHMESH_CHECK(request.download_bytes <= kTransferBytesMax);
  store_big_endian<std::uint64_t>(head_, request.download_bytes);
}

Result<std::size_t> Client::receive(ByteView bytes, Instant now) {
  if (bytes.empty()) return std::size_t{0};
  if (!is_sent() || bytes.size() > request_.download_bytes - downloaded_)
    return Errc::perf_malformed;
  downloaded_ += bytes.size();
  deadline_ = now + kStallDeadline;
  return bytes.size();
}

Result<void> Client::peer_finished(Instant now) {
  if (!is_sent() || downloaded_ < request_.download_bytes) return Errc::perf_malformed;
  is_finished_there_ = true;
  finished_at_ = now;
  deadline_ = Instant::max();
  return {};
}

ByteView Client::pending_output() const {
  if (head_sent_ < kRequestBytes) return ByteView(head_).subspan(head_sent_);
  return filler(upload_left_);
}

void Client::output_sent(std::size_t bytes_count, Instant now) {
  GHMESH_CHECK(bytes_count <= pending_output().size());
  if (bytes_count == 0) return;
  if (head_sent_ < kRequestBytes) head_sent_ += bytes_count;
  else upload_left_ -= bytes_count;
  if (is_sent()) sent_at_ = now;
  deadline_ = now + kStallDeadline;
}

Result<void> Client::tick(Instant now) {
  if (now >= deadline_) return Errc::timed_out;
  return {};
}

}  // namespace ghmesh::perf
