// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "libp2p/protobuf/fields.h"
#include "libp2p/record/envelope.h"
#include "libp2p/record/peer_record.h"

namespace ghmesh::record {
namespace {

using multiformats::Multiaddr;
using multiformats::PeerId;

constexpr std::uint64_t kSequence = 1'700'000'000'000;

keys::PrivateKey key_of(std::uint8_t seed) {
  return keys::PrivateKey::of_seed(crypto::Secret(Bytes(32, std::byte{seed})));
}

Multiaddr address(std::string_view text) { return *Multiaddr::parse_text(text); }

PeerRecord example_record() {
  return {.peer = key_of(1).peer_id(),
          .sequence = kSequence,
          .addresses = {address("/ip4/203.0.113.7/tcp/4001"), address("/ip6/2001:db8::7/tcp/4001"),
                        address("/ip4/203.0.113.7/udp/4001/quic-v1"),
                        address("/dns4/example.org/tcp/443/wss")}};
}

std::string read_document(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Vector {
  std::string_view key_type;
  PeerId peer;
  Bytes envelope;
};
// Of data/peer_records.txt.
std::vector<Vector> read_vectors() {
  static const std::string document = read_document("src/libp2p/record/data/peer_records.txt");
  std::vector<Vector> vectors;
  for (std::string_view rest = document; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    if (line.empty() || line.starts_with('#')) continue;
    const std::string_view key_type = take_until(line, ' ');
    const std::string_view peer = take_until(line, ' ');
    vectors.push_back({key_type, *PeerId::parse_text(peer), *parse_hex(line)});
  }
  return vectors;
}

// --- what others wrote, and what we write ---

TEST(PeerRecord, OthersAreVerifiedWithKeysOfEveryType) {
  const auto vectors = read_vectors();
  ASSERT_EQ(vectors.size(), 4u);
  for (const Vector& vector : vectors) {
    auto certified = CertifiedRecord::verify(vector.envelope, vector.peer);
    ASSERT_TRUE(certified) << vector.key_type;
    PeerRecord expected = example_record();
    expected.peer = vector.peer;
    if (vector.key_type == "ecdsa") expected.addresses.resize(1);
    EXPECT_EQ(certified->record(), expected) << vector.key_type;
    EXPECT_EQ(certified->addresses_dropped(), 0u);
    EXPECT_TRUE(equal(certified->envelope(), vector.envelope));
  }
}

TEST(PeerRecord, OursHasTheBytesOfJs) {
  const auto certified = CertifiedRecord::sign(example_record(), key_of(1));
  EXPECT_EQ(hex(certified.envelope()), hex(read_vectors().front().envelope));
}

// The example of docs/wire/record.md, which js-libp2p has verified.
TEST(PeerRecord, SpeaksTheBytesOfItsDocument) {
  std::string bytes;
  const std::string document = read_document("docs/wire/record.md");
  for (std::string_view rest = document; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    if (!line.starts_with("= ")) continue;
    line.remove_prefix(2);
    bytes += take_until(line, ' ');
  }
  PeerRecord record = example_record();
  record.addresses.resize(1);
  EXPECT_EQ(hex(CertifiedRecord::sign(record, key_of(1)).envelope()), bytes);
}

TEST(PeerRecord, ComesBackAsItWasSigned) {
  for (std::size_t count : {std::size_t{0}, std::size_t{1}, kRecordAddressesMax}) {
    PeerRecord record{.peer = key_of(7).peer_id(), .sequence = UINT64_MAX, .addresses = {}};
    record.addresses.assign(count, address("/ip4/192.0.2.1/tcp/1"));
    const auto ours = CertifiedRecord::sign(record, key_of(7));
    auto theirs = CertifiedRecord::verify(ours.envelope());
    ASSERT_TRUE(theirs);
    EXPECT_EQ(theirs->record(), record);
  }
}

TEST(PeerRecord, IsRefusedWhereverItIsCut) {
  for (const Vector& vector : read_vectors())
    for (std::size_t size = 0; size < vector.envelope.size(); ++size)
      EXPECT_FALSE(CertifiedRecord::verify(ByteView(vector.envelope).first(size)));
}

TEST(PeerRecord, IsRefusedWhereverItIsChanged) {
  const Bytes envelope = read_vectors().front().envelope;
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    Bytes changed = envelope;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(CertifiedRecord::verify(changed)) << i;
  }
}

TEST(PeerRecord, ASequenceNumberGrowsEvenWhenTheClockDoesNot) {
  const WallTime now = wall_time(1'700'000'000);
  EXPECT_EQ(next_sequence(0, now), kSequence);
  EXPECT_EQ(next_sequence(kSequence, now), kSequence + 1);
  EXPECT_EQ(next_sequence(kSequence + 5, now - 1h), kSequence + 6);
  EXPECT_EQ(next_sequence(0, wall_time(-5)), 1u);
  EXPECT_GT(next_sequence(0, wall_time(INT64_MAX)), kSequence);
}

// --- what an envelope may be ---

constexpr std::array<std::string_view, 1> kTypes{"\x03\x01"};
constexpr Kind kPeerRecordKind{.domain = "libp2p-peer-record", .payload_types = kTypes};

// An envelope around any payload, signed by key 1.
Bytes envelope_of(ByteView payload) { return sign_envelope(kPeerRecordKind, payload, key_of(1)); }

Bytes payload_of(const PeerId& peer, std::string_view rest_hex = "") {
  Bytes payload;
  protobuf::append_field(payload, 1, peer.bytes());
  append(payload, *parse_hex(rest_hex));
  return payload;
}

Error error_of(ByteView envelope) {
  auto certified = CertifiedRecord::verify(envelope);
  return certified ? Error() : certified.error();
}

TEST(Envelope, ASignatureOfAnotherDomainIsRejected) {
  const Kind kind{.domain = "libp2p-routing-state", .payload_types = kTypes};  // as the RFC has it
  EXPECT_EQ(error_of(sign_envelope(kind, payload_of(key_of(1).peer_id()), key_of(1))),
            Errc::record_rejected);
}

TEST(Envelope, APayloadOfAnotherTypeIsRejected) {
  static constexpr std::array<std::string_view, 1> kVoucher{"\x03\x02"};
  const Kind kind{.domain = "libp2p-peer-record", .payload_types = kVoucher};
  EXPECT_EQ(error_of(sign_envelope(kind, payload_of(key_of(1).peer_id()), key_of(1))),
            Errc::record_rejected);
}

TEST(Envelope, TheTypeMayBeSpelledAsPySpellsIt) {
  static constexpr std::array<std::string_view, 1> kPy{"\x81\x06"};
  const Kind kind{.domain = "libp2p-peer-record", .payload_types = kPy};
  EXPECT_EQ(error_of(sign_envelope(kind, payload_of(key_of(1).peer_id()), key_of(1))), Error());
}

TEST(Envelope, EachFieldStandsThereOnce) {
  const Bytes envelope = envelope_of(payload_of(key_of(1).peer_id()));
  ASSERT_EQ(error_of(envelope), Error());
  for (std::uint32_t field : {1, 2, 3, 5}) {
    Bytes twice = envelope;
    protobuf::append_field(twice, field, as_bytes("x"));
    EXPECT_EQ(error_of(twice), Errc::record_malformed) << field;
    Bytes without;
    protobuf::FieldReader reader(envelope);
    while (auto next = *reader.next())
      if (next->number != field) protobuf::append_field(without, next->number, next->bytes);
    EXPECT_EQ(error_of(without), Errc::record_malformed) << field;
  }
  Bytes more = envelope;
  protobuf::append_field(more, 4, as_bytes("anything"));
  protobuf::append_field(more, 99, 7);
  EXPECT_EQ(error_of(more), Error());
}

TEST(PeerRecord, APayloadThatIsNoRecordIsMalformed) {
  const PeerId peer = key_of(1).peer_id();
  EXPECT_EQ(error_of(envelope_of({})), Errc::record_malformed);
  EXPECT_EQ(error_of(envelope_of(*parse_hex("1001"))), Errc::record_malformed);      // no peer
  EXPECT_EQ(error_of(envelope_of(*parse_hex("0a021200"))), Errc::record_malformed);  // no multihash
  EXPECT_EQ(error_of(envelope_of(payload_of(peer, "0a00"))), Errc::record_malformed);
  EXPECT_EQ(error_of(envelope_of(payload_of(peer, "1a020aff"))), Errc::record_malformed);
}

TEST(PeerRecord, AddressesThatWeCannotUseAreDroppedAndCounted) {
  auto certified = CertifiedRecord::verify(
      envelope_of(payload_of(key_of(1).peer_id(),
                             "1a0a0a0804cb007107060fa1"  // an address
                             "1a00"
                             "1a020a00"                  // none, an empty one
                             "1a040a02ff01"              // a protocol that does not exist
                             "1a080a0604cb00710706")));  // cut
  ASSERT_TRUE(certified);
  EXPECT_EQ(certified->record().addresses.size(), 1u);
  EXPECT_EQ(certified->record().sequence, 0u);
  EXPECT_EQ(certified->addresses_dropped(), 4u);
}

// --- attacks ---

TEST(RecordAttack, GHSA_wc36_xgcc_jwpr_ASignerSpeaksOnlyOfItself) {
  const Bytes envelope = envelope_of(payload_of(key_of(2).peer_id()));
  EXPECT_EQ(error_of(envelope), Errc::record_wrong_peer);
  EXPECT_EQ(CertifiedRecord::verify(envelope, key_of(1).peer_id()).error(),
            Errc::record_wrong_peer);
  EXPECT_EQ(CertifiedRecord::verify(envelope, key_of(2).peer_id()).error(),
            Errc::record_wrong_peer);
}

TEST(RecordAttack, RUSTSEC_2022_0009_TheRecordOfAnotherPeerIsNotTakenForTheExpectedOne) {
  const Bytes envelope = envelope_of(payload_of(key_of(1).peer_id()));
  EXPECT_EQ(CertifiedRecord::verify(envelope, key_of(2).peer_id()).error(),
            Errc::record_wrong_peer);
  EXPECT_TRUE(CertifiedRecord::verify(envelope, key_of(1).peer_id()));
}

TEST(RecordAttack, CVE_2023_39533_AnEnvelopeAndItsKeyAreBounded) {
  EXPECT_EQ(error_of(Bytes(kEnvelopeBytesMax + 1)), Errc::record_malformed);
  Bytes huge_key;
  protobuf::append_field(huge_key, 1, Bytes(keys::kSerializedKeyBytesMax + 1));
  protobuf::append_field(huge_key, 2, as_bytes(kTypes[0]));
  protobuf::append_field(huge_key, 3, as_bytes("x"));
  protobuf::append_field(huge_key, 5, as_bytes("x"));
  EXPECT_EQ(error_of(huge_key), Errc::record_malformed);
}

TEST(RecordAttack, CVE_2026_86040_ThousandsOfEmptyAddressesMakeNone) {
  Bytes payload = payload_of(key_of(1).peer_id());
  for (int i = 0; i < 3000; ++i) append(payload, *parse_hex("1a00"));
  auto certified = CertifiedRecord::verify(envelope_of(payload));
  ASSERT_TRUE(certified);
  EXPECT_TRUE(certified->record().addresses.empty());
  EXPECT_EQ(certified->addresses_dropped(), 3000u);
}

TEST(RecordAttack, AddressesBeyondTheLimitAreDroppedAndCounted) {
  Bytes payload = payload_of(key_of(1).peer_id());
  for (int i = 0; i < 500; ++i) append(payload, *parse_hex("1a0a0a0804cb007107060fa1"));
  auto certified = CertifiedRecord::verify(envelope_of(payload));
  ASSERT_TRUE(certified);
  EXPECT_EQ(certified->record().addresses.size(), kRecordAddressesMax);
  EXPECT_EQ(certified->addresses_dropped(), 500 - kRecordAddressesMax);
}

}  // namespace
}  // namespace ghmesh::record
