// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the layers of a connection cost together, in memory, both ends on one core; and beside it what encryption alone
// costs: the rest is ours.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <vector>

#include "crypto/counter_cipher.h"
#include "libp2p/connection/connection.h"

namespace ghmesh::connection {
namespace {

constexpr std::string_view kEcho = "/echo/1.0.0";

class Pair {
 public:
  Pair()
      : dialer_(Role::dialer, dialer_identity, protocols, {}, now_),
        listener_(Role::listener, listener_identity, protocols, {}, now_) {
    settle();
    GHMESH_CHECK(dialer_.is_established() && listener_.is_established());
  }

  StreamId open() { return *dialer_.open_stream({std::string(kEcho)}, now_); }

  // Until the other end has read all of it. How many bytes of the stream it read.
  std::size_t send(StreamId stream, ByteView bytes) {
    return send(dialer_, listener_, stream, bytes);
  }
  std::size_t answer(StreamId stream, ByteView bytes) {
    return send(listener_, dialer_, stream, bytes);
  }
  void close(StreamId stream) {
    dialer_.finish(stream);
    listener_.finish(stream);
    settle();
    GHMESH_CHECK(dialer_.streams_count() == 0 && listener_.streams_count() == 0);
  }
  // As a day of keepalives leaves it.
  void rest() {
    for (int i = 0; i < 24 * 60 * 2; ++i) {
      now_ += 30s;
      GHMESH_CHECK(dialer_.tick(now_).has_value() && listener_.tick(now_).has_value());
      settle();
    }
  }

 private:
  // One piece of a size that sockets give.
  bool carry(Connection& from, Connection& to) {
    constexpr std::size_t kReadBytes = 65'536;
    const ByteView output = from.pending_output(now_);
    const ByteView piece = output.first(std::min(output.size(), kReadBytes));
    if (piece.empty()) return false;
    GHMESH_CHECK(to.receive(piece, now_).has_value());
    from.output_sent(piece.size(), now_);
    while (from.next_event() || to.next_event()) {
    }
    return true;
  }
  void settle() {
    while (carry(dialer_, listener_) || carry(listener_, dialer_)) {
    }
  }
  std::size_t read_all(Connection& connection, StreamId stream) {
    const std::size_t bytes_count = connection.readable(stream).size();
    connection.consume(stream, bytes_count, now_);
    return bytes_count;
  }
  std::size_t send(Connection& from, Connection& to, StreamId stream, ByteView bytes) {
    std::size_t sent = 0, read = 0;
    while (sent < bytes.size()) {
      sent += *from.write(stream, bytes.subspan(sent), now_);
      do read += read_all(to, stream);
      while (carry(from, to));
      settle();
    }
    return read + read_all(to, stream);
  }

  static inline const keys::PrivateKey dialer_identity = keys::PrivateKey::generate();
  static inline const keys::PrivateKey listener_identity = keys::PrivateKey::generate();
  static inline const auto protocols =
      std::make_shared<const std::vector<std::string>>(1, std::string(kEcho));
  Instant now_ = Instant(1h);
  Connection dialer_, listener_;
};

void ConnectionHandshake(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Pair());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ConnectionHandshake);

// Open, agree on the protocol, ask, answer, close.
void ConnectionStream(benchmark::State& state) {
  Pair pair;
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) {
    const StreamId stream = pair.open();
    GHMESH_CHECK(pair.send(stream, bytes) == bytes.size());
    GHMESH_CHECK(pair.answer(stream, bytes) == bytes.size());
    pair.close(stream);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ConnectionStream)->Arg(100);

void ConnectionBytes(benchmark::State& state) {
  Pair pair;
  const StreamId stream = pair.open();
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  std::size_t received = 0;
  for (auto _ : state) received += pair.send(stream, bytes);
  state.SetBytesProcessed(static_cast<std::int64_t>(received));
}
BENCHMARK(ConnectionBytes)->Arg(100)->Arg(1'024)->Arg(16'384)->Arg(65'536)->Arg(1 << 20);

void SealAndOpenAlone(benchmark::State& state) {
  const crypto::Secret key(Bytes(crypto::kCounterKeyBytes, std::byte{1}));
  crypto::CounterSealer sealer(key);
  crypto::CounterOpener opener(key);
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  Bytes sealed(bytes.size() + crypto::kCounterTagBytes), opened(bytes.size());
  for (auto _ : state) {
    GHMESH_CHECK(sealer.seal({}, bytes, sealed).has_value());
    GHMESH_CHECK(opener.open({}, sealed, opened).has_value());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(SealAndOpenAlone)->Arg(100)->Arg(1'024)->Arg(16'384)->Arg(65'519);

// What one end holds while nobody says anything, with one stream open: fresh, and a quiet day after so many bytes went
// through. The heap as the C library counts it, with OpenSSL's part and the machines themselves.
void IdleConnection(benchmark::State& state) {
  constexpr std::size_t kPairs = 100;
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  std::size_t used = 0;
  for (auto _ : state) {
    const std::size_t before = ::mallinfo2().uordblks;
    std::vector<std::unique_ptr<Pair>> pairs;
    for (std::size_t i = 0; i < kPairs; ++i) {
      pairs.push_back(std::make_unique<Pair>());
      pairs.back()->send(pairs.back()->open(), bytes);
      if (bytes.size() > 1) pairs.back()->rest();
    }
    used = ::mallinfo2().uordblks - before;
  }
  state.counters["bytes_per_end"] = static_cast<double>(used) / kPairs / 2;
}
BENCHMARK(IdleConnection)->Arg(1)->Arg(4 << 20)->Iterations(1);

}  // namespace
}  // namespace ghmesh::connection
