// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/keys/private_key.h"

#include <utility>

namespace ghmesh::keys {
namespace {

// Type Ed25519, then Data of 64 bytes or, as older versions wrote it, 96. Written out rather than read with protobuf:
// so a secret is never in a buffer that is not a Secret.
constexpr std::array<std::byte, 4> kPrefix{std::byte{0x08}, std::byte{0x01}, std::byte{0x12},
                                           std::byte{0x40}};
constexpr std::byte kOlderLength{0x60};
constexpr std::byte kEd25519Type{0x01};
constexpr std::size_t kHalfBytes = crypto::kEd25519SeedBytes;

}  // namespace

PrivateKey::PrivateKey(crypto::Ed25519Key key)
    : key_(std::move(key)),
      public_key_(PublicKey::make(KeyType::ed25519, key_.public_key()).value()),
      peer_id_(public_key_.peer_id()) {}

PrivateKey PrivateKey::generate() { return PrivateKey(crypto::Ed25519Key::generate()); }

PrivateKey PrivateKey::of_seed(const crypto::Secret& seed) {
  return PrivateKey(crypto::Ed25519Key::from_seed(seed));
}

Result<PrivateKey> PrivateKey::parse(const crypto::Secret& serialized) {
  Reader reader(serialized.reveal());
  const auto type = reader.take(2);
  const auto length = reader.take(2);
  if (!type || !length || !equal(type->first(1), ByteView(kPrefix).first(1)))
    return Errc::malformed;
  if ((*type)[1] != kEd25519Type) return Errc::unsupported;
  const bool is_older = (*length)[1] == kOlderLength;
  if ((*length)[0] != kPrefix[2] || (!is_older && (*length)[1] != kPrefix[3]))
    return Errc::malformed;
  if (reader.remaining() != kHalfBytes * (is_older ? 3 : 2)) return Errc::malformed;

  const crypto::Secret seed(*reader.take(kHalfBytes));
  PrivateKey key = of_seed(seed);
  while (!reader.is_empty())
    if (!equal(*reader.take(kHalfBytes), key.public_key().data())) return Errc::malformed;
  return key;
}

crypto::Secret PrivateKey::serialize() const {
  const crypto::Secret seed = key_.seed();
  return crypto::Secret::filled(kSerializedPrivateKeyBytes, [&](MutableByteView out) {
    auto next = std::ranges::copy(kPrefix, out.begin()).out;
    next = std::ranges::copy(seed.reveal(), next).out;
    std::ranges::copy(key_.public_key(), next);
  });
}

}  // namespace ghmesh::keys
