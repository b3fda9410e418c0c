// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/payload.h"

#include "libp2p/protobuf/fields.h"

namespace ghmesh::noise {
namespace {

// NoiseHandshakePayload. Field 3, once early data, is retired.
constexpr std::uint32_t kIdentityKeyField = 1;
constexpr std::uint32_t kIdentitySignatureField = 2;
constexpr std::uint32_t kExtensionsField = 4;
// NoiseExtensions. Field 1 has the certificate hashes of WebTransport.
constexpr std::uint32_t kMuxersField = 2;

constexpr std::string_view kSignaturePrefix = "noise-libp2p-static-key:";

Bytes signed_bytes(ByteView static_key) {
  Bytes bytes(kSignaturePrefix.size() + static_key.size());
  const auto key_begin = std::ranges::copy(as_bytes(kSignaturePrefix), bytes.begin()).out;
  std::ranges::copy(static_key, key_begin);
  return bytes;
}

// A field that may stand there once.
Result<void> take_once(Bytes& out, ByteView bytes, std::size_t bytes_max) {
  if (!out.empty() || bytes.size() > bytes_max) return Errc::noise_malformed;
  out = copy_bytes(bytes);
  return {};
}

Result<void> parse_extensions(ByteView bytes, std::vector<std::string>& muxers) {
  protobuf::FieldReader reader(bytes);
  for (;;) {
    auto field = reader.next();
    if (!field) return Errc::noise_malformed;
    if (!*field) return {};
    if (!(*field)->is_bytes(kMuxersField)) continue;
    const ByteView muxer = (*field)->bytes;
    if (muxer.size() > kMuxerBytesMax || muxers.size() == kMuxersMax) return Errc::noise_malformed;
    muxers.emplace_back(as_text(muxer));
  }
}

}  // namespace

Payload make_payload(const keys::PrivateKey& identity, const crypto::X25519PublicKey& static_key,
                     const std::vector<std::string>& muxers) {
  return {.identity_key = copy_bytes(identity.public_key().serialized()),
          .identity_signature = copy_bytes(identity.sign(signed_bytes(static_key))),
          .muxers = muxers};
}

Bytes write_payload(const Payload& payload) {
  Bytes out;
  protobuf::append_field(out, kIdentityKeyField, payload.identity_key);
  protobuf::append_field(out, kIdentitySignatureField, payload.identity_signature);
  if (payload.muxers.empty()) return out;
  Bytes extensions;
  for (const std::string& muxer : payload.muxers)
    protobuf::append_field(extensions, kMuxersField, as_bytes(muxer));
  protobuf::append_field(out, kExtensionsField, extensions);
  return out;
}

Result<Payload> parse_payload(ByteView bytes) {
  Payload payload;
  protobuf::FieldReader reader(bytes);
  for (;;) {
    auto field = reader.next();
    if (!field) return Errc::noise_malformed;
    if (!*field) return payload;
    Result<void> taken;
    if ((*field)->is_bytes(kIdentityKeyField))
      taken = take_once(payload.identity_key, (*field)->bytes, keys::kSerializedKeyBytesMax);
    else if ((*field)->is_bytes(kIdentitySignatureField))
      taken = take_once(payload.identity_signature, (*field)->bytes, keys::kSignatureBytesMax);
    else if ((*field)->is_bytes(kExtensionsField))
      taken = parse_extensions((*field)->bytes, payload.muxers);
    if (!taken) return taken.error();
  }
}

Result<keys::PublicKey> verify_identity(const Payload& payload, ByteView static_key) {
  auto key = keys::PublicKey::parse(payload.identity_key);
  if (!key) return Errc::noise_identity;
  if (!key->verify(signed_bytes(static_key), payload.identity_signature))
    return Errc::noise_identity;
  return key;
}

}  // namespace ghmesh::noise
