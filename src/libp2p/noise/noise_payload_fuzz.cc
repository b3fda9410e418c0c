// SPDX-License-Identifier: Apache-2.0 OR MIT
// Anything at all as a handshake payload: what is accepted keeps its limits and is read back the same.
#include <cstdint>

#include "base/check.h"
#include "libp2p/noise/payload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ghmesh;
  using namespace ghmesh::noise;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  auto payload = parse_payload(input);
  if (!payload) return 0;
  GHMESH_CHECK(payload->identity_key.size() <= keys::kSerializedKeyBytesMax);
  GHMESH_CHECK(payload->identity_signature.size() <= keys::kSignatureBytesMax);
  GHMESH_CHECK(payload->muxers.size() <= kMuxersMax);
  GHMESH_CHECK(*parse_payload(write_payload(*payload)) == *payload);
  GHMESH_CHECK(!verify_identity(*payload, Bytes(32, std::byte{1})));  // nobody signed this key
  return 0;
}
