// SPDX-License-Identifier: Apache-2.0 OR MIT
// Flow control: who may send how much, who writes next, and what is held for it.
#include "libp2p/yamux/test_session.h"

namespace ghmesh::yamux {
namespace {

TEST(YamuxWindow, AWriterWaitsForCreditAndIsWoken) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  const Bytes big(kWindowBytes + 1000);
  std::size_t sent = 0;
  while (sent < kWindowBytes) {
    sent += *pair.dialer.write(id, ByteView(big).subspan(sent), pair.now);
    pair.settle();
  }
  EXPECT_EQ(sent, kWindowBytes);
  kinds(pair.dialer);
  EXPECT_EQ(*pair.dialer.write(id, ByteView(big).subspan(sent), pair.now), 0u);
  pair.read_all(pair.listener, id);
  pair.settle();
  EXPECT_EQ(kinds(pair.dialer), (std::vector{Event::Kind::writable}));
  EXPECT_EQ(*pair.dialer.write(id, ByteView(big).subspan(sent), pair.now), 1000u);
}

TEST(YamuxWindow, OutputIsBoundedHoweverMuchIsWritten) {
  Pair pair;
  for (int i = 0; i < 20; ++i) {
    const StreamId id = *pair.dialer.open_stream();
    ASSERT_TRUE(pair.dialer.write(id, Bytes(kWindowBytes), pair.now));
  }
  EXPECT_LE(pair.dialer.pending_output().size(), kOutputBytesMax + 64 * kHeaderBytes);
}

// All want to write more than there is room for; after a while each has written its share.
TEST(YamuxWindow, BlockedWritersTakeTurns) {
  Pair pair;
  std::map<StreamId, std::size_t> written;
  const Bytes much(2 * kWindowBytes);
  for (int i = 0; i < 4; ++i) {
    const StreamId id = *pair.dialer.open_stream();
    written[id] = *pair.dialer.write(id, much, pair.now);
  }
  for (int round = 0; round < 200; ++round) {
    pair.settle();
    for (const auto& [id, bytes_count] : written) pair.read_all(pair.listener, id);
    pair.settle();
    while (auto event = pair.dialer.next_event())
      if (event->kind == Event::Kind::writable)
        written[event->stream] += *pair.dialer.write(event->stream, much, pair.now);
  }
  std::size_t all = 0;
  for (const auto& [id, bytes_count] : written) all += bytes_count;
  for (const auto& [id, bytes_count] : written)
    EXPECT_GT(bytes_count, all / written.size() * 9 / 10) << id;
}

TEST(YamuxWindow, AWriterIsNotWokenWhileTheOutputIsFull) {
  Pair pair;
  const StreamId first = *pair.dialer.open_stream();
  const StreamId second = *pair.dialer.open_stream();
  pair.settle();
  kinds(pair.dialer);
  ASSERT_TRUE(pair.dialer.write(first, Bytes(2 * kOutputBytesMax), pair.now));
  ASSERT_EQ(*pair.dialer.write(second, Bytes(1), pair.now), 0u);
  ASSERT_FALSE(rejection(pair.dialer, frame(FrameType::window_update, 0, second, 1000)));
  EXPECT_TRUE(kinds(pair.dialer).empty());
  pair.dialer.output_sent(pair.dialer.pending_output().size(), pair.now);
  EXPECT_EQ(kinds(pair.dialer).front(), Event::Kind::writable);
}

TEST(YamuxWindow, CreditComesInHalvesOfIt) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, Bytes(kWindowBytes), pair.now));
  pair.settle();
  pair.listener.consume(id, kWindowBytes / 2 - 1, pair.now);
  EXPECT_TRUE(pair.listener.pending_output().empty());
  pair.listener.consume(id, 1, pair.now);
  const ByteView output = pair.listener.pending_output();
  EXPECT_EQ(
      *parse_header(output),
      (Header{.type = FrameType::window_update, .stream_id = id, .length = kWindowBytes / 2}));
}

TEST(YamuxWindow, NoCreditIsGivenForAFinishedStream) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, Bytes(kWindowBytes - 1), pair.now));
  pair.dialer.finish(id);
  pair.settle();
  pair.read_all(pair.listener, id);
  EXPECT_TRUE(pair.listener.pending_output().empty());
}

// The largest window that is seen in twenty exchanges, each of which takes a round trip.
std::size_t largest_window(Options options, Duration round_trip, int streams_count = 1) {
  Pair pair(options);
  std::vector<StreamId> streams;
  for (int i = 0; i < streams_count; ++i) streams.push_back(*pair.dialer.open_stream());
  std::size_t largest = 0;
  const Bytes much(kWindowBytesMax);
  for (int round = 0; round < 20 && largest < kWindowBytesMax; ++round) {
    for (StreamId id : streams) {
      std::size_t unread = 0;
      do unread += *pair.dialer.write(id, much, pair.now);
      while (pair.carry(pair.dialer, pair.listener) > 0);
      largest = std::max(largest, unread);
    }
    EXPECT_LE(pair.listener.unread_bytes(), options.receive_bytes_max);
    pair.now += round_trip / 2;
    for (StreamId id : streams) pair.read_all(pair.listener, id);
    pair.carry(pair.listener, pair.dialer);
    pair.now += round_trip / 2;
    kinds(pair.dialer);
    kinds(pair.listener);
  }
  return largest;
}

TEST(YamuxWindow, GrowsForABusyStreamUpToTheLargest) {
  EXPECT_EQ(largest_window({}, 1ms), kWindowBytesMax);
}

// The first credit measures the path: on a long one a window empties no more often than that.
TEST(YamuxWindow, GrowsOnALongPathToo) { EXPECT_EQ(largest_window({}, 600ms), kWindowBytesMax); }

TEST(YamuxWindow, DoesNotGrowForAStreamWhoseReaderIsSlow) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  pair.dialer.ping(pair.now);
  pair.listener.ping(pair.now);
  pair.settle();
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(pair.dialer.write(id, Bytes(2 * kWindowBytes), pair.now));
    pair.settle();
    EXPECT_LE(pair.listener.readable(id).size(), kWindowBytes);
    pair.now += 100ms;
    pair.read_all(pair.listener, id);
  }
}

TEST(YamuxWindow, AllOfThemTogetherStayWithinTheBudget) {
  // 1.5 MiB: the one stream's window may double twice, to 1 MiB; three begin with half of it.
  const Options options{.receive_bytes_max = 6 * kWindowBytes};
  EXPECT_EQ(largest_window(options, 1ms), 4 * kWindowBytes);
  EXPECT_EQ(largest_window(options, 1ms, 3), 2 * kWindowBytes);
}

TEST(YamuxMemory, AnIdleSessionHoldsAlmostNothing) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, as_bytes("hello"), pair.now));
  pair.settle();
  pair.read_all(pair.listener, id);
  kinds(pair.listener);
  EXPECT_LE(sizeof(Session), 512u);
  EXPECT_LE(pair.dialer.held_bytes(), 1'024u);
  EXPECT_LE(pair.listener.held_bytes(), 1'024u);
}

TEST(YamuxMemory, OfALargeTransferIsGivenBackInTheNextSilence) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pair.dialer.write(id, Bytes(kWindowBytes), pair.now));
    pair.settle();
    pair.read_all(pair.listener, id);
    pair.settle();
  }
  EXPECT_GT(pair.listener.held_bytes(), 100'000u);
  for (int i = 0; i < 10; ++i) {
    pair.now += 31s;
    ASSERT_TRUE(pair.dialer.tick(pair.now));
    ASSERT_TRUE(pair.listener.tick(pair.now));
    pair.settle();
    kinds(pair.dialer);
    kinds(pair.listener);
  }
  EXPECT_LE(pair.dialer.held_bytes(), 2'048u);
  EXPECT_LE(pair.listener.held_bytes(), 2'048u);
}

}  // namespace
}  // namespace ghmesh::yamux
