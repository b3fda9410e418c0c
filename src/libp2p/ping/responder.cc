// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/ping/responder.h"

#include <algorithm>

#include "libp2p/stream/machine.h"

namespace ghmesh::ping {

static_assert(stream::StreamMachine<Responder>);

Result<std::size_t> Responder::receive(ByteView bytes, Instant now) {
  GHMESH_CHECK(!is_finished_there_);
  const ByteView taken = bytes.first(std::min(bytes.size(), kHeldBytesMax - held_.size()));
  // From the first byte of a ping: one that trickles in does not push its deadline away.
  if (held_.empty() && !taken.empty()) deadline_ = now + kDeadline;
  append(held_, taken);
  received_ += taken.size();
  return taken.size();
}

Result<void> Responder::peer_finished(Instant /*now*/) {
  if (received_ % kPingBytes != 0) return Errc::ping_malformed;
  is_finished_there_ = true;
  return {};
}

ByteView Responder::pending_output() const {
  // Only whole pings go back, so what is held ends with whatever has come of the next one.
  const auto begun = static_cast<std::size_t>(received_ % kPingBytes);
  return ByteView(held_).first(held_.size() - begun);
}

void Responder::output_sent(std::size_t bytes_count, Instant now) {
  GHMESH_CHECK(bytes_count <= pending_output().size());
  if (bytes_count == 0) return;
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(bytes_count));
  deadline_ = held_.empty() ? Instant::max() : now + kDeadline;
}

Result<void> Responder::tick(Instant now) {
  if (now >= deadline_) return Errc::timed_out;
  return {};
}

}  // namespace ghmesh::ping
