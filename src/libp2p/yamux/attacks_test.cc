// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a peer may not do to us. Each published attack on an implementation of yamux is tried here under its number:
// either it ends the session with a named error, or it is counted, holds no more memory than its limit, and an honest
// stream of the same session goes on.
#include "libp2p/yamux/test_session.h"

namespace ghmesh::yamux {
namespace {

// The peer opens one more stream, says something and is read.
void expect_honest_stream(Session& session, StreamId id) {
  Bytes bytes = frame(FrameType::window_update, kSyn, id, 0);
  append(bytes, frame(FrameType::data, kFin, id, 5));
  append(bytes, as_bytes("hello"));
  EXPECT_FALSE(rejection(session, bytes));
  EXPECT_EQ(as_text(session.readable(id)), "hello");
  session.consume(id, 5, kStart);
  EXPECT_TRUE(session.is_at_end(id));
}

void send_all_output(Session& session) {
  session.output_sent(session.pending_output().size(), kStart);
}

TEST(YamuxAttacks, Cve2022_23486_StreamsWithoutEndAreRefusedAndCounted) {
  Session session(Role::listener, {.inbound_streams_max = 10}, kStart);
  Bytes bytes;
  for (StreamId id = 1; id < 20'000; id += 2)
    append(bytes, frame(FrameType::window_update, kSyn, id, 0));
  ASSERT_FALSE(rejection(session, bytes));
  EXPECT_EQ(session.streams_count(), 10u);
  EXPECT_EQ(session.counters().streams_refused, 9'990u);
  // One answer to each frame: what the peer sent at once is what it can make us say.
  EXPECT_LE(session.pending_output().size(), bytes.size());
  EXPECT_FALSE(session.wants_input());
  send_all_output(session);
  EXPECT_EQ(kinds(session).size(), 10u);
  session.reset(1);
  expect_honest_stream(session, 20'001);
  EXPECT_LT(session.held_bytes(), 2 * bytes.size());
}

TEST(YamuxAttacks, Cve2022_23487_StreamsThatComeAndGoAreBounded) {
  Session session(Role::listener, {}, kStart);
  StreamId id = 1;
  for (; session.wants_input() && id < 200'000; id += 2) {
    ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, id, 0)));
    session.reset(id);
    kinds(session);
  }
  EXPECT_LT(id, 200'000u);  // its input was made to wait
  EXPECT_EQ(session.streams_count(), 0u);
  EXPECT_LE(session.pending_output().size(), 3 * kAnswerBytesMax);
  send_all_output(session);
  EXPECT_TRUE(session.wants_input());
  expect_honest_stream(session, id);
}

// All windows of all streams filled, and nobody reads: the sum has a limit of its own, far below that of the windows.
TEST(YamuxAttacks, Cve2022_23492_AllThatIsUnreadHasOneLimit) {
  const Options options{.inbound_streams_max = 256, .receive_bytes_max = 4 * 1024 * 1024};
  Session session(Role::listener, options, kStart);
  const std::size_t piece_bytes = 64 * 1024;
  const Bytes piece(piece_bytes);
  std::size_t given = 0, most_held = 0;
  for (StreamId id = 1; session.wants_input(); id += 2) {
    ASSERT_LT(id, 2 * 256u);
    ASSERT_FALSE(rejection(session, frame(FrameType::data, kSyn, id, kWindowBytes)));
    for (std::size_t i = 0; i < kWindowBytes / piece_bytes && session.wants_input(); ++i) {
      ASSERT_FALSE(rejection(session, piece));
      given += piece_bytes;
      most_held = std::max(most_held, session.held_bytes());
    }
    send_all_output(session);
  }
  EXPECT_EQ(given, session.unread_bytes());
  EXPECT_EQ(given, options.receive_bytes_max);  // a whole number of pieces
  EXPECT_LE(most_held, 2 * options.receive_bytes_max + 512 * 1024);
  EXPECT_EQ(session.counters().input_pauses, 1u);
  // It goes on as soon as something is read.
  session.consume(1, piece_bytes, kStart);
  EXPECT_TRUE(session.wants_input());
  // Streams that are given up give their memory back.
  for (StreamId id = 1; id < 2 * 256; id += 2) session.reset(id);
  EXPECT_EQ(session.unread_bytes(), 0u);
  send_all_output(session);
  EXPECT_LT(session.held_bytes(), 4'096u);
}

// Memory that is kept for busy streams is not kept once for each of many.
TEST(YamuxAttacks, Cve2022_23492_StreamsThatWereFilledOnceHoldNothing) {
  Session session(Role::listener, {.inbound_streams_max = 256}, kStart);
  for (StreamId id = 1; id < 2 * 256; id += 2) {
    ASSERT_FALSE(rejection(session, frame(FrameType::data, kSyn, id, 200'000, 200'000)));
    session.consume(id, 200'000, kStart);
    send_all_output(session);
    kinds(session);
  }
  EXPECT_EQ(session.streams_count(), 256u);
  EXPECT_LE(session.held_bytes(), kIdleBytesMax + 256 * 512);
}

TEST(YamuxAttacks, Cve2024_32984_AnswersThatAreNotReadAreBounded) {
  Session session(Role::listener, {}, kStart);
  Bytes pings;
  for (std::uint32_t i = 0; i < 100'000; ++i) append(pings, frame(FrameType::ping, kSyn, 0, i));
  ASSERT_FALSE(rejection(session, pings));
  EXPECT_LE(session.pending_output().size(), kAnswerBytesMax);
  EXPECT_GT(session.counters().pings_ignored, 0u);
  send_all_output(session);
  expect_honest_stream(session, 1);
}

// Credit is an answer, too: a peer that sends and never reads is made to wait, then given up.
TEST(YamuxAttacks, Cve2024_32984_CreditThatIsNotReadIsBounded) {
  Session session(Role::listener, {.receive_bytes_max = kWindowBytes}, kStart);  // it does not grow
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  const std::uint32_t credit = kWindowBytes / 2;
  const Bytes data = frame(FrameType::data, 0, 1, credit, credit);
  for (std::size_t i = 0; i < kAnswerBytesMax / kHeaderBytes; ++i) {
    ASSERT_TRUE(session.wants_input());
    ASSERT_FALSE(rejection(session, data));
    session.consume(1, credit, kStart);
    kinds(session);
  }
  EXPECT_FALSE(session.wants_input());
  EXPECT_LE(session.pending_output().size(), kAnswerBytesMax + 2 * kHeaderBytes);
  EXPECT_EQ(session.next_deadline(), kStart + 10s);
  EXPECT_EQ(session.tick(kStart + 10s).error(), Errc::yamux_stalled);
}

TEST(YamuxAttacks, Cve2026_31814_AnOverflowingWindowUpdateEndsTheSession) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  EXPECT_EQ(rejection(session, frame(FrameType::window_update, 0, 1, 0xffff'0000)),
            Errc::yamux_window_overflow);
}

TEST(YamuxAttacks, Cve2026_31814_AnOverflowingFirstWindowMakesNoStream) {
  Session session(Role::listener, {}, kStart);
  EXPECT_EQ(rejection(session, frame(FrameType::window_update, kSyn, 1, 0xffff'0000)),
            Errc::yamux_window_overflow);
  EXPECT_EQ(session.streams_count(), 0u);
  EXPECT_TRUE(kinds(session).empty());
}

TEST(YamuxAttacks, Cve2026_31814_CreditAddsUpToTheLastByteAndNoFurther) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  const std::uint32_t rest = UINT32_MAX - kWindowBytes;
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, 0, 1, rest)));
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, 0, 1, 0)));
  EXPECT_EQ(rejection(session, frame(FrameType::window_update, 0, 1, 1)),
            Errc::yamux_window_overflow);
}

TEST(YamuxAttacks, Cve2026_32314_FirstDataBeyondTheWindowMakesNoStream) {
  Session session(Role::listener, {}, kStart);
  EXPECT_EQ(rejection(session, frame(FrameType::data, kSyn, 1, kWindowBytes + 1)),
            Errc::yamux_window_exceeded);
  EXPECT_EQ(session.streams_count(), 0u);
  EXPECT_TRUE(kinds(session).empty());
}

TEST(YamuxAttacks, Cve2026_73568_AClaimedLengthIsNeverAllocatedNorWaitedFor) {
  Session open(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(open, frame(FrameType::window_update, kSyn, 1, 0)));
  EXPECT_EQ(rejection(open, frame(FrameType::data, 0, 1, 0xffff'ffff)),
            Errc::yamux_window_exceeded);
  // Of a stream that is closed already, whose frames are only read to be dropped.
  Session closed(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(closed, frame(FrameType::window_update, kSyn, 1, 0)));
  closed.reset(1);
  EXPECT_EQ(rejection(closed, frame(FrameType::data, 0, 1, 0xffff'ffff)),
            Errc::yamux_window_exceeded);
  // What is claimed and allowed takes no memory before it arrives.
  Session allowed(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(allowed, frame(FrameType::data, kSyn, 1, kWindowBytes)));
  EXPECT_LT(allowed.held_bytes(), 2'048u);
}

TEST(YamuxAttacks, DataBeyondTheWindowEndsTheSession) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::data, kSyn, 1, kWindowBytes, kWindowBytes)));
  EXPECT_EQ(rejection(session, frame(FrameType::data, 0, 1, 1, 1)), Errc::yamux_window_exceeded);
}

// The rest of a frame that is arriving belongs to the window: no credit is given for it twice.
TEST(YamuxAttacks, NoStreamHoldsMoreThanItsWindowHoweverItsFramesAreCut) {
  Session session(Role::listener, {.receive_bytes_max = kWindowBytes}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::data, kSyn, 1, kWindowBytes, kWindowBytes / 2)));
  session.consume(1, kWindowBytes / 2, kStart);  // gives credit
  ASSERT_FALSE(rejection(session, Bytes(kWindowBytes / 2)));
  const std::uint32_t credit = kWindowBytes / 2;
  ASSERT_FALSE(rejection(session, frame(FrameType::data, 0, 1, credit, credit)));
  EXPECT_EQ(session.unread_bytes(), kWindowBytes);
  EXPECT_EQ(rejection(session, frame(FrameType::data, 0, 1, 1, 1)), Errc::yamux_window_exceeded);
}

TEST(YamuxAttacks, DataBehindItsEndEndsTheSession) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::data, kSyn | kFin, 1, 5, 5)));
  ASSERT_FALSE(rejection(session, frame(FrameType::data, kFin, 1, 0)));  // said twice
  EXPECT_EQ(rejection(session, frame(FrameType::data, 0, 1, 1, 1)), Errc::yamux_stream_id);
}

TEST(YamuxAttacks, ForeignIdsEndTheSession) {
  for (const Bytes& bytes : {frame(FrameType::window_update, kSyn, 2, 0),  // our own parity
                             frame(FrameType::data, 0, 9, 0),              // never opened
                             frame(FrameType::window_update, kRst, 9, 0),  // the same
                             frame(FrameType::window_update, 0, 2, 0)}) {  // ours, never opened
    Session session(Role::listener, {}, kStart);
    EXPECT_EQ(rejection(session, bytes), Errc::yamux_stream_id) << hex(bytes);
  }
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  EXPECT_EQ(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)), Errc::yamux_stream_id);
}

// Whoever holds the id of a stream that is gone must not find another stream behind it.
TEST(YamuxAttacks, AnIdIsUsedOnce) {
  const auto open = [](StreamId id) { return frame(FrameType::window_update, kSyn, id, 0); };
  const auto open_and_end = [](StreamId id) {
    return frame(FrameType::window_update, kSyn | kRst, id, 0);
  };
  {
    Session session(Role::listener, {}, kStart);
    ASSERT_FALSE(rejection(session, open_and_end(1)));
    EXPECT_EQ(rejection(session, open(1)), Errc::yamux_stream_id);
  }
  {  // the first frames of streams that go opens at once overtake each other
    Session session(Role::dialer, {}, kStart);
    for (const StreamId id : {4U, 2U, 10U, 8U, 6U, 520U, 12U})
      ASSERT_FALSE(rejection(session, open_and_end(id))) << id;
    EXPECT_EQ(rejection(session, open(8)), Errc::yamux_stream_id);
  }
  {  // but not by so much
    Session session(Role::dialer, {}, kStart);
    ASSERT_FALSE(rejection(session, open_and_end(2 + 2 * 256)));
    EXPECT_EQ(rejection(session, open(2)), Errc::yamux_stream_id);
  }
}

TEST(YamuxAttacks, LateFramesOfAClosedStreamAreDiscarded) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  session.reset(1);
  ASSERT_FALSE(rejection(session, frame(FrameType::data, 0, 1, 5000, 5000)));
  EXPECT_EQ(session.counters().bytes_discarded, 5000u);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kFin, 1, 5)));
}

TEST(YamuxAttacks, AStreamThatIsResetWithinItsFrameKeepsTheOthersInStep) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::data, kSyn, 1, 1000, 400)));
  session.reset(1);
  ASSERT_FALSE(rejection(session, Bytes(600)));
  EXPECT_EQ(session.counters().bytes_discarded, 600u);
  expect_honest_stream(session, 3);
}

TEST(YamuxAttacks, AFailedSessionSaysGoAway) {
  Session session(Role::listener, {}, kStart);
  EXPECT_TRUE(rejection(session, frame(FrameType::data, 0, 9, 0)));
  EXPECT_EQ(hex(session.pending_output()), "000300000000000000000001");
  EXPECT_EQ(session.open_stream().error(), Errc::yamux_going_away);
}

TEST(YamuxAttacks, RepeatedGoAwayIsToldOnce) {
  Session session(Role::listener, {}, kStart);
  for (int i = 0; i < 1000; ++i)
    ASSERT_FALSE(rejection(session, frame(FrameType::go_away, 0, 0, 0)));
  EXPECT_EQ(kinds(session), (std::vector{Event::Kind::going_away}));
}

}  // namespace
}  // namespace ghmesh::yamux
