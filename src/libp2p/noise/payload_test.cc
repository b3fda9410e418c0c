// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/payload.h"

#include "libp2p/noise/test_session.h"

namespace ghmesh::noise {
namespace {

using StaticKey = crypto::X25519PublicKey;

TEST(NoisePayload, IsReadBack) {
  const Payload payload = make_payload(kForger, keys_of(1).static_key.public_key(), {"/a", "/b"});
  EXPECT_EQ(*parse_payload(write_payload(payload)), payload);
}

TEST(NoisePayload, IgnoresFieldsThatItDoesNotKnow) {
  const Payload payload = make_payload(kForger, keys_of(1).static_key.public_key(), {"/a"});
  Bytes bytes = write_payload(payload);
  // Field 3 (retired), field 9, and in the extensions field 1 (certificate hashes) and 3 (early data).
  append(bytes, *parse_hex("1a0161"
                           "4801"
                           "22060a01611a0162"));
  EXPECT_EQ(*parse_payload(bytes), payload);
}

TEST(NoisePayload, CutAnywhereIsRefusedOrIncomplete) {
  const StaticKey key = keys_of(1).static_key.public_key();
  const Bytes bytes = write_payload(make_payload(kForger, key, {}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto payload = parse_payload(ByteView(bytes).first(size));
    EXPECT_FALSE(payload && verify_identity(*payload, key)) << size;
  }
}

TEST(NoisePayload, WithTwoIdentitiesIsRefused) {
  const StaticKey key = keys_of(1).static_key.public_key();
  Bytes bytes = write_payload(make_payload(kForger, key, {}));
  append(bytes, write_payload(make_payload(kDialerIdentity, key, {})));
  EXPECT_EQ(parse_payload(bytes).error(), Errc::noise_malformed);
}

}  // namespace
}  // namespace ghmesh::noise
