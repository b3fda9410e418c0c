// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/keys/public_key.h"

#include "crypto/sign.h"
#include "libp2p/protobuf/fields.h"

namespace ghmesh::keys {
namespace {

// PublicKey (peer-ids.md, "Keys").
constexpr std::uint32_t kTypeField = 1;
constexpr std::uint32_t kDataField = 2;
constexpr std::uint64_t kLastType = 3;

constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kSecp256k1Bytes = 33;

bool has_size_of_its_type(KeyType type, std::size_t bytes_count) {
  switch (type) {
    case KeyType::ed25519: return bytes_count == kEd25519Bytes;
    case KeyType::secp256k1: return bytes_count == kSecp256k1Bytes;
    case KeyType::rsa:
    case KeyType::ecdsa: return bytes_count > 0;
  }
  return false;
}

}  // namespace

Result<PublicKey> PublicKey::make(KeyType type, ByteView data) {
  if (data.size() > kSerializedKeyBytesMax) return Errc::too_large;
  if (!has_size_of_its_type(type, data.size())) return Errc::malformed;
  PublicKey key;
  key.type_ = type;
  protobuf::append_field(key.serialized_, kTypeField, static_cast<std::uint64_t>(type));
  protobuf::append_field(key.serialized_, kDataField, data);
  if (key.serialized_.size() > kSerializedKeyBytesMax) return Errc::too_large;
  key.data_begin_ = key.serialized_.size() - data.size();
  return key;
}

Result<PublicKey> PublicKey::parse(ByteView serialized) {
  if (serialized.size() > kSerializedKeyBytesMax) return Errc::too_large;
  protobuf::FieldReader reader(serialized);
  auto type = reader.next();
  if (!type || !*type || !(*type)->is_varint(kTypeField)) return Errc::malformed;
  auto data = reader.next();
  if (!data || !*data || !(*data)->is_bytes(kDataField)) return Errc::malformed;
  if ((*type)->value > kLastType) return Errc::unsupported;
  auto key = make(static_cast<KeyType>((*type)->value), (*data)->bytes);
  if (!key) return key.error();
  // Longer varints or further fields would give one key several ids.
  if (!equal(key->serialized_, serialized)) return Errc::malformed;
  return key;
}

multiformats::PeerId PublicKey::peer_id() const {
  return multiformats::PeerId::of_public_key(serialized_);
}

bool PublicKey::verify(ByteView message, ByteView signature) const {
  if (signature.size() > kSignatureBytesMax) return false;
  switch (type_) {
    case KeyType::rsa: return crypto::verify_rsa(data(), message, signature);
    case KeyType::ed25519: return crypto::verify_ed25519(data(), message, signature);
    case KeyType::secp256k1: return crypto::verify_secp256k1(data(), message, signature);
    case KeyType::ecdsa: return crypto::verify_ecdsa(data(), message, signature);
  }
  return false;
}

}  // namespace ghmesh::keys
