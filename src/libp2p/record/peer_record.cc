// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/record/peer_record.h"

#include <algorithm>
#include <array>

#include "libp2p/protobuf/fields.h"
#include "libp2p/record/envelope.h"

namespace ghmesh::record {
namespace {

// PeerRecord and its AddressInfo (RFC 0003, "Address Record Format").
constexpr std::uint32_t kPeerIdField = 1;
constexpr std::uint32_t kSequenceField = 2;
constexpr std::uint32_t kAddressesField = 3;
constexpr std::uint32_t kMultiaddrField = 1;

// The code of the type, 0x0301, as go, js and rust write it, and as the varint that py writes since it asks
// py-multicodec for it.
constexpr std::array<std::string_view, 2> kPayloadTypes{"\x03\x01", "\x81\x06"};
constexpr Kind kKind{.domain = "libp2p-peer-record", .payload_types = kPayloadTypes};

Bytes write_payload(const PeerRecord& record) {
  Bytes out;
  protobuf::append_field(out, kPeerIdField, record.peer.bytes());
  protobuf::append_field(out, kSequenceField, record.sequence);
  for (const Multiaddr& address : record.addresses) {
    Bytes info;
    protobuf::append_field(info, kMultiaddrField, address.bytes());
    protobuf::append_field(out, kAddressesField, info);
  }
  return out;
}

// The address of one AddressInfo; nullopt for one that we cannot use. Errors: record_malformed.
Result<std::optional<Multiaddr>> parse_address(ByteView info) {
  std::optional<Multiaddr> address;
  protobuf::FieldReader reader(info);
  for (;;) {
    auto field = reader.next();
    if (!field) return Errc::record_malformed;
    if (!*field) return address;
    if (!(*field)->is_bytes(kMultiaddrField)) continue;
    auto parsed = Multiaddr::parse((*field)->bytes);
    address.reset();  // of several, the last counts, as everywhere in protocol buffers
    if (parsed && !parsed->empty()) address = *std::move(parsed);
  }
}

struct Parsed {
  PeerRecord record;
  std::size_t addresses_dropped = 0;
};

Result<Parsed> parse_payload(ByteView payload) {
  Parsed parsed;
  PeerRecord& record = parsed.record;
  protobuf::FieldReader reader(payload);
  for (;;) {
    auto field = reader.next();
    if (!field) return Errc::record_malformed;
    if (!*field) break;
    if ((*field)->is_bytes(kPeerIdField)) {
      auto peer = PeerId::parse((*field)->bytes);
      if (!peer || !record.peer.empty()) return Errc::record_malformed;
      record.peer = *std::move(peer);
    } else if ((*field)->is_varint(kSequenceField)) {
      record.sequence = (*field)->value;
    } else if ((*field)->is_bytes(kAddressesField)) {
      if (record.addresses.size() == kRecordAddressesMax) {
        ++parsed.addresses_dropped;
        continue;
      }
      auto address = parse_address((*field)->bytes);
      if (!address) return address.error();
      if (*address) record.addresses.push_back(**std::move(address));
      else ++parsed.addresses_dropped;
    }
  }
  if (record.peer.empty()) return Errc::record_malformed;
  return parsed;
}

}  // namespace

CertifiedRecord CertifiedRecord::sign(PeerRecord record, const keys::PrivateKey& identity) {
  GHMESH_CHECK(record.peer == identity.peer_id());
  GHMESH_CHECK(record.addresses.size() <= kRecordAddressesMax);
  CertifiedRecord certified;
  certified.envelope_ = sign_envelope(kKind, write_payload(record), identity);
  certified.record_ = std::move(record);
  return certified;
}

Result<CertifiedRecord> CertifiedRecord::verify(ByteView envelope,
                                                const std::optional<PeerId>& expected_peer) {
  auto opened = open_envelope(kKind, envelope, expected_peer);
  if (!opened) return opened.error();
  auto parsed = parse_payload(opened->payload);
  if (!parsed) return parsed.error();
  // Anybody can sign a record about anybody (GHSA-wc36-xgcc-jwpr).
  if (parsed->record.peer != opened->signer.peer_id()) return Errc::record_wrong_peer;
  CertifiedRecord certified;
  certified.record_ = std::move(parsed->record);
  certified.envelope_ = copy_bytes(envelope);
  certified.addresses_dropped_ = parsed->addresses_dropped;
  return certified;
}

std::uint64_t next_sequence(std::uint64_t previous, WallTime now) {
  // Milliseconds, as js counts them. Before 1970, or after a clock was set back: one more than the last.
  const std::int64_t seconds = std::clamp<std::int64_t>(to_seconds(now), 0, INT64_MAX / 1000);
  return std::max(previous + 1, static_cast<std::uint64_t>(seconds) * 1000);
}

}  // namespace ghmesh::record
