// SPDX-License-Identifier: Apache-2.0 OR MIT
// Anything at all as a public key: what is accepted has exactly one spelling, and verifying with it ends.
#include <cstdint>

#include "base/check.h"
#include "libp2p/keys/public_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ghmesh;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  auto key = keys::PublicKey::parse(input);
  if (!key) return 0;
  GHMESH_CHECK(equal(key->serialized(), input));
  GHMESH_CHECK(*keys::PublicKey::make(key->type(), key->data()) == *key);
  GHMESH_CHECK(*multiformats::PeerId::parse_text(key->peer_id().text()) == key->peer_id());
  GHMESH_CHECK(!key->verify(as_bytes("nobody signed this"), Bytes(64, std::byte{1})));
  return 0;
}
