// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the cache costs: a lookup in memory and on disk, a put, opening, and the bytes on disk for each answer of 2 KB.
// Run it where the disk is: TMPDIR says where the stores go.
#include <benchmark/benchmark.h>

#include <map>

#include "base/log.h"
#include "cache/cache.h"
#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;

class DiskDirectory {
 public:
  DiskDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ghmesh-bench-XXXXXX").string();
    GHMESH_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~DiskDirectory() { std::filesystem::remove_all(path_); }
  std::filesystem::path store() const { return path_ / "store"; }

 private:
  std::filesystem::path path_;
};

void fill(Cache& cache, const github::Principal& principal, std::uint64_t entries_count) {
  for (std::uint64_t i = 0; i < entries_count; ++i) {
    GHMESH_CHECK(cache.put(principal, key_number(i), entry_with(run_body(i))).has_value());
    if (i % 5000 == 4999) GHMESH_CHECK(cache.flush().has_value());
  }
  GHMESH_CHECK(cache.flush().has_value());
}

// A store of so many entries, made once for all benchmarks that read it.
const std::filesystem::path& filled_store(std::uint64_t entries_count) {
  static std::map<std::uint64_t, DiskDirectory> stores;
  const auto [at, is_new] = stores.try_emplace(entries_count);
  static std::map<std::uint64_t, std::filesystem::path> paths;
  if (is_new) {
    auto cache = open_or_die({.directory = at->second.store()});
    fill(*cache, principal_named("alice"), entries_count);
    paths[entries_count] = at->second.store();
  }
  return paths[entries_count];
}

std::vector<std::string> keys(std::uint64_t entries_count) {
  std::vector<std::string> out;
  for (std::uint64_t i = 0; i < entries_count; ++i) out.push_back(key_number(i));
  std::shuffle(out.begin(), out.end(), Random(5));
  return out;
}

void FindInMemory(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = filled_store(count), .memory_bytes_max = 2ull << 30});
  const auto asked = keys(count);
  for (const auto& key : asked) GHMESH_CHECK(cache->find(alice, key) != nullptr);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache->find(alice, asked[i]));
    if (++i == asked.size()) i = 0;
  }
}
BENCHMARK(FindInMemory)->Arg(1000)->Arg(100'000);

void FindOnDisk(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = filled_store(count), .memory_bytes_max = 0});
  const auto asked = keys(count);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache->find(alice, asked[i]));
    if (++i == asked.size()) i = 0;
  }
}
BENCHMARK(FindOnDisk)->Arg(100'000);

void FindNothing(benchmark::State& state) {
  const auto bob = principal_named("bob");
  auto cache = open_or_die({.directory = filled_store(100'000)});
  const auto asked = keys(1000);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(cache->find(bob, asked[i++ % asked.size()]));
}
BENCHMARK(FindNothing);

// Until put() has returned, and (the counter) until the last of them is synced.
void PutFast(benchmark::State& state) {
  DiskDirectory folder;
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = folder.store()});
  std::vector<EntryRef> entries;
  for (std::uint64_t i = 0; i < 10'000; ++i) entries.push_back(entry_with(run_body(i)));
  const auto asked = keys(entries.size());
  std::size_t i = 0;
  const Instant start = read_clocks().instant;
  for (auto _ : state) GHMESH_CHECK(cache->put(alice, asked[i], entries[i]).has_value()), ++i;
  GHMESH_CHECK(cache->flush().has_value());
  const auto spent = std::chrono::duration<double, std::micro>(read_clocks().instant - start);
  state.counters["us_until_synced"] = spent.count() / static_cast<double>(i);
  state.counters["dropped"] = static_cast<double>(cache->stats().puts_dropped);
}
BENCHMARK(PutFast)->Iterations(10'000);

void PutDurable(benchmark::State& state) {
  DiskDirectory folder;
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  std::uint64_t i = 0;
  for (auto _ : state) {
    GHMESH_CHECK(cache->put(alice, key_number(i), entry_with(run_body(i))).has_value());
    ++i;
  }
}
BENCHMARK(PutDurable)->Unit(benchmark::kMicrosecond)->Iterations(500)->UseRealTime();

void OpenStore(benchmark::State& state) {
  const auto& store = filled_store(100'000);
  for (auto _ : state) {
    auto cache = open_or_die({.directory = store});
    state.PauseTiming();
    cache = nullptr;
    state.ResumeTiming();
  }
}
BENCHMARK(OpenStore)->Unit(benchmark::kMicrosecond)->Iterations(50)->UseRealTime();

// After a kill: the whole file is walked first.
void OpenStoreWithProbe(benchmark::State& state) {
  const auto& store = filled_store(100'000);
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove(store / "owners");
    state.ResumeTiming();
    auto cache = open_or_die({.directory = store});
    state.PauseTiming();
    GHMESH_CHECK(cache->stats().quarantines == 0);
    cache = nullptr;
    state.ResumeTiming();
  }
}
BENCHMARK(OpenStoreWithProbe)->Unit(benchmark::kMillisecond)->Iterations(5)->UseRealTime();

void DiskBytesPerEntry(benchmark::State& state) {
  auto cache = open_or_die({.directory = filled_store(100'000)});
  for (auto _ : state) benchmark::DoNotOptimize(cache->stats());
  const Stats stats = cache->stats();
  std::uint64_t body_bytes = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) body_bytes += run_body(i).size();
  state.counters["body_bytes"] = static_cast<double>(body_bytes) / 1000;
  state.counters["disk_bytes"] =
      static_cast<double>(stats.disk_bytes) / static_cast<double>(stats.entries_count);
  state.counters["file_bytes"] =
      static_cast<double>(std::filesystem::file_size(filled_store(100'000) / "data.mdb")) /
      static_cast<double>(stats.entries_count);
}
BENCHMARK(DiskBytesPerEntry)->Iterations(1);

}  // namespace
}  // namespace ghmesh::cache
