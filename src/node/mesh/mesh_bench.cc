// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a swarm costs a request that this node answers by itself; without a swarm it costs nothing.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "node/mesh/mesh_node.h"

namespace ghmesh::node {
namespace {

constexpr int kKeys = 1'000;

// A member without sockets, which holds what it has fetched.
class Lonely {
 public:
  Lonely()
      : folder_(make_folder()),
        node_({.secret = mesh::SwarmSecret::generate(), .state_dir = folder_, .version = "bench"},
              [] { return mesh::NodeFigures{}; }) {
    caller_.credential = *github::parse_credential("token ghp_0123456789abcdefghij");
    caller_.principal = github::derive_principal(caller_.credential, as_bytes("salt"));
    caller_.standing = std::make_shared<proxy::Standing>();
    const WallTime now = read_clocks().wall;
    for (int i = 0; i < kKeys; ++i) {
      paths_.push_back("/repos/octo-org/widgets/issues/" + std::to_string(i));
      keys_.push_back("GET https://api.github.com" + paths_.back() +
                      "\naccept: application/vnd.github+json");
      cache::Entry entry{.status = 200,
                         .headers = {{"content-type", "application/json; charset=utf-8"},
                                     {"cache-control", "private, max-age=60, s-maxage=60"}},
                         .body = http::make_body(std::string(1'178, 'x') + paths_.back())};
      entry.upstream_date = entry.fetched_at = entry.proven_at = now;
      entry.ttl = Seconds(3'600);
      entries_.push_back(cache::finish_entry(std::move(entry)));
    }
    node_.start();
    for (int i = 0; i < kKeys; ++i) tell(i);
  }
  ~Lonely() {
    node_.stop();
    std::filesystem::remove_all(folder_);
  }

  proxy::Word look(int i) {
    const auto index = static_cast<std::size_t>(i % kKeys);
    return node_.look(subject(index), entries_[index], now_);
  }
  void tell(int i) {
    const auto index = static_cast<std::size_t>(i % kKeys);
    node_.tell(subject(index), proxy::Learned::fetched, entries_[index]);
  }

 private:
  static std::string make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ghmesh-bench-XXXXXX").string();
    GHMESH_CHECK(mkdtemp(pattern.data()) != nullptr);
    return pattern;
  }
  proxy::Subject subject(std::size_t index) const {
    return {.caller = caller_,
            .key = keys_[index],
            .route = route_,
            .accept = "application/vnd.github+json"};
  }

  const std::string folder_;
  const github::Route route_ = github::classify_route("/repos/octo-org/widgets/issues/1");
  proxy::Caller caller_;
  const WallTime now_ = read_clocks().wall;
  std::vector<std::string> paths_, keys_;
  std::vector<cache::EntryRef> entries_;
  MeshNode node_;
};

// By one serving thread, and by two at once.
void MeshLookOwnFresh(benchmark::State& state) {
  static Lonely node;
  int i = state.thread_index() * kKeys / 2;
  for (auto _ : state) benchmark::DoNotOptimize(node.look(i++));
}
BENCHMARK(MeshLookOwnFresh)->Threads(1)->Threads(2)->UseRealTime();

// One serving thread looks every 20 us, as at 50,000 hits a second, while this node tells what it fetched: how long a
// look takes, in the middle and at worst. The mesh's thread may be on the other core.
void MeshLookWhileTelling(benchmark::State& state) {
  static Lonely node;
  const auto pause = std::chrono::microseconds(1'000'000 / state.range(0));
  std::vector<double> times_us;
  for (auto _ : state) {
    std::atomic<bool> is_over = false;
    std::thread teller([&] {
      for (int i = 0; !is_over; ++i) {
        node.tell(i);
        std::this_thread::sleep_for(pause);
      }
    });
    Instant next = MonotonicClock::now();
    for (int i = 0; i < 100'000; ++i) {
      next += 20us;
      while (MonotonicClock::now() < next) {
      }
      const Instant begun = MonotonicClock::now();
      benchmark::DoNotOptimize(node.look(i));
      times_us.push_back(
          std::chrono::duration<double, std::micro>(MonotonicClock::now() - begun).count());
    }
    is_over = true;
    teller.join();
  }
  std::sort(times_us.begin(), times_us.end());
  const auto at = [&](double part) {
    return times_us[static_cast<std::size_t>(part * static_cast<double>(times_us.size() - 1))];
  };
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["p999_us"] = at(0.999);
  state.counters["above_50us_ppm"] =
      static_cast<double>(times_us.end() -
                          std::upper_bound(times_us.begin(), times_us.end(), 50.0)) *
      1e6 / static_cast<double>(times_us.size());
}
BENCHMARK(MeshLookWhileTelling)->Arg(1)->Arg(100)->Arg(1'000)->Iterations(2)->UseRealTime();

}  // namespace
}  // namespace ghmesh::node
