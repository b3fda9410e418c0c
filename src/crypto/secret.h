// SPDX-License-Identifier: Apache-2.0 OR MIT
// Secret: bytes that cannot be printed, compared in time that tells nothing, and gone from memory when they are
// dropped.
//
// There is no operator<<, no conversion to text, and log::Field does not take one: leaking a secret takes the word
// reveal(), which is easy to search for. The bytes live outside the ordinary heap: never in a core dump, never in freed
// memory, locked against swapping where ulimit -l allows. They come from a pool of guarded chunks rather than from
// sodium_malloc, because every request makes some: measured, 22 ns each against 27,000 ns (crypto_bench.cc).
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace ghmesh::crypto {

class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView bytes);
  explicit Secret(std::string_view text) : Secret(as_bytes(text)) {}
  Secret(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  // Made in place, so that its bytes were never anywhere else: fill(MutableByteView) gets zeros and writes all of them.
  template <class Fill>
  static Secret filled(std::size_t bytes_count, Fill&& fill) {
    Secret made(bytes_count);
    fill(MutableByteView(made.data_, made.size_));
    return made;
  }

  // The bytes themselves, valid while this object lives and is not assigned to. Do not store or log what this returns.
  ByteView reveal() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Constant time in the bytes; the sizes are not secret.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  explicit Secret(std::size_t bytes_count);

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// For authenticators and tags that are not held as a Secret. Constant time in the bytes.
bool equal_in_constant_time(ByteView a, ByteView b);
// For a buffer outside a Secret that held one for a moment. Not optimised away.
void wipe(MutableByteView bytes);

}  // namespace ghmesh::crypto
