// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a message of 1 KB costs one router: verified and forwarded, seen again, published.
#include <benchmark/benchmark.h>

#include "libp2p/gossipsub/test_router.h"

namespace ghmesh::gossipsub {
namespace {

constexpr std::size_t kMessages = 4096;

const std::vector<Bytes>& rpcs() {
  static const std::vector<Bytes> written = [] {
    std::vector<Bytes> all;
    const Bytes data(1024, std::byte{7});
    for (std::uint64_t seqno = 1; seqno <= kMessages; ++seqno)
      all.push_back(write_rpc({.messages = {TestRouter::message(9, seqno, data)}}));
    return all;
  }();
  return written;
}

std::unique_ptr<TestRouter> with_mesh(std::int64_t peers) {
  auto test = std::make_unique<TestRouter>();
  for (std::int64_t number = 1; number <= peers; ++number)
    test->add_mesh_peer(static_cast<std::uint64_t>(number));
  return test;
}

void drain(TestRouter& test) {
  while (auto output = test.router.next_output()) benchmark::DoNotOptimize(output);
  while (auto event = test.router.next_event()) benchmark::DoNotOptimize(event);
}

// New messages from peer 1, forwarded to the others, 10,000 a second.
void GossipVerifyAndForward(benchmark::State& state) {
  const PeerId from = TestRouter::id_of(1);
  std::unique_ptr<TestRouter> test;
  std::size_t next = kMessages;
  for (auto _ : state) {
    if (next == kMessages) {
      state.PauseTiming();
      rpcs();
      test = with_mesh(state.range(0));
      next = 0;
      state.ResumeTiming();
    }
    GHMESH_CHECK(test->router.receive(from, rpcs()[next++], test->now).has_value());
    drain(*test);
    test->pass(100us);
    drain(*test);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(GossipVerifyAndForward)->Arg(1)->Arg(7)->Arg(12);

// The same from peer 2, who says nothing new.
void GossipDuplicate(benchmark::State& state) {
  const auto test = with_mesh(7);
  for (const Bytes& rpc : rpcs())
    GHMESH_CHECK(test->router.receive(TestRouter::id_of(1), rpc, test->now).has_value());
  drain(*test);
  const PeerId from = TestRouter::id_of(2);
  std::size_t next = 0;
  for (auto _ : state)
    GHMESH_CHECK(test->router.receive(from, rpcs()[next++ % kMessages], test->now).has_value());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(GossipDuplicate);

void GossipPublish(benchmark::State& state) {
  const auto test = with_mesh(state.range(0));
  const Bytes data(1024, std::byte{7});
  for (auto _ : state) {
    GHMESH_CHECK(test->router.publish("news", data, test->now).has_value());
    drain(*test);
    test->pass(100us);
    drain(*test);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(GossipPublish)->Arg(1)->Arg(7);

}  // namespace
}  // namespace ghmesh::gossipsub
