// SPDX-License-Identifier: Apache-2.0 OR MIT
// How a session learns that its peer is gone, and when it does not say so.
#include "libp2p/yamux/test_session.h"

namespace ghmesh::yamux {
namespace {

TEST(YamuxKeepalive, AsksAnIdlePeerAndGivesUpASilentOne) {
  Pair pair;
  const Instant later = kStart + 30s;
  EXPECT_EQ(pair.dialer.next_deadline(), later);
  ASSERT_TRUE(pair.dialer.tick(later - 1ns));
  EXPECT_TRUE(pair.dialer.pending_output().empty());
  ASSERT_TRUE(pair.dialer.tick(later));
  EXPECT_FALSE(pair.dialer.pending_output().empty());
  pair.now = later + 20ms;
  pair.settle();
  EXPECT_EQ(pair.dialer.round_trip(), 20ms);
  const Instant asked = later + 31s;
  ASSERT_TRUE(pair.dialer.tick(asked));
  pair.dialer.output_sent(pair.dialer.pending_output().size(), asked);
  EXPECT_EQ(pair.dialer.next_deadline(), asked + 10s);
  ASSERT_TRUE(pair.dialer.tick(asked + 10s - 1ns));
  EXPECT_EQ(pair.dialer.tick(asked + 10s).error(), Errc::yamux_keepalive);
  EXPECT_EQ(pair.dialer.next_deadline(), Instant::max());
}

TEST(YamuxKeepalive, WhateverAPeerSaysProvesThatItIsThere) {
  Session session(Role::listener, {}, kStart);
  session.ping(kStart);
  session.output_sent(session.pending_output().size(), kStart);
  for (Instant now = kStart; now < kStart + 1min; now += 9s) {
    ASSERT_TRUE(session.receive(frame(FrameType::go_away, 0, 0, 0), now));
    ASSERT_TRUE(session.tick(now + 8s));
  }
}

// A pong that waits in a pipe which we do not read is no silence of the peer's.
TEST(YamuxKeepalive, IsNotAskedForWhileWeWantNoInput) {
  Session session(Role::listener, {.receive_bytes_max = 1000}, kStart);
  ASSERT_TRUE(session.receive(frame(FrameType::data, kSyn, 1, 1000, 1000), kStart));
  session.ping(kStart);
  session.output_sent(session.pending_output().size(), kStart);
  ASSERT_FALSE(session.wants_input());
  EXPECT_EQ(session.next_deadline(), Instant::max());
  ASSERT_TRUE(session.tick(kStart + 10min));
  session.consume(1, 1000, kStart + 10min);
  ASSERT_TRUE(session.wants_input());
  EXPECT_EQ(session.next_deadline(), kStart + 10min + 10s);
  ASSERT_TRUE(session.tick(kStart + 10min + 9s));
  EXPECT_EQ(session.tick(kStart + 10min + 10s).error(), Errc::yamux_keepalive);
}

TEST(YamuxKeepalive, AStrayPongIsIgnored) {
  Pair pair;
  ASSERT_FALSE(rejection(pair.dialer, frame(FrameType::ping, kAck, 0, 1)));
  EXPECT_FALSE(pair.dialer.round_trip());
  pair.dialer.ping(pair.now);
  ASSERT_FALSE(rejection(pair.dialer, frame(FrameType::ping, kAck, 0, 77)));
  EXPECT_FALSE(pair.dialer.round_trip());
}

TEST(YamuxStall, APeerThatDoesNotReadIsGivenUp) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, as_bytes("x"), kStart));
  EXPECT_EQ(pair.dialer.next_deadline(), kStart + 10s);
  ASSERT_TRUE(pair.dialer.tick(kStart + 10s - 1ns));
  EXPECT_EQ(pair.dialer.tick(kStart + 10s).error(), Errc::yamux_stalled);
}

TEST(YamuxStall, APeerThatReadsAByteNowAndThenIsNot) {
  Pair pair({.keepalive_interval = 1h});
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, Bytes(20), kStart));
  for (Instant now = kStart + 9s; !pair.dialer.pending_output().empty(); now += 9s) {
    ASSERT_TRUE(pair.dialer.tick(now));
    pair.dialer.output_sent(1, now);
  }
}

// Output waits since it was there, not since something was sent last.
TEST(YamuxStall, IsNotCountedFromBeforeThereWasOutput) {
  Pair pair;
  pair.dialer.ping(kStart);
  pair.settle();
  const Instant later = kStart + 25s;
  const StreamId id =
      *pair.dialer.open_stream();  // knows no time: counts from the next call that does
  EXPECT_LE(pair.dialer.next_deadline(), later);
  ASSERT_TRUE(pair.dialer.tick(later));
  EXPECT_EQ(pair.dialer.next_deadline(), kStart + 30s);  // keepalive
  ASSERT_TRUE(pair.dialer.receive(frame(FrameType::ping, kSyn, 0, 1), later));
  EXPECT_EQ(pair.dialer.next_deadline(), later + 10s);
  ASSERT_TRUE(pair.dialer.tick(later + 9s));
  pair.dialer.reset(id);
  EXPECT_EQ(pair.dialer.tick(later + 10s).error(), Errc::yamux_stalled);
}

TEST(YamuxStall, AnAnswerAfterALongSilenceIsNotCountedFromItsBeginning) {
  Session session(Role::listener, {}, kStart);
  const Instant later = kStart + 29s;
  ASSERT_TRUE(session.receive(frame(FrameType::ping, kSyn, 0, 1), later));
  ASSERT_TRUE(session.tick(later));
  EXPECT_EQ(session.next_deadline(), later + 10s);
}

}  // namespace
}  // namespace ghmesh::yamux
