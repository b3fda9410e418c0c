// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a C++ program pays for ghmesh::Cache. Aims: a fresh value of a warm cache in 500 ns; opening in 5 ms whatever
// the number of entries. The same from Python, beside its predecessor: bench/library.py. TMPDIR says where the caches
// go.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/check.h"
#include "ghmesh/cache.h"

namespace {

using namespace ghmesh;
namespace fs = std::filesystem;

class Directory {
 public:
  Directory() {
    std::string name = fs::temp_directory_path() / "ghmesh-bench-XXXXXX";
    GHMESH_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  CacheOptions options() const {
    CacheOptions options;
    options.directory = path_ / "cache";
    options.state_directory = path_ / "state";
    return options;
  }

 private:
  fs::path path_;
};

Key key_number(std::int64_t number) {
  return Key("get_repo_info", {"octocat/repository-" + std::to_string(number)});
}

std::string document(std::int64_t number) {
  const std::string name = "octocat/repository-" + std::to_string(number);
  std::string json = R"({"full_name":")" + name + R"(","updatedAt":"2026-01-26T19:14:43Z")";
  for (int i = 0; json.size() < 1000; ++i)
    json += ",\"url_" + std::to_string(i) + "\":\"https://api.github.com/repos/" + name + "\"";
  return json + "}";
}

void fill(Cache& cache, std::int64_t entries_count) {
  for (std::int64_t number = 0; number < entries_count; ++number)
    GHMESH_CHECK(!cache.put(key_number(number), document(number)));
  GHMESH_CHECK(!cache.flush());
}

const Directory& filled(std::int64_t entries_count) {
  static std::map<std::int64_t, Directory> directories;
  const auto [at, is_new] = directories.try_emplace(entries_count);
  if (is_new) {
    Cache cache(at->second.options());
    fill(cache, entries_count);
  }
  return at->second;
}

void get(benchmark::State& state) {
  Cache cache(filled(state.range(0)).options());
  std::vector<Key> keys;
  for (std::int64_t number = 0; number < state.range(0); ++number)
    keys.push_back(key_number(number));
  for (const Key& key : keys) GHMESH_CHECK(cache.get(key).has_value());
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.get(keys[next]));
    next = (next + 1) % keys.size();
  }
}
BENCHMARK(get)->Arg(1)->Arg(1'000)->Arg(20'000)->Name("get, held in memory, of so many");

void get_with_a_new_key(benchmark::State& state) {
  Cache cache(filled(1).options());
  for (auto _ : state) benchmark::DoNotOptimize(cache.get(key_number(0)));
}
BENCHMARK(get_with_a_new_key)->Name("get, its key made anew");

void get_from_disk(benchmark::State& state) {
  CacheOptions options = filled(100'000).options();
  options.memory_bytes_max = 0;
  Cache cache(std::move(options));
  std::int64_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.get(key_number(next)));
    next = (next + 7919) % 100'000;
  }
}
BENCHMARK(get_from_disk)->Name("get, from the store of 100,000");

void put(benchmark::State& state) {
  const Directory directory;
  Cache cache(directory.options());
  const std::string data = document(0);
  std::int64_t next = 0;
  for (auto _ : state) {
    cache.put(key_number(next++ % 3000), data);
    if (next % 3000 == 0) {
      state.PauseTiming();
      GHMESH_CHECK(!cache.flush());
      state.ResumeTiming();
    }
  }
}
BENCHMARK(put)->Name("put, of the caller, bursts of 3,000");

void open_and_close(benchmark::State& state) {
  const Directory& directory = filled(state.range(0));
  for (auto _ : state) {
    std::optional<Cache> cache(std::in_place, directory.options());
    state.PauseTiming();
    cache.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(open_and_close)
    ->Arg(1)
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond)
    ->Name("open, of so many");

}  // namespace
