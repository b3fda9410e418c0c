// SPDX-License-Identifier: Apache-2.0 OR MIT
// Anything at all from the peer: the session answers or ends, and stays within its bounds. The first byte of the input
// picks the role, the second how the rest is cut into pieces and how much of the output leaves.
#include <cstdint>

#include "base/check.h"
#include "libp2p/yamux/session.h"

using namespace ghmesh;
using namespace ghmesh::yamux;

namespace {

constexpr Options kOptions{.inbound_streams_max = 8, .receive_bytes_max = 1024 * 1024};

void serve(Session& session, Instant now) {
  while (auto event = session.next_event()) {
    const ByteView bytes = session.readable(event->stream);
    if (event->kind == Event::Kind::readable)
      session.consume(event->stream, bytes.size() / 2 + bytes.size() % 2, now);
    if (event->kind == Event::Kind::opened)
      static_cast<void>(session.write(event->stream, as_bytes("hello"), now));
    if (event->kind == Event::Kind::finished) session.finish(event->stream);
  }
}

void check(const Session& session, std::size_t input_bytes) {
  GHMESH_CHECK(session.streams_count() <= kOptions.inbound_streams_max + 1);
  GHMESH_CHECK(session.unread_bytes() <= input_bytes);
  GHMESH_CHECK(session.held_bytes() <= 2 * (input_bytes + kOutputBytesMax) + kIdleBytesMax);
  GHMESH_CHECK(session.pending_output().size() <= kOutputBytesMax + kAnswerBytesMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Instant now(1h);
  Session session(data[0] % 2 ? Role::dialer : Role::listener, kOptions, now);
  static_cast<void>(session.open_stream());
  const std::size_t piece_bytes = std::size_t{data[1]} + 1;
  ByteView input(reinterpret_cast<const std::byte*>(data) + 2, size - 2);
  while (!input.empty() && session.wants_input()) {
    const ByteView piece = input.first(std::min(piece_bytes, input.size()));
    input = input.subspan(piece.size());
    if (!session.receive(piece, now)) break;
    serve(session, now);
    check(session, size);
    if (data[1] % 3 != 0) session.output_sent(session.pending_output().size() / 2, now);
    now += 1s;
    if (!session.tick(now)) break;
  }
  return 0;
}
