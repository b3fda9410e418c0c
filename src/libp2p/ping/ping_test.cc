// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "libp2p/ping/pinger.h"
#include "libp2p/ping/responder.h"
#include "libp2p/stream/wire.h"

namespace ghmesh::ping {
namespace {

const Instant kStart = Instant(1h);

Pinger::Payload payload(std::uint8_t first) {
  Pinger::Payload bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(first + i);
  return bytes;
}

TEST(Ping, ComesBackInPiecesOfEverySize) {
  for (std::size_t piece = 1; piece <= kPingBytes; ++piece) {
    Pinger pinger(kStart);
    Responder responder(kStart);
    stream::Wire wire(pinger, responder);
    for (std::uint8_t i = 0; i < 3; ++i) {
      pinger.ping(payload(i), kStart);
      ASSERT_TRUE(wire.settle(piece, kStart + 7ms));
      EXPECT_FALSE(pinger.is_waiting());
      EXPECT_EQ(pinger.round_trip(), 7ms);
    }
    EXPECT_EQ(responder.pings_count(), 3u);
    EXPECT_EQ(wire.bytes_carried(), 2 * 3 * kPingBytes);
  }
}

TEST(Ping, EndsWhenThePingerHasHadEnough) {
  Pinger pinger(kStart);
  Responder responder(kStart);
  stream::Wire wire(pinger, responder);
  pinger.ping(payload(1), kStart);
  pinger.finish(kStart);
  ASSERT_TRUE(wire.settle(SIZE_MAX, kStart));
  EXPECT_TRUE(pinger.round_trip());
  EXPECT_TRUE(wire.has_finished_both_ways());
  EXPECT_TRUE(pinger.is_done());
  EXPECT_TRUE(responder.is_done());
}

TEST(Ping, IsEchoedOnceItIsWhole) {
  Responder responder(kStart);
  const auto bytes = payload(0);
  for (std::size_t i = 0; i < kPingBytes; ++i) {
    EXPECT_TRUE(responder.pending_output().empty());
    ASSERT_EQ(*responder.receive(ByteView(bytes).subspan(i, 1), kStart), 1u);
  }
  EXPECT_TRUE(equal(responder.pending_output(), bytes));
}

TEST(Ping, ThatIsCutEndsInAnError) {
  const auto bytes = payload(0);
  for (std::size_t size = 1; size < kPingBytes; ++size) {
    Responder responder(kStart);
    ASSERT_TRUE(responder.receive(ByteView(bytes).first(size), kStart));
    EXPECT_EQ(responder.peer_finished(kStart).error(), Errc::ping_malformed);

    Pinger pinger(kStart);
    pinger.ping(bytes, kStart);
    pinger.output_sent(kPingBytes, kStart);
    ASSERT_TRUE(pinger.receive(ByteView(bytes).first(size), kStart));
    EXPECT_EQ(pinger.peer_finished(kStart).error(), Errc::ping_malformed);
  }
}

TEST(Ping, AnotherEchoIsAnError) {
  for (std::size_t wrong = 0; wrong < kPingBytes; ++wrong) {
    Pinger pinger(kStart);
    pinger.ping(payload(0), kStart);
    pinger.output_sent(kPingBytes, kStart);
    auto echo = payload(0);
    echo[wrong] ^= std::byte{1};
    EXPECT_EQ(pinger.receive(echo, kStart).error(), Errc::ping_wrong_echo);
  }
}

TEST(Ping, AnEchoOfWhatWasNotSentIsAnError) {
  Pinger pinger(kStart);
  EXPECT_EQ(pinger.receive(payload(0), kStart).error(), Errc::ping_wrong_echo);

  Pinger early(kStart);
  early.ping(payload(0), kStart);
  early.output_sent(31, kStart);  // a peer that guesses the rest is not nearer
  EXPECT_EQ(early.receive(payload(0), kStart).error(), Errc::ping_wrong_echo);
}

TEST(Ping, AnEchoThatDoesNotComeTimesOut) {
  Pinger pinger(kStart);
  pinger.ping(payload(0), kStart);
  EXPECT_EQ(pinger.next_deadline(), kStart + kDeadline);
  EXPECT_TRUE(pinger.tick(kStart + kDeadline - 1ns));
  EXPECT_EQ(pinger.tick(kStart + kDeadline).error(), Errc::timed_out);
}

TEST(Ping, AResponderWaitsForTheNextPingForEver) {
  Responder responder(kStart);
  ASSERT_TRUE(responder.receive(payload(0), kStart));
  responder.output_sent(kPingBytes, kStart);
  EXPECT_EQ(responder.next_deadline(), Instant::max());
  EXPECT_TRUE(responder.tick(kStart + 1000h));
}

TEST(PingAttack, CVE_2024_32984_APeerThatDoesNotReadIsNotReadFrom) {
  Responder responder(kStart);
  const Bytes flood(1'000'000);
  EXPECT_EQ(*responder.receive(flood, kStart), kHeldBytesMax);
  EXPECT_EQ(*responder.receive(flood, kStart), 0u);
  EXPECT_EQ(responder.pending_output().size(), kHeldBytesMax);
  EXPECT_EQ(responder.tick(kStart + kDeadline).error(), Errc::timed_out);
}

TEST(PingAttack, APingThatTricklesInDoesNotPushItsDeadlineAway) {
  Responder responder(kStart);
  for (int second = 0; second < 10; ++second) {
    ASSERT_TRUE(responder.tick(kStart + second * 1s));
    ASSERT_TRUE(responder.receive(Bytes(1), kStart + second * 1s));
  }
  EXPECT_EQ(responder.tick(kStart + 10s).error(), Errc::timed_out);
}

// The example of docs/wire/ping.md.
TEST(Ping, SpeaksTheBytesOfItsDocument) {
  std::ifstream file("docs/wire/ping.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const std::string digits = hex(payload(0));
  EXPECT_NE(document.find("-> " + digits + "\n"), std::string::npos);
  EXPECT_NE(document.find("<- " + digits + "\n"), std::string::npos);

  Pinger pinger(kStart);
  pinger.ping(payload(0), kStart);
  EXPECT_EQ(hex(pinger.pending_output()), digits);
  Responder responder(kStart);
  ASSERT_TRUE(responder.receive(pinger.pending_output(), kStart));
  EXPECT_EQ(hex(responder.pending_output()), digits);
}

}  // namespace
}  // namespace ghmesh::ping
