// SPDX-License-Identifier: Apache-2.0 OR MIT
// After the handshake: bytes in frames of a length (16 bits, big endian), ciphertext and tag. Private to the room.
#pragma once

#include "base/byte_queue.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/counter_cipher.h"
#include "libp2p/noise/handshake.h"

namespace ghmesh::noise {

inline constexpr std::size_t kLengthBytes = 2;
inline constexpr std::size_t kMessageBytesMax =
    65'535;  // what its length can say; Noise, 3 has the same limit
inline constexpr std::size_t kPlaintextBytesMax = kMessageBytesMax - crypto::kCounterTagBytes;
inline constexpr std::size_t kFrameOverheadBytes = kLengthBytes + crypto::kCounterTagBytes;

class Transport {
 public:
  explicit Transport(const TransportKeys& keys, std::uint64_t first_counter = 0)
      : sealer_(keys.send, first_counter), opener_(keys.receive, first_counter) {}

  // One frame of at most kPlaintextBytesMax. Errors: noise_exhausted.
  Result<void> write(ByteView plaintext, ByteQueue& out);
  // One message, without its length. After an error nothing was added and the counter is where it was.
  // Errors: noise_malformed (shorter than a tag), noise_rejected (forged, repeated or out of order), noise_exhausted.
  Result<void> read(ByteView message, ByteQueue& out);

 private:
  crypto::CounterSealer sealer_;
  crypto::CounterOpener opener_;
};

}  // namespace ghmesh::noise
