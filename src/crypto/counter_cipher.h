// SPDX-License-Identifier: Apache-2.0 OR MIT
// Seal and open for messages that arrive in the order in which they were sent: ChaCha20-Poly1305 (RFC 8439) whose nonce
// is a counter, as Noise uses it (Noise specification, revision 34, section 12: 4 zero bytes, 64 bits little endian).
//
// One object per direction: the key is prepared once and lies in OpenSSL's context, which is zeroed when it goes. A
// counter value is used for one message only. The last one (2^64 - 1) is never used, so there is nothing to wrap to.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

class ChaCha;

inline constexpr std::size_t kCounterKeyBytes = 32;
inline constexpr std::size_t kCounterTagBytes = 16;
inline constexpr std::uint64_t kCounterEnd = UINT64_MAX;

class CounterSealer {
 public:
  explicit CounterSealer(const Secret& key, std::uint64_t first_counter = 0);
  CounterSealer(CounterSealer&&) noexcept;
  CounterSealer& operator=(CounterSealer&&) noexcept;
  ~CounterSealer();

  // `out` is kCounterTagBytes larger than `plaintext` and does not overlap it. `context` is authenticated only.
  // Errors: limit_reached (all counters are used).
  Result<void> seal(ByteView context, ByteView plaintext, MutableByteView out);
  std::uint64_t counter() const { return counter_; }  // of the next message

 private:
  std::unique_ptr<ChaCha> cipher_;
  std::uint64_t counter_;
};

class CounterOpener {
 public:
  explicit CounterOpener(const Secret& key, std::uint64_t first_counter = 0);
  CounterOpener(CounterOpener&&) noexcept;
  CounterOpener& operator=(CounterOpener&&) noexcept;
  ~CounterOpener();

  // `out` is kCounterTagBytes smaller than `sealed`. After an error the counter is where it was, and `out` is zero.
  // Errors: seal_rejected (forged, repeated, out of order or too short), limit_reached.
  Result<void> open(ByteView context, ByteView sealed, MutableByteView out);
  std::uint64_t counter() const { return counter_; }

 private:
  std::unique_ptr<ChaCha> cipher_;
  std::uint64_t counter_;
};

}  // namespace ghmesh::crypto
