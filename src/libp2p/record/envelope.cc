// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/record/envelope.h"

#include <algorithm>

#include "libp2p/protobuf/fields.h"
#include "multiformats/delimited.h"

namespace ghmesh::record {
namespace {

// Envelope (RFC 0002, "Wire Format"). Nobody uses field 4.
constexpr std::uint32_t kPublicKeyField = 1;
constexpr std::uint32_t kPayloadTypeField = 2;
constexpr std::uint32_t kPayloadField = 3;
constexpr std::uint32_t kSignatureField = 5;

Bytes signed_bytes(std::string_view domain, ByteView payload_type, ByteView payload) {
  Bytes bytes;
  multiformats::append_delimited(bytes, as_bytes(domain));
  multiformats::append_delimited(bytes, payload_type);
  multiformats::append_delimited(bytes, payload);
  return bytes;
}

// Views into the envelope.
struct Fields {
  std::optional<ByteView> public_key, payload_type, payload, signature;
};

// Each field stands at most once: who merges what stands twice, and how, differs between implementations.
Result<Fields> parse_fields(ByteView envelope) {
  if (envelope.size() > kEnvelopeBytesMax) return Errc::record_malformed;
  Fields fields;
  protobuf::FieldReader reader(envelope);
  for (;;) {
    auto field = reader.next();
    if (!field) return Errc::record_malformed;
    if (!*field) return fields;
    std::optional<ByteView>* taken = nullptr;
    if ((*field)->is_bytes(kPublicKeyField)) taken = &fields.public_key;
    else if ((*field)->is_bytes(kPayloadTypeField)) taken = &fields.payload_type;
    else if ((*field)->is_bytes(kPayloadField)) taken = &fields.payload;
    else if ((*field)->is_bytes(kSignatureField)) taken = &fields.signature;
    if (!taken) continue;
    if (*taken) return Errc::record_malformed;
    *taken = (*field)->bytes;
  }
}

}  // namespace

Bytes sign_envelope(const Kind& kind, ByteView payload, const keys::PrivateKey& identity) {
  const ByteView payload_type = as_bytes(kind.payload_types.front());
  Bytes out;
  protobuf::append_field(out, kPublicKeyField, identity.public_key().serialized());
  protobuf::append_field(out, kPayloadTypeField, payload_type);
  protobuf::append_field(out, kPayloadField, payload);
  protobuf::append_field(out, kSignatureField,
                         identity.sign(signed_bytes(kind.domain, payload_type, payload)));
  GHMESH_CHECK(out.size() <= kEnvelopeBytesMax);
  return out;
}

Result<Opened> open_envelope(const Kind& kind, ByteView envelope,
                             const std::optional<multiformats::PeerId>& expected_signer) {
  auto fields = parse_fields(envelope);
  if (!fields) return fields.error();
  const auto& [public_key, payload_type, payload, signature] = *fields;
  if (!public_key || !payload_type || !payload || !signature) return Errc::record_malformed;
  if (payload_type->size() > kPayloadTypeBytesMax) return Errc::record_malformed;
  const auto& types = kind.payload_types;
  if (std::ranges::find(types, as_text(*payload_type)) == types.end()) return Errc::record_rejected;

  auto key = keys::PublicKey::parse(*public_key);
  if (!key) return Errc::record_malformed;
  if (expected_signer && key->peer_id() != *expected_signer) return Errc::record_wrong_peer;
  if (!key->verify(signed_bytes(kind.domain, *payload_type, *payload), *signature))
    return Errc::record_rejected;
  return Opened{.signer = *std::move(key), .payload = copy_bytes(*payload)};
}

}  // namespace ghmesh::record
