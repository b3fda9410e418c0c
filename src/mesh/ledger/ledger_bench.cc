// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <benchmark/benchmark.h>

#include "mesh/ledger/test_ledger.h"

namespace ghmesh::mesh {
namespace {

constexpr int kHeld = 20'000;
const std::string kBody(1'178, 'x');

// Twenty authors, so that none is above its share.
std::unique_ptr<Ledger> filled() {
  auto ledger = std::make_unique<Ledger>(kSelf, LedgerOptions());
  Members members;
  for (int i = 0; i < kHeld; ++i)
    static_cast<void>(
        members.say(*ledger, i % 20, fetched(subject(i), i / 1'000, kBody), i / 1'000));
  return ledger;
}

void LedgerServable(benchmark::State& state) {
  const auto ledger = filled();
  Random random(1);
  int found = 0;
  for (auto _ : state)
    found += ledger->servable(subject(static_cast<int>(random.below(kHeld))), at(20)) != nullptr;
  state.counters["held"] = static_cast<double>(ledger->statements_count());
  state.counters["found"] = static_cast<double>(found) / static_cast<double>(state.iterations());
}
BENCHMARK(LedgerServable);

void LedgerIsOvertaken(benchmark::State& state) {
  const auto ledger = filled();
  const crypto::Digest digest = digest_of(kBody);
  Random random(1);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        ledger->is_overtaken(subject(static_cast<int>(random.below(kHeld))), at(20), digest));
}
BENCHMARK(LedgerIsOvertaken);

void LedgerHear(benchmark::State& state) {
  const auto ledger = filled();
  Members members;
  std::vector<Fetched> said;
  for (int i = 0; i < kHeld; ++i) said.push_back(fetched(subject(i), 0, kBody));
  std::uint64_t seqno = 1'000'000;
  std::int64_t now = 100;
  std::size_t i = 0;
  const Bytes raw(400);
  for (auto _ : state) {
    Fetched& next = said[i++ % said.size()];
    if (i % 1'000 == 0) ++now;
    next.upstream_date = at(now);
    const auto heard = ledger->hear(
        {.author = peer(static_cast<int>(i % 200)), .seqno = ++seqno, .raw = raw}, next, at(now));
    benchmark::DoNotOptimize(heard);
  }
}
BENCHMARK(LedgerHear);

void LedgerSave(benchmark::State& state) {
  const auto ledger = filled();
  for (auto _ : state) benchmark::DoNotOptimize(ledger->save(Ledger::Closing::no, at(20)));
}
BENCHMARK(LedgerSave);

}  // namespace
}  // namespace ghmesh::mesh
