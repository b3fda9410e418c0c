// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a peer, or somebody between two peers, may not do. Published attacks on implementations of Noise are tried under
// their numbers.
#include "libp2p/noise/test_session.h"

namespace ghmesh::noise {
namespace {

using StaticKey = crypto::X25519PublicKey;

TEST(NoiseAttacks, AnHonestPeerPlayedByHandIsAccepted) {
  const auto made = [](const StaticKey& key) {
    return write_payload(make_payload(kForger, key, {}));
  };
  for (const Error& error : verdicts(made)) EXPECT_FALSE(error) << error.message();
}

// Row "plaintext and secio" of the downgrades: what is not Noise is refused, and nothing is said in the clear.
TEST(NoiseAttacks, DowngradeToPlaintextOrSecio_NothingPassesBeforeBothAreProven) {
  for (std::string_view text : {"\x13/multistream/1.0.0\n", "/plaintext/2.0.0\n", "\x07/secio\n"}) {
    Session listener(Role::listener, kListenerIdentity, {});
    auto received = listener.receive(as_bytes(text));
    EXPECT_TRUE(!received || listener.pending_output().empty()) << text;
    EXPECT_TRUE(listener.readable().empty());
    EXPECT_FALSE(listener.is_established());
  }
  Pair pair;
  pair.carry(pair.dialer, pair.listener);
  EXPECT_EQ(*pair.listener.write(as_bytes("too early")), 0u);
  pair.carry(pair.listener, pair.dialer);
  EXPECT_TRUE(pair.dialer.is_established());
  EXPECT_EQ(*pair.listener.write(as_bytes("still")), 0u);  // the dialer may be anybody so far
}

TEST(NoiseAttacks, Cve2022_24759_AnIdentityWithoutItsSignatureIsRefused) {
  // A signature over something else, by somebody else, none, cut, and the right one for another handshake.
  const Payload elsewhere = make_payload(kForger, keys_of(0x51).static_key.public_key(), {});
  const std::vector<Bytes> signatures = {copy_bytes(kForger.sign(as_bytes("something else"))),
                                         Bytes(64, std::byte{1}), Bytes(),
                                         elsewhere.identity_signature};
  for (const Bytes& signature : signatures) {
    const auto made = [&](const StaticKey& key) {
      Payload payload = make_payload(kForger, key, {});
      payload.identity_signature = signature;
      return write_payload(payload);
    };
    for (const Error& error : verdicts(made)) EXPECT_EQ(error, Errc::noise_identity);
  }
  // Somebody else's key with our own signature.
  const auto stolen = [&](const StaticKey& key) {
    Payload payload = make_payload(kForger, key, {});
    payload.identity_key = copy_bytes(kListenerIdentity.public_key().serialized());
    return write_payload(payload);
  };
  for (const Error& error : verdicts(stolen)) EXPECT_EQ(error, Errc::noise_identity);
}

TEST(NoiseAttacks, Cve2022_24759_APayloadWithoutAnIdentityIsRefused) {
  for (const Error& error : verdicts([](const StaticKey&) { return Bytes(); }))
    EXPECT_EQ(error, Errc::noise_identity);
}

TEST(NoiseAttacks, Cve2023_39533_AHugeIdentityKeyIsRefusedUnread) {
  const auto made = [](const StaticKey& key) {
    Payload payload = make_payload(kForger, key, {});
    payload.identity_key = Bytes(keys::kSerializedKeyBytesMax + 1);
    return write_payload(payload);
  };
  for (const Error& error : verdicts(made)) EXPECT_EQ(error, Errc::noise_malformed);
  const auto signature = [](const StaticKey& key) {
    Payload payload = make_payload(kForger, key, {});
    payload.identity_signature = Bytes(keys::kSignatureBytesMax + 1);
    return write_payload(payload);
  };
  for (const Error& error : verdicts(signature)) EXPECT_EQ(error, Errc::noise_malformed);
}

TEST(NoiseAttacks, TooManyOrTooLongMuxersAreRefused) {
  for (const std::vector<std::string>& muxers :
       {std::vector<std::string>(kMuxersMax + 1, "/yamux/1.0.0"),
        std::vector<std::string>{std::string(kMuxerBytesMax + 1, 'x')},
        std::vector<std::string>(2000, "")}) {
    const auto made = [&](const StaticKey& key) {
      return write_payload(make_payload(kForger, key, muxers));
    };
    for (const Error& error : verdicts(made)) EXPECT_EQ(error, Errc::noise_malformed);
  }
}

TEST(NoiseAttacks, ALongHandshakeMessageIsRefusedAtItsLength) {
  Session listener(Role::listener, kListenerIdentity, {});
  EXPECT_EQ(listener.receive(*parse_hex("2001")).error(), Errc::noise_malformed);
  Session patient(Role::listener, kListenerIdentity, {});
  EXPECT_TRUE(patient.receive(*parse_hex("20")));
  EXPECT_EQ(patient.receive(*parse_hex("01")).error(), Errc::noise_malformed);
}

TEST(NoiseAttacks, Cve2022_23486_AClaimedLengthHoldsNothing) {
  Session listener(Role::listener, kListenerIdentity, {});
  ASSERT_TRUE(listener.receive(*parse_hex("2000")));  // the longest that is allowed
  EXPECT_LE(listener.held_bytes(), 256u);
  Pair pair;
  pair.settle();
  ASSERT_TRUE(pair.listener.receive(*parse_hex("ffff")));
  EXPECT_LE(pair.listener.held_bytes(), 1'024u);
}

TEST(NoiseAttacks, APublicKeyThatLeadsToNoSecretIsRejected) {
  Session listener(Role::listener, kListenerIdentity, {});
  EXPECT_EQ(listener.receive(framed(Bytes(32))).error(), Errc::noise_rejected);
  EXPECT_TRUE(listener.pending_output().empty());
}

TEST(NoiseAttacks, ReplayedHandshakesAreNotAccepted) {
  Pair recorded;
  const Bytes first = copy_bytes(recorded.dialer.pending_output());
  recorded.carry(recorded.dialer, recorded.listener);
  recorded.carry(recorded.listener, recorded.dialer);
  const Bytes third = copy_bytes(recorded.dialer.pending_output());
  Session victim(Role::listener, kListenerIdentity, {});
  ASSERT_TRUE(victim.receive(first));
  EXPECT_EQ(victim.receive(third).error(), Errc::noise_rejected);
}

TEST(NoiseAttacks, OurOwnMessagesReflectedAreNotAccepted) {
  Session dialer(Role::dialer, kDialerIdentity, {});
  const Bytes own = copy_bytes(dialer.pending_output());
  EXPECT_FALSE(dialer.receive(own));
}

TEST(NoiseAttacks, Rustsec2024_0011_AForgedFrameEndsTheSession) {
  Pair pair;
  pair.settle();
  ASSERT_TRUE(pair.dialer.write(as_bytes("one")));
  Bytes frame = copy_bytes(pair.dialer.pending_output());
  frame.back() ^= std::byte{1};
  EXPECT_EQ(pair.listener.receive(frame).error(), Errc::noise_rejected);
  EXPECT_TRUE(pair.listener.readable().empty());
  EXPECT_FALSE(pair.listener.is_established());
  EXPECT_EQ(pair.listener.write(as_bytes("x")).error(), Errc::noise_closed);
}

TEST(NoiseAttacks, ARepeatedFrameEndsTheSession) {
  Pair pair;
  pair.settle();
  ASSERT_TRUE(pair.dialer.write(as_bytes("once")));
  const Bytes frame = copy_bytes(pair.dialer.pending_output());
  ASSERT_TRUE(pair.listener.receive(frame));
  EXPECT_EQ(pair.listener.receive(frame).error(), Errc::noise_rejected);
  EXPECT_EQ(take_all(pair.listener), "once");
}

TEST(NoiseAttacks, AFrameShorterThanItsTagEndsTheSession) {
  Pair pair;
  pair.settle();
  EXPECT_EQ(pair.listener.receive(*parse_hex("000f")).error(), Errc::noise_malformed);
}

}  // namespace
}  // namespace ghmesh::noise
