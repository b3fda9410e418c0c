// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a session costs without anything below it: bytes through one stream, and streams that open, ask, answer and
// close. Both sides on one core.
#include <benchmark/benchmark.h>

#include "libp2p/yamux/session.h"

namespace ghmesh::yamux {
namespace {

const Instant kNow = Instant(1h);

struct Pair {
  void carry(Session& from, Session& to) {
    GHMESH_CHECK(to.receive(from.pending_output(), kNow).has_value());
    from.output_sent(from.pending_output().size(), kNow);
  }
  // What `session` has to read on `stream`: read, and counted.
  static std::size_t read(Session& session, StreamId stream) {
    while (session.next_event()) {
    }
    const std::size_t bytes_count = session.readable(stream).size();
    session.consume(stream, bytes_count, kNow);
    return bytes_count;
  }

  Session dialer{Role::dialer, {}, kNow};
  Session listener{Role::listener, {}, kNow};
};

void YamuxBytes(benchmark::State& state) {
  Pair pair;
  const StreamId stream = *pair.dialer.open_stream();
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  std::size_t received = 0;
  for (auto _ : state) {
    GHMESH_CHECK(*pair.dialer.write(stream, bytes, kNow) == bytes.size());
    pair.carry(pair.dialer, pair.listener);
    received += Pair::read(pair.listener, stream);
    pair.carry(pair.listener, pair.dialer);
    Pair::read(pair.dialer, stream);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(received));
}
BENCHMARK(YamuxBytes)->Arg(100)->Arg(1'024)->Arg(16'384)->Arg(65'507)->Arg(2 * 65'507);

// Beside so many other streams that are open and silent.
void YamuxStream(benchmark::State& state) {
  Pair pair;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    GHMESH_CHECK(pair.dialer.open_stream().has_value());
  pair.carry(pair.dialer, pair.listener);
  pair.carry(pair.listener, pair.dialer);
  const ByteView text = as_bytes("a question, and the same again for an answer");
  for (auto _ : state) {
    const StreamId stream = *pair.dialer.open_stream();
    GHMESH_CHECK(*pair.dialer.write(stream, text, kNow) == text.size());
    pair.dialer.finish(stream);
    pair.carry(pair.dialer, pair.listener);
    GHMESH_CHECK(Pair::read(pair.listener, stream) == text.size());
    GHMESH_CHECK(*pair.listener.write(stream, text, kNow) == text.size());
    pair.listener.finish(stream);
    pair.carry(pair.listener, pair.dialer);
    GHMESH_CHECK(Pair::read(pair.dialer, stream) == text.size());
  }
  GHMESH_CHECK(pair.dialer.streams_count() == static_cast<std::size_t>(state.range(0)));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(YamuxStream)->Arg(0)->Arg(200);

}  // namespace
}  // namespace ghmesh::yamux
