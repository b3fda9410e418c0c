// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/session.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/random.h"
#include "base/text.h"
#include "libp2p/noise/payload.h"

namespace ghmesh::noise {
namespace {

keys::PrivateKey identity_of(unsigned char byte) {
  return keys::PrivateKey::of_seed(
      crypto::Secret(Bytes(crypto::kEd25519SeedBytes, std::byte{byte})));
}

HandshakeKeys keys_of(unsigned char byte) {
  const auto key = [](unsigned char value) {
    return crypto::X25519Key::from_private(
        crypto::Secret(Bytes(crypto::kX25519Bytes, std::byte{value})));
  };
  return {.static_key = key(byte), .ephemeral_key = key(static_cast<unsigned char>(byte + 1))};
}

const keys::PrivateKey kDialerIdentity = identity_of(1);
const keys::PrivateKey kListenerIdentity = identity_of(2);
const std::vector<std::string> kYamux = {"/yamux/1.0.0"};

// Two sessions and the wire between them.
struct Pair {
  explicit Pair(Options dialer_options = {}, Options listener_options = {})
      : dialer(Role::dialer, kDialerIdentity, std::move(dialer_options)),
        listener(Role::listener, kListenerIdentity, std::move(listener_options)) {}

  // Carries at most `bytes_max` bytes from one to the other; tells how many it carried.
  std::size_t carry(Session& from, Session& to, std::size_t bytes_max = SIZE_MAX) {
    if (error || !to.wants_input()) return 0;
    const ByteView output = from.pending_output();
    const Bytes part = copy_bytes(output.first(std::min(output.size(), bytes_max)));
    if (part.empty()) return 0;
    auto received = to.receive(part);
    if (!received) error = received.error();
    from.output_sent(part.size());
    return part.size();
  }
  // Until nothing moves any more, or one side has had enough.
  void settle(std::size_t bytes_max = SIZE_MAX) {
    while (carry(dialer, listener, bytes_max) + carry(listener, dialer, bytes_max) > 0) {
    }
  }
  bool is_established() const { return dialer.is_established() && listener.is_established(); }

  Session dialer, listener;
  Error error;  // of whoever failed first
};

std::string take_all(Session& session) {
  std::string text(as_text(session.readable()));
  session.consume(text.size());
  return text;
}

std::string read_document(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The hex digits of every line that begins with `arrow`, joined.
std::string example_bytes(std::string_view document, std::string_view arrow) {
  std::string bytes;
  while (!document.empty()) {
    std::string_view line = take_until(document, '\n');
    if (!line.starts_with(arrow)) continue;
    line.remove_prefix(arrow.size());
    bytes += take_until(line, ' ');
  }
  return bytes;
}

Bytes framed(ByteView message) {
  Bytes frame(kLengthBytes + message.size());
  store_big_endian(MutableByteView(frame), static_cast<std::uint16_t>(message.size()));
  std::ranges::copy(message, frame.begin() + kLengthBytes);
  return frame;
}

TEST(NoiseSession, TellsBothSidesWhoTheOtherIs) {
  Pair pair;
  pair.settle();
  ASSERT_TRUE(pair.is_established());
  EXPECT_EQ(pair.dialer.peer(), kListenerIdentity.peer_id());
  EXPECT_EQ(pair.listener.peer(), kDialerIdentity.peer_id());
  EXPECT_EQ(pair.dialer.peer_key(), kListenerIdentity.public_key());
  EXPECT_EQ(hex(pair.dialer.handshake_hash()), hex(pair.listener.handshake_hash()));
}

TEST(NoiseSession, CarriesBytesBothWays) {
  Pair pair;
  pair.settle();
  EXPECT_EQ(*pair.dialer.write(as_bytes("hello")), 5u);
  EXPECT_EQ(*pair.listener.write(as_bytes("world")), 5u);
  pair.settle();
  EXPECT_EQ(take_all(pair.listener), "hello");
  EXPECT_EQ(take_all(pair.dialer), "world");
}

TEST(NoiseSession, OneByteReadsEndInTheSameState) {
  Pair pair({.muxers = kYamux}, {.muxers = kYamux});
  pair.settle(1);
  ASSERT_TRUE(pair.is_established());
  ASSERT_TRUE(pair.dialer.write(as_bytes("hello")));
  ASSERT_TRUE(pair.dialer.write(as_bytes(" world")));
  pair.settle(1);
  EXPECT_EQ(take_all(pair.listener), "hello world");
}

TEST(NoiseSession, TakesDataThatArrivesTogetherWithTheHandshake) {
  Pair pair;
  pair.carry(pair.dialer, pair.listener);
  pair.carry(pair.listener, pair.dialer);
  ASSERT_TRUE(pair.dialer.is_established());
  ASSERT_TRUE(pair.dialer.write(as_bytes("early")));
  pair.carry(pair.dialer, pair.listener);
  EXPECT_EQ(take_all(pair.listener), "early");
}

TEST(NoiseSession, TakesNothingToWriteBeforeItIsEstablished) {
  Pair pair;
  EXPECT_EQ(*pair.dialer.write(as_bytes("hello")), 0u);
  EXPECT_FALSE(pair.dialer.is_established());
}

TEST(NoiseSession, FillsFramesExactly) {
  Pair pair;
  pair.settle();
  ASSERT_TRUE(pair.dialer.write(Bytes(kPlaintextBytesMax)));
  EXPECT_EQ(pair.dialer.pending_output().size(), 65'537u);
  EXPECT_EQ(hex(pair.dialer.pending_output().first(2)), "ffff");
  pair.settle();
  EXPECT_EQ(pair.listener.readable().size(), 65'519u);
}

TEST(NoiseSession, OutputIsBoundedHoweverMuchIsWritten) {
  Pair pair;
  pair.settle();
  EXPECT_EQ(*pair.dialer.write(Bytes(2'000'000)), 4 * kPlaintextBytesMax);
  EXPECT_EQ(*pair.dialer.write(Bytes(1)), 0u);
  EXPECT_EQ(pair.dialer.pending_output().size(), kOutputBytesMax);
  pair.dialer.output_sent(1000);
  EXPECT_EQ(*pair.dialer.write(Bytes(100)), 100u);
}

TEST(NoiseSession, WantsNoInputWhileNothingIsConsumed) {
  Pair pair;
  pair.settle();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pair.dialer.write(Bytes(kPlaintextBytesMax)));
    pair.settle(10'000);
  }
  EXPECT_LE(pair.listener.readable().size(), kUnreadBytesMax + kPlaintextBytesMax);
  EXPECT_FALSE(pair.listener.wants_input());
  take_all(pair.listener);
  EXPECT_TRUE(pair.listener.wants_input());
}

TEST(NoiseSession, EmptyFramesAreAllowedAndCarryNothing) {
  Pair pair;
  pair.settle();
  ASSERT_TRUE(pair.dialer.write({}));
  EXPECT_TRUE(pair.dialer.pending_output().empty());  // we send none
  EXPECT_TRUE(pair.listener.readable().empty());
}

// --- stream multiplexers (connections/inlined-muxer-negotiation.md) ---

std::optional<std::string> chosen(std::vector<std::string> dialers,
                                  std::vector<std::string> listeners) {
  Pair pair({.muxers = std::move(dialers)}, {.muxers = std::move(listeners)});
  pair.settle();
  EXPECT_TRUE(pair.is_established());
  EXPECT_EQ(pair.dialer.muxer(), pair.listener.muxer());
  return pair.dialer.muxer();
}

TEST(NoiseMuxer, IsTheDialersFirstThatBothSpeak) {
  EXPECT_EQ(chosen({"/yamux/1.0.0"}, {"/yamux/1.0.0"}), "/yamux/1.0.0");
  EXPECT_EQ(chosen({"/a", "/b", "/c"}, {"/c", "/b"}), "/b");
}

TEST(NoiseMuxer, IsNegotiatedElsewhereWhenOneSideNamesNone) {
  EXPECT_EQ(chosen({}, {"/yamux/1.0.0"}), std::nullopt);
  EXPECT_EQ(chosen({"/yamux/1.0.0"}, {}), std::nullopt);
  EXPECT_EQ(chosen({}, {}), std::nullopt);
}

TEST(NoiseMuxer, ListsWithoutACommonOneEndTheHandshake) {
  Pair pair({.muxers = {"/yamux/1.0.0"}}, {.muxers = {"/mplex/6.7.0"}});
  pair.settle();
  EXPECT_EQ(pair.error, Errc::noise_no_muxer);
  EXPECT_FALSE(pair.dialer.is_established() || pair.listener.is_established());
}

// --- who the peer is ---

TEST(NoiseSession, AcceptsThePeerThatIsExpected) {
  Pair pair({.expected_peer = kListenerIdentity.peer_id()},
            {.expected_peer = kDialerIdentity.peer_id()});
  pair.settle();
  EXPECT_TRUE(pair.is_established());
}

TEST(NoiseSession, RefusesAnotherPeerBeforeItSaysWhoItIs) {
  Pair pair({.expected_peer = identity_of(9).peer_id()});
  pair.settle();
  EXPECT_EQ(pair.error, Errc::noise_wrong_peer);
  EXPECT_FALSE(pair.dialer.is_established());
  EXPECT_TRUE(pair.dialer.pending_output().empty());
  EXPECT_EQ(pair.dialer.write(as_bytes("x")).error(), Errc::noise_closed);
}

TEST(NoiseSession, OfAnotherPrologueIsRejected) {
  Pair pair({.prologue = copy_bytes(as_bytes("a"))}, {.prologue = copy_bytes(as_bytes("b"))});
  pair.settle();
  EXPECT_EQ(pair.error, Errc::noise_rejected);
}

// The example of docs/wire/noise.md.
TEST(NoiseSession, SpeaksTheBytesOfItsDocument) {
  const std::string document = read_document("docs/wire/noise.md");
  Session dialer(Role::dialer, kDialerIdentity, {.muxers = kYamux}, keys_of(0x11));
  Session listener(Role::listener, kListenerIdentity, {.muxers = kYamux}, keys_of(0x21));
  std::string sent;
  const auto carry = [](Session& from, Session& to) {
    const Bytes bytes = copy_bytes(from.pending_output());
    from.output_sent(bytes.size());
    EXPECT_TRUE(to.receive(bytes));
    return hex(bytes);
  };
  sent += carry(dialer, listener);
  const std::string answered = carry(listener, dialer);
  ASSERT_TRUE(dialer.write(as_bytes("hello")));
  sent += carry(dialer, listener);
  EXPECT_EQ(take_all(listener), "hello");
  EXPECT_EQ(sent, example_bytes(document, "-> "));
  EXPECT_EQ(answered, example_bytes(document, "<- "));
}

// --- attacks ---

// A peer that plays the handshake by hand, with a payload of its choice.
struct Forger {
  explicit Forger(Role role) : handshake(role, keys_of(0x31), {}) {}

  // What `victim` says to `payload`, which gets the static key of this handshake.
  template <class MakePayload>
  Error attack(Session& victim, MakePayload&& make_payload) {
    const auto take = [&] {
      const Bytes output = copy_bytes(victim.pending_output());
      victim.output_sent(output.size());
      return copy_bytes(ByteView(output).subspan(kLengthBytes));
    };
    if (victim.pending_output().empty()) {
      EXPECT_TRUE(victim.receive(framed(*handshake.write_message({}))));
    }
    EXPECT_TRUE(handshake.read_message(take()));
    const Bytes payload = make_payload(handshake.static_key());
    auto received = victim.receive(framed(*handshake.write_message(payload)));
    EXPECT_EQ(victim.is_established(), received.has_value());
    return received ? Error() : received.error();
  }

  Handshake handshake;
};

// Both as a dialer and as a listener.
template <class MakePayload>
std::vector<Error> verdicts(MakePayload&& make_payload) {
  Session listener(Role::listener, kListenerIdentity, {.muxers = kYamux});
  Session dialer(Role::dialer, kDialerIdentity, {.muxers = kYamux});
  return {Forger(Role::dialer).attack(listener, make_payload),
          Forger(Role::listener).attack(dialer, make_payload)};
}

const keys::PrivateKey kForger = identity_of(7);

using StaticKey = crypto::X25519PublicKey;

TEST(NoiseAttack, AnHonestPeerPlayedByHandIsAccepted) {
  const auto made = [](const StaticKey& key) {
    return write_payload(make_payload(kForger, key, {}));
  };
  for (const Error& error : verdicts(made)) EXPECT_FALSE(error) << error.message();
}

TEST(NoiseAttack, CVE_2022_24759_AnIdentityWithoutItsSignatureIsRefused) {
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

TEST(NoiseAttack, CVE_2022_24759_APayloadWithoutAnIdentityIsRefused) {
  for (const Error& error : verdicts([](const StaticKey&) { return Bytes(); }))
    EXPECT_EQ(error, Errc::noise_identity);
}

TEST(NoiseAttack, CVE_2023_39533_AHugeIdentityKeyIsRefusedUnread) {
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

TEST(NoiseAttack, TooManyOrTooLongMuxersAreRefused) {
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

TEST(NoiseAttack, ALongHandshakeMessageIsRefusedAtItsLength) {
  Session listener(Role::listener, kListenerIdentity, {});
  EXPECT_EQ(listener.receive(*parse_hex("2001")).error(), Errc::noise_malformed);
  Session patient(Role::listener, kListenerIdentity, {});
  EXPECT_TRUE(patient.receive(*parse_hex("20")));
  EXPECT_EQ(patient.receive(*parse_hex("01")).error(), Errc::noise_malformed);
}

TEST(NoiseAttack, APublicKeyThatLeadsToNoSecretIsRejected) {
  Session listener(Role::listener, kListenerIdentity, {});
  EXPECT_EQ(listener.receive(framed(Bytes(32))).error(), Errc::noise_rejected);
  EXPECT_TRUE(listener.pending_output().empty());
}

// Runs a handshake in which `change` may alter message `index` on its way. Nobody is fooled: the reader of the changed
// message, or of the one after it, does not establish.
template <class Change>
bool is_accepted(int index, Change&& change) {
  Pair pair({.expected_peer = kListenerIdentity.peer_id(), .muxers = kYamux}, {.muxers = kYamux});
  for (int i = 0; i < 3; ++i) {
    Session& from = i == 1 ? pair.listener : pair.dialer;
    Session& to = i == 1 ? pair.dialer : pair.listener;
    Bytes message = copy_bytes(from.pending_output());
    from.output_sent(message.size());
    if (i == index) change(message);
    if (!message.empty() && !to.receive(message)) return false;
  }
  return pair.is_established();
}

TEST(NoiseAttack, NoneOf48MutatedHandshakesIsAccepted) {
  ASSERT_TRUE(is_accepted(0, [](Bytes&) {}));
  int mutations = 0;
  const auto expect_refused = [&](int index, auto&& change) {
    EXPECT_FALSE(is_accepted(index, change)) << "message " << index << " mutation " << mutations;
    ++mutations;
  };
  for (int index = 0; index < 3; ++index) {
    for (const std::size_t position : {0u, 1u, 2u, 15u, 33u}) {  // length, first key
      expect_refused(index, [&](Bytes& m) { m[position] ^= std::byte{0x04}; });
    }
    for (const std::size_t back : {1u, 8u, 16u}) {  // the end
      expect_refused(index, [&](Bytes& m) { m[m.size() - back] ^= std::byte{0x80}; });
    }
    expect_refused(index, [](Bytes& m) { m.clear(); });
    expect_refused(index, [](Bytes& m) { m.resize(m.size() - 1); });
    expect_refused(index, [](Bytes& m) { m = framed(Bytes(m.size() - 2)); });
    expect_refused(index, [](Bytes& m) { append(m, Bytes(m)); });  // twice
    expect_refused(index, [](Bytes& m) { m = framed(ByteView(m).subspan(2, m.size() - 3)); });
    expect_refused(index, [](Bytes& m) {  // a byte more
      m.push_back(std::byte{0});
      m = framed(ByteView(m).subspan(2));
    });
    expect_refused(index, [](Bytes& m) { m = framed({}); });
    expect_refused(index, [](Bytes& m) { std::reverse(m.begin() + 2, m.end()); });
  }
  EXPECT_EQ(mutations, 48);
}

TEST(NoiseAttack, AHandshakeCutAtAnyByteIsNotAccepted) {
  for (int index = 0; index < 3; ++index) {
    std::size_t size = 0;
    ASSERT_TRUE(is_accepted(index, [&](Bytes& m) { size = m.size(); }));
    for (std::size_t kept = 0; kept < size; ++kept)
      EXPECT_FALSE(is_accepted(index, [&](Bytes& m) { m.resize(kept); })) << index << " " << kept;
  }
}

TEST(NoiseAttack, ReplayedHandshakesAreNotAccepted) {
  Pair recorded;
  const Bytes first = copy_bytes(recorded.dialer.pending_output());
  recorded.carry(recorded.dialer, recorded.listener);
  recorded.carry(recorded.listener, recorded.dialer);
  const Bytes third = copy_bytes(recorded.dialer.pending_output());
  Session victim(Role::listener, kListenerIdentity, {});
  ASSERT_TRUE(victim.receive(first));
  EXPECT_EQ(victim.receive(third).error(), Errc::noise_rejected);
}

TEST(NoiseAttack, OurOwnMessagesReflectedAreNotAccepted) {
  Session dialer(Role::dialer, kDialerIdentity, {});
  const Bytes own = copy_bytes(dialer.pending_output());
  EXPECT_FALSE(dialer.receive(own));
}

TEST(NoiseAttack, RUSTSEC_2024_0011_AForgedFrameEndsTheSession) {
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

TEST(NoiseAttack, ARepeatedFrameEndsTheSession) {
  Pair pair;
  pair.settle();
  ASSERT_TRUE(pair.dialer.write(as_bytes("once")));
  const Bytes frame = copy_bytes(pair.dialer.pending_output());
  ASSERT_TRUE(pair.listener.receive(frame));
  EXPECT_EQ(pair.listener.receive(frame).error(), Errc::noise_rejected);
  EXPECT_EQ(take_all(pair.listener), "once");
}

TEST(NoiseAttack, AFrameShorterThanItsTagEndsTheSession) {
  Pair pair;
  pair.settle();
  EXPECT_EQ(pair.listener.receive(*parse_hex("000f")).error(), Errc::noise_malformed);
}

// --- payload ---

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

// Random writes, reads and fragment sizes: what was written arrives, in order.
TEST(NoisePair, EverythingWrittenArrivesWhateverTheFragments) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Pair pair({.muxers = kYamux}, {.muxers = kYamux});
    std::string written[2], read[2];
    Session* sides[2] = {&pair.dialer, &pair.listener};
    for (int step = 0; step < 600; ++step) {
      const std::size_t from = random.below(2);
      const std::string text(random.below(random.chance(0.2) ? 150'000 : 300),
                             static_cast<char>('a' + random.below(26)));
      written[from] += text.substr(0, *sides[from]->write(as_bytes(text)));
      pair.carry(*sides[from], *sides[1 - from], random.below(90'000) + 1);
      const ByteView bytes = sides[1 - from]->readable();
      const ByteView part = bytes.first(random.below(bytes.size() + 1));
      read[1 - from] += as_text(part);
      sides[1 - from]->consume(part.size());
    }
    while (!pair.dialer.pending_output().empty() || !pair.listener.pending_output().empty()) {
      pair.settle();
      for (int i = 0; i < 2; ++i) read[i] += take_all(*sides[i]);
    }
    for (int i = 0; i < 2; ++i) read[i] += take_all(*sides[i]);
    ASSERT_FALSE(pair.error) << pair.error.message() << " seed " << seed;
    ASSERT_TRUE(pair.is_established()) << "seed " << seed;
    EXPECT_EQ(read[0], written[1]) << "seed " << seed;
    EXPECT_EQ(read[1], written[0]) << "seed " << seed;
    EXPECT_GT(written[0].size(), 100'000u);
  }
}

}  // namespace
}  // namespace ghmesh::noise
