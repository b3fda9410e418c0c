// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <benchmark/benchmark.h>

#include "crypto/random.h"
#include "mesh/seal/seal.h"

namespace ghmesh::mesh {
namespace {

const SealContext kContext{.place = "6Cyi8VP5Lfc", .sender = as_bytes("peer"), .seqno = 7};

void MeshSeal(benchmark::State& state) {
  const crypto::Secret key = crypto::random_secret(32);
  const Bytes plaintext(static_cast<std::size_t>(state.range(0)));
  const Sealer sealer;
  for (auto _ : state) benchmark::DoNotOptimize(sealer.seal(key, kContext, plaintext));
}
BENCHMARK(MeshSeal)->Arg(60)->Arg(220)->Arg(8'000)->Arg(65'000);

void MeshOpen(benchmark::State& state) {
  const crypto::Secret key = crypto::random_secret(32);
  const Bytes plaintext(static_cast<std::size_t>(state.range(0)));
  const Bytes sealed = *Sealer().seal(key, kContext, plaintext);
  for (auto _ : state) benchmark::DoNotOptimize(open_sealed(key, kContext, sealed));
}
BENCHMARK(MeshOpen)->Arg(60)->Arg(220)->Arg(8'000)->Arg(65'000);

void MeshOpenWithAnotherKey(benchmark::State& state) {
  const Bytes sealed = *Sealer().seal(crypto::random_secret(32), kContext, Bytes(220));
  const crypto::Secret key = crypto::random_secret(32);
  for (auto _ : state) benchmark::DoNotOptimize(open_sealed(key, kContext, sealed));
}
BENCHMARK(MeshOpenWithAnotherKey);

}  // namespace
}  // namespace ghmesh::mesh
