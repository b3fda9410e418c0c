// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a connection pays for Noise: the handshake of both sides, and bytes through both of them.
#include <benchmark/benchmark.h>

#include "libp2p/noise/session.h"

namespace ghmesh::noise {
namespace {

void carry(Session& from, Session& to) {
  GHMESH_CHECK(to.receive(from.pending_output()).has_value());
  from.output_sent(from.pending_output().size());
}

struct Pair {
  Pair()
      : dialer(Role::dialer, dialer_identity, {.muxers = {"/yamux/1.0.0"}}),
        listener(Role::listener, listener_identity, {.muxers = {"/yamux/1.0.0"}}) {
    carry(dialer, listener);
    carry(listener, dialer);
    carry(dialer, listener);
    GHMESH_CHECK(dialer.is_established() && listener.is_established());
  }
  static inline const keys::PrivateKey dialer_identity = keys::PrivateKey::generate();
  static inline const keys::PrivateKey listener_identity = keys::PrivateKey::generate();
  Session dialer, listener;
};

// Both sides on one core.
void NoiseHandshake(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Pair().dialer.is_established());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(NoiseHandshake);

// Sealed by one side and opened by the other, on one core: each side alone is about twice as fast.
void NoiseBytes(benchmark::State& state) {
  Pair pair;
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) {
    GHMESH_CHECK(*pair.dialer.write(bytes) == bytes.size());
    carry(pair.dialer, pair.listener);
    pair.listener.consume(pair.listener.readable().size());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(NoiseBytes)->Arg(100)->Arg(1'000)->Arg(16'384)->Arg(65'519)->Arg(4 * 65'519);

// The same in reads of 64 KiB, which cut frames anywhere, as a socket does.
void NoiseBytesInPieces(benchmark::State& state) {
  constexpr std::size_t kReadBytes = 65'536;
  Pair pair;
  const Bytes bytes(2 * kPlaintextBytesMax, std::byte{7});
  std::size_t sent = 0;
  for (auto _ : state) {
    sent += *pair.dialer.write(bytes);
    while (pair.dialer.pending_output().size() >= kReadBytes) {
      GHMESH_CHECK(
          pair.listener.receive(pair.dialer.pending_output().first(kReadBytes)).has_value());
      pair.dialer.output_sent(kReadBytes);
      pair.listener.consume(pair.listener.readable().size());
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(sent));
}
BENCHMARK(NoiseBytesInPieces);

}  // namespace
}  // namespace ghmesh::noise
