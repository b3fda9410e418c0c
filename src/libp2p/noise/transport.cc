// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/transport.h"

namespace ghmesh::noise {

Result<void> Transport::write(ByteView plaintext, ByteQueue& out) {
  GHMESH_CHECK(plaintext.size() <= kPlaintextBytesMax);
  const std::size_t sealed_bytes = plaintext.size() + crypto::kCounterTagBytes;
  const MutableByteView frame = out.prepare(kLengthBytes + sealed_bytes);
  store_big_endian(frame.first(kLengthBytes), static_cast<std::uint16_t>(sealed_bytes));
  if (!sealer_.seal({}, plaintext, frame.subspan(kLengthBytes))) return Errc::noise_exhausted;
  out.commit(frame.size());
  return {};
}

Result<void> Transport::read(ByteView message, ByteQueue& out) {
  if (message.size() < crypto::kCounterTagBytes) return Errc::noise_malformed;
  const std::size_t plaintext_bytes = message.size() - crypto::kCounterTagBytes;
  const MutableByteView plaintext = out.prepare(plaintext_bytes);
  auto opened = opener_.open({}, message, plaintext);
  if (!opened)
    return opened.error() == Errc::limit_reached ? Errc::noise_exhausted : Errc::noise_rejected;
  out.commit(plaintext_bytes);
  return {};
}

}  // namespace ghmesh::noise
