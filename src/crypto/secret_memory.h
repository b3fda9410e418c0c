// SPDX-License-Identifier: Apache-2.0 OR MIT
// Inside crypto/ only: where the bytes of a Secret live.
//
// Every request carries secrets (its Authorization, the keys derived from it), so they must cost no system call.
// Guarding each one with pages of its own (sodium_malloc) does: 5 calls and 16 KiB for 40 bytes. Here the guard is
// around a chunk of equal slots: a page that cannot be touched at both ends, no core dump, locked where ulimit -l
// allows, zeroed when given back. Thread-safe, and safe across fork().
#pragma once

#include <cstddef>

namespace ghmesh::crypto {

// Zeroed memory for a secret of this size; more than 0 bytes.
std::byte* take_secret_memory(std::size_t bytes_count);
// Zeroes it first. `bytes_count` is what was asked for.
void give_secret_memory_back(std::byte* memory, std::size_t bytes_count) noexcept;

}  // namespace ghmesh::crypto
