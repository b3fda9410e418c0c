// SPDX-License-Identifier: Apache-2.0 OR MIT
// What an upstream call costs: small fetches and a large stream from a server on loopback in the same process. CPU is
// that of curl's thread and of the caller together; the server's is left out.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "net/test_origin.h"
#include "net/test_run.h"
#include "net/upstream.h"

namespace ghmesh::net {
namespace {

// The server's threads add what they used, so that it can be subtracted.
std::atomic<std::int64_t> server_cpu{0};

std::int64_t microseconds(const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; }
std::int64_t cpu_of(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

test::TestOrigin::Script counted(test::TestOrigin::Script script) {
  return [script = std::move(script)](test::Peer& peer, const std::string& head) {
    const bool goes_on = script(peer, head);
    thread_local std::int64_t before = 0;
    const std::int64_t now = cpu_of(RUSAGE_THREAD);
    server_cpu += now - before;
    before = now;
    return goes_on;
  };
}

void fetch_small(benchmark::State& state) {
  const std::string answer = test::answer_with_length(std::string(2048, 'x'));
  test::TestOrigin origin(
      counted([&](test::Peer& peer, const std::string&) { return peer.write(answer); }));
  asio::io_context context;
  Upstream upstream({});
  const int callers_count = static_cast<int>(state.range(0));
  constexpr int kRounds = 200;
  const auto ask = [&]() -> awaitable<void> {
    for (int i = 0; i < kRounds; ++i) {
      UpstreamRequest request;
      request.url = origin.url("/user");
      request.headers.add("Accept", "application/vnd.github+json");
      request.headers.add("User-Agent", "ghmesh");
      request.authorization = crypto::Secret("token 0123456789012345678901234567890123456789");
      auto fetched = co_await upstream.fetch(std::move(request), 1 << 20);
      if (!fetched) state.SkipWithError("a fetch failed");
    }
  };
  std::int64_t cpu = 0;
  std::int64_t fetches_count = 0;
  for (auto _ : state) {
    const std::int64_t before = cpu_of(RUSAGE_SELF) - server_cpu;
    for (int i = 0; i < callers_count; ++i) asio::co_spawn(context, ask(), asio::detached);
    context.restart();
    context.run();
    cpu += cpu_of(RUSAGE_SELF) - server_cpu - before;
    fetches_count += callers_count * kRounds;
  }
  state.SetItemsProcessed(fetches_count);
  state.counters["cpu_us_per_fetch"] =
      static_cast<double>(cpu) / static_cast<double>(fetches_count);
}
BENCHMARK(fetch_small)->Arg(1)->Arg(8)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);

void stream_large(benchmark::State& state) {
  constexpr std::size_t kBytes = 256 << 20;
  const std::string block(1 << 18, 'b');
  test::TestOrigin origin(counted([&](test::Peer& peer, const std::string&) {
    bool goes_on =
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
    for (std::size_t at = 0; goes_on && at < kBytes; at += block.size())
      goes_on = peer.write(block);
    return goes_on;
  }));
  asio::io_context context;
  Upstream upstream({});
  std::int64_t cpu = 0;
  std::size_t bytes_count = 0;
  auto reading = [&]() -> awaitable<bool> {
    UpstreamRequest request;
    request.url = origin.url();
    auto stream = co_await upstream.open(std::move(request));
    for (;;) {
      auto part = co_await (*stream)->read_some();
      if (!part) co_return false;
      if (part->empty()) co_return true;
      bytes_count += part->size();
    }
  };
  for (auto _ : state) {
    const std::int64_t before = cpu_of(RUSAGE_SELF) - server_cpu;
    if (!test::run(context, reading())) state.SkipWithError("the stream failed");
    cpu += cpu_of(RUSAGE_SELF) - server_cpu - before;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes_count));
  state.counters["cpu_us_per_MB"] =
      static_cast<double>(cpu) / (static_cast<double>(bytes_count) / 1e6);
}
BENCHMARK(stream_large)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ghmesh::net
