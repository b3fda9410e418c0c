// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/session.h"

#include "base/random.h"
#include "libp2p/noise/test_session.h"

namespace ghmesh::noise {
namespace {

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

TEST(NoiseSession, GivesBackWhatALargeTransferNeeded) {
  Pair pair({.muxers = kYamux}, {.muxers = kYamux});
  pair.settle();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(pair.dialer.write(Bytes(200'000)));
    pair.settle(50'000);  // frames are cut
    take_all(pair.listener);
  }
  EXPECT_GT(pair.listener.held_bytes(), 100'000u);
  EXPECT_LE(pair.listener.held_bytes(), 2 * (kUnreadBytesMax + 2 * kMessageBytesMax));
  EXPECT_LE(pair.dialer.held_bytes(), 2 * kOutputBytesMax);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(pair.dialer.write(as_bytes("ping")));
    pair.settle();
    take_all(pair.listener);
  }
  EXPECT_LE(pair.dialer.held_bytes(), 1'024u);
  EXPECT_LE(pair.listener.held_bytes(), 1'024u);
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
  const std::string document = test::read_text("docs/wire/noise.md");
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
  EXPECT_EQ(sent, test::example_bytes(document, "-> "));
  EXPECT_EQ(answered, test::example_bytes(document, "<- "));
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
