// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/ping/pinger.h"

#include "libp2p/stream/machine.h"

namespace ghmesh::ping {

static_assert(stream::StreamMachine<Pinger>);

void Pinger::ping(const Payload& payload, Instant now) {
  GHMESH_CHECK(!is_waiting() && !is_finished_here_);
  payload_ = payload;
  payload_sent_ = payload_returned_ = 0;
  sent_at_ = now;
  deadline_ = now + kDeadline;
}

void Pinger::finish(Instant now) {
  is_finished_here_ = true;
  if (!is_waiting()) deadline_ = now + kDeadline;  // for the peer to finish, too
}

Result<std::size_t> Pinger::receive(ByteView bytes, Instant now) {
  if (!is_waiting() || bytes.size() > payload_sent_ - payload_returned_)
    return Errc::ping_wrong_echo;
  if (!equal(bytes, ByteView(payload_).subspan(payload_returned_, bytes.size())))
    return Errc::ping_wrong_echo;
  payload_returned_ += bytes.size();
  if (payload_returned_ == kPingBytes) {
    round_trip_ = now - *sent_at_;
    sent_at_.reset();
    deadline_ = is_finished_here_ ? now + kDeadline : Instant::max();
  }
  return bytes.size();
}

Result<void> Pinger::peer_finished(Instant /*now*/) {
  if (is_waiting()) return Errc::ping_malformed;
  is_finished_there_ = true;
  return {};
}

void Pinger::output_sent(std::size_t bytes_count, Instant /*now*/) {
  GHMESH_CHECK(bytes_count <= kPingBytes - payload_sent_);
  payload_sent_ += bytes_count;
}

Result<void> Pinger::tick(Instant now) {
  if (now >= deadline_) return Errc::timed_out;
  return {};
}

}  // namespace ghmesh::ping
