// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the cache costs: a lookup in memory and on disk, a put, opening, and the bytes on disk for each answer of 2 KB.
// Run it where the disk is: TMPDIR says where the stores go.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
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

// The same body with other numbers and hashes, so that many distinct ones can be made of few.
std::string varied(std::string body, Random& random) {
  std::map<std::string, std::string> others;  // what stood for the same thing still does
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_hex = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  for (std::size_t at = 0; at < body.size();) {
    std::size_t end = at;
    while (end < body.size() && is_hex(body[end])) ++end;
    const bool is_hash = end - at == 40;
    if (!is_hash)
      for (end = at; end < body.size() && is_digit(body[end]);) ++end;
    if (end - at >= 3) {
      std::string& other = others[body.substr(at, end - at)];
      if (other.empty())
        other = is_hash
                    ? random_hex(random, 40)
                    : std::to_string(1'000'000'000'000'000 + random.below(1'000'000'000'000'000))
                          .substr(16 - std::min<std::size_t>(end - at, 15));
      if (other.size() == end - at) body.replace(at, end - at, other);
    }
    at = std::max(end, at + 1);
  }
  return body;
}

// Bodies from a folder of recorded answers, one a file (GHMESH_BENCH_BODIES), those of 1 to 4 KB; else made ones, which
// carry more that cannot be guessed than recorded ones do.
std::vector<std::string> sample_bodies() {
  std::vector<std::string> bodies;
  if (const char* folder = std::getenv("GHMESH_BENCH_BODIES")) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      std::ifstream in(file.path(), std::ios::binary);
      std::string body(std::istreambuf_iterator<char>(in), {});
      if (body.size() >= 1024 && body.size() <= 4096) bodies.push_back(std::move(body));
    }
  }
  for (std::uint64_t i = 0;
       bodies.empty() || (bodies.size() < 100 && std::getenv("GHMESH_BENCH_BODIES") == nullptr);
       ++i)
    bodies.push_back(run_body(i));
  return bodies;
}

void DiskBytesPerEntry(benchmark::State& state) {
  DiskDirectory folder;
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = folder.store()});
  const auto bodies = sample_bodies();
  Random random(1);
  const auto count = static_cast<std::uint64_t>(state.range(0));
  double body_bytes = 0;
  for (auto _ : state)
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string body = varied(bodies[i % bodies.size()], random);
      body_bytes += static_cast<double>(body.size());
      GHMESH_CHECK(cache->put(alice, key_number(i), entry_with(body)).has_value());
      if (i % 5000 == 4999) GHMESH_CHECK(cache->flush().has_value());
    }
  GHMESH_CHECK(cache->flush().has_value());
  const Stats stats = cache->stats();
  state.counters["body_bytes"] = body_bytes / static_cast<double>(count);
  state.counters["disk_bytes"] =
      static_cast<double>(stats.disk_bytes) / static_cast<double>(stats.entries_count);
  state.counters["disk_bytes_per_2KB"] = static_cast<double>(stats.disk_bytes) / body_bytes * 2048;
}
BENCHMARK(DiskBytesPerEntry)->Arg(30'000)->Iterations(1);

}  // namespace
}  // namespace ghmesh::cache
