// SPDX-License-Identifier: Apache-2.0 OR MIT
// Randomness from the kernel (getrandom through libsodium), for keys and nonces.
#pragma once

#include "base/bytes.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

void fill_random(MutableByteView out);
Secret random_secret(std::size_t bytes_count);
std::uint64_t random_seed();  // to seed a ghmesh::Random

}  // namespace ghmesh::crypto
