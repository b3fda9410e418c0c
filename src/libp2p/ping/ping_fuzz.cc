// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any peer that asks: every whole ping comes back as it is, in order, and little is held. Any peer that answers: only
// the ping itself is taken for its echo. The first two bytes of the input say how the rest is cut and how much of the
// output is taken.
#include <cstdint>

#include "base/check.h"
#include "libp2p/ping/pinger.h"
#include "libp2p/ping/responder.h"

using namespace ghmesh;
using namespace ghmesh::ping;

namespace {

constexpr Instant kStart = Instant(1h);

void ask(ByteView input, std::size_t piece_bytes, std::size_t taken_bytes) {
  Responder responder(kStart);
  Bytes echoed;
  ByteView rest = input;
  while (!rest.empty()) {
    const ByteView piece = rest.first(std::min(piece_bytes, rest.size()));
    rest = rest.subspan(*responder.receive(piece, kStart));
    const ByteView output = responder.pending_output();
    GHMESH_CHECK(output.size() <= kHeldBytesMax);
    const std::size_t part = std::min(output.size(), taken_bytes);
    append(echoed, output.first(part));
    responder.output_sent(part, kStart);
  }
  append(echoed, responder.pending_output());
  responder.output_sent(responder.pending_output().size(), kStart);
  GHMESH_CHECK(equal(echoed, input.first(input.size() / kPingBytes * kPingBytes)));
  GHMESH_CHECK(bool(responder.peer_finished(kStart)) == (input.size() % kPingBytes == 0));
}

void answer(ByteView input, std::size_t piece_bytes) {
  const Pinger::Payload payload{};
  Pinger pinger(kStart);
  pinger.ping(payload, kStart);
  pinger.output_sent(kPingBytes, kStart);
  for (ByteView rest = input; !rest.empty();) {
    const ByteView piece = rest.first(std::min(piece_bytes, rest.size()));
    if (!pinger.receive(piece, kStart)) break;
    rest = rest.subspan(piece.size());
  }
  if (!pinger.is_waiting()) GHMESH_CHECK(equal(input.first(kPingBytes), payload));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data) + 2, size - 2);
  ask(input, std::size_t{data[0]} + 1, std::size_t{data[1]} + 1);
  answer(input, std::size_t{data[0]} + 1);
  return 0;
}
