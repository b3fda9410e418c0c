// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a request pays for secrecy: hashes on the way of every lookup, seals on the way of every store.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include "crypto/aead.h"
#include "crypto/counter_cipher.h"
#include "crypto/exchange.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/sign.h"

namespace ghmesh::crypto {
namespace {

Bytes random_bytes(std::size_t bytes_count) {
  Bytes bytes(bytes_count);
  fill_random(bytes);
  return bytes;
}

void set_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void TableHashOf(benchmark::State& state) {
  const Bytes bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(table_hash(bytes));
}
BENCHMARK(TableHashOf)->Arg(100)->Arg(520);

void Sha256Of(benchmark::State& state) {
  const Bytes bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  set_bytes(state);
}
BENCHMARK(Sha256Of)->Arg(100)->Arg(2'000)->Arg(20'000)->Arg(1'000'000);

void HmacSha256Of(benchmark::State& state) {
  const Bytes key = random_bytes(32);
  const Bytes bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(hmac_sha256(key, bytes));
}
BENCHMARK(HmacSha256Of)->Arg(100)->Arg(1'000);

void HkdfSha256OneKey(benchmark::State& state) {
  const Bytes key = random_bytes(40);
  for (auto _ : state) benchmark::DoNotOptimize(hkdf_sha256(key, key, "label", 32));
}
BENCHMARK(HkdfSha256OneKey);

void Seal(benchmark::State& state) {
  const Secret key = random_secret(kSealKeyBytes);
  const Bytes plaintext = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(seal(key, {}, plaintext));
  set_bytes(state);
}
BENCHMARK(Seal)->Arg(100)->Arg(2'000)->Arg(20'000)->Arg(1'000'000);

void OpenInto(benchmark::State& state) {
  const Secret key = random_secret(kSealKeyBytes);
  const Bytes sealed = seal(key, {}, random_bytes(static_cast<std::size_t>(state.range(0))));
  Bytes plaintext;
  for (auto _ : state) benchmark::DoNotOptimize(open_into(key, {}, sealed, plaintext));
  set_bytes(state);
}
BENCHMARK(OpenInto)->Arg(100)->Arg(2'000)->Arg(20'000)->Arg(1'000'000);

void CounterSeal(benchmark::State& state) {
  CounterSealer sealer(random_secret(kCounterKeyBytes));
  const Bytes plaintext = random_bytes(static_cast<std::size_t>(state.range(0)));
  Bytes sealed(plaintext.size() + kCounterTagBytes);
  for (auto _ : state) benchmark::DoNotOptimize(sealer.seal({}, plaintext, sealed));
  set_bytes(state);
}
BENCHMARK(CounterSeal)->Arg(100)->Arg(16'384)->Arg(65'519);

// Sealed again each time, because the same message opens only once: subtract CounterSeal.
void CounterSealAndOpen(benchmark::State& state) {
  const Secret key = random_secret(kCounterKeyBytes);
  CounterSealer sealer(key);
  CounterOpener opener(key);
  Bytes plaintext = random_bytes(static_cast<std::size_t>(state.range(0)));
  Bytes sealed(plaintext.size() + kCounterTagBytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(sealer.seal({}, plaintext, sealed));
    benchmark::DoNotOptimize(opener.open({}, sealed, plaintext));
  }
  set_bytes(state);
}
BENCHMARK(CounterSealAndOpen)->Arg(100)->Arg(16'384)->Arg(65'519);

void Ed25519Sign(benchmark::State& state) {
  const Ed25519Key key = Ed25519Key::generate();
  const Bytes message = random_bytes(100);
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(message));
}
BENCHMARK(Ed25519Sign);

void Ed25519Verify(benchmark::State& state) {
  const Ed25519Key key = Ed25519Key::generate();
  const Bytes message = random_bytes(100);
  const Ed25519Signature signature = key.sign(message);
  for (auto _ : state)
    benchmark::DoNotOptimize(verify_ed25519(key.public_key(), message, signature));
}
BENCHMARK(Ed25519Verify);

void X25519Generate(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(X25519Key::generate());
}
BENCHMARK(X25519Generate);

void X25519Share(benchmark::State& state) {
  const X25519Key ours = X25519Key::generate();
  const X25519Key theirs = X25519Key::generate();
  for (auto _ : state) benchmark::DoNotOptimize(ours.shared_with(theirs.public_key()));
}
BENCHMARK(X25519Share);

void FillRandom32(benchmark::State& state) {
  Bytes bytes(32);
  for (auto _ : state) fill_random(bytes);
}
BENCHMARK(FillRandom32);

void SecretFromPool(benchmark::State& state) {
  const Bytes bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Secret(bytes));
}
BENCHMARK(SecretFromPool)->Arg(40)->Arg(520)->Threads(1)->Threads(2);

// What SecretFromPool would cost without the pool.
void SecretFromSodium(benchmark::State& state) {
  const Bytes bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    auto* memory = static_cast<std::byte*>(sodium_malloc(bytes.size()));
    std::ranges::copy(bytes, memory);
    benchmark::DoNotOptimize(memory);
    sodium_free(memory);
  }
}
BENCHMARK(SecretFromSodium)->Arg(40)->Arg(520);

}  // namespace
}  // namespace ghmesh::crypto
