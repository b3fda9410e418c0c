// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/random.h"

#include <sodium.h>

#include "base/check.h"
#include "crypto/sodium.h"

namespace ghmesh::crypto {

void start_sodium() {
  static const bool is_started = sodium_init() >= 0;
  GHMESH_CHECK(is_started);
}

// libsodium ends the program itself when the kernel refuses to answer: there is no weaker second source.
void fill_random(MutableByteView out) {
  start_sodium();
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

Secret random_secret(std::size_t bytes_count) {
  return Secret::filled(bytes_count, [](MutableByteView out) { fill_random(out); });
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  fill_random(std::as_writable_bytes(std::span(&seed, 1)));
  return seed;
}

}  // namespace ghmesh::crypto
