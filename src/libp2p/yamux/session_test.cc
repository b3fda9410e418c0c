// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/yamux/session.h"

#include "base/random.h"
#include "libp2p/yamux/test_session.h"

namespace ghmesh::yamux {
namespace {

TEST(YamuxSession, OpensAStreamAndSpeaksBothWays) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  EXPECT_EQ(id, 1u);
  EXPECT_EQ(*pair.dialer.write(id, as_bytes("hello"), pair.now), 5u);
  pair.settle();
  EXPECT_EQ(kinds(pair.listener), (std::vector{Event::Kind::opened, Event::Kind::readable}));
  EXPECT_EQ(as_text(pair.listener.readable(id)), "hello");
  pair.listener.consume(id, 5, pair.now);
  EXPECT_EQ(*pair.listener.write(id, as_bytes("world"), pair.now), 5u);
  pair.settle();
  EXPECT_EQ(as_text(pair.dialer.readable(id)), "world");
}

TEST(YamuxSession, HalfCloseLeavesTheOtherDirectionOpen) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, as_bytes("question"), pair.now));
  pair.dialer.finish(id);
  pair.settle();
  EXPECT_FALSE(pair.listener.is_at_end(id));  // not yet read
  pair.listener.consume(id, 8, pair.now);
  EXPECT_TRUE(pair.listener.is_at_end(id));
  ASSERT_TRUE(pair.listener.write(id, as_bytes("answer"), pair.now));
  pair.listener.finish(id);
  pair.settle();
  EXPECT_EQ(as_text(pair.dialer.readable(id)), "answer");
  pair.dialer.consume(id, 6, pair.now);
  EXPECT_EQ(pair.dialer.streams_count(), 0u);
  EXPECT_EQ(pair.listener.streams_count(), 0u);
  EXPECT_EQ(pair.dialer.write(id, as_bytes("x"), pair.now).error(), Errc::yamux_closed);
}

TEST(YamuxSession, ResetEndsBothDirections) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  pair.settle();
  kinds(pair.listener);
  pair.dialer.reset(id);
  pair.settle();
  EXPECT_EQ(kinds(pair.listener), (std::vector{Event::Kind::reset}));
  EXPECT_EQ(pair.listener.streams_count(), 0u);
}

TEST(YamuxSession, OneByteReadsEndInTheSameState) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, Bytes(1000, std::byte{7}), pair.now));
  pair.dialer.finish(id);
  pair.settle(1);
  EXPECT_EQ(kinds(pair.listener),
            (std::vector{Event::Kind::opened, Event::Kind::readable, Event::Kind::finished}));
  EXPECT_EQ(copy_bytes(pair.listener.readable(id)), Bytes(1000, std::byte{7}));
}

TEST(YamuxSession, CutAnywhereItWaitsForTheRest) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, as_bytes("hello"), pair.now));
  pair.dialer.finish(id);
  const Bytes whole = copy_bytes(pair.dialer.pending_output());
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Session listener(Role::listener, {}, kStart);
    ASSERT_FALSE(rejection(listener, ByteView(whole).first(size)));
    EXPECT_TRUE(std::string_view("hello").starts_with(as_text(listener.readable(id))));
    EXPECT_EQ(listener.is_at_end(id), size < kHeaderBytes);  // not open yet
    ASSERT_FALSE(rejection(listener, ByteView(whole).subspan(size)));
    EXPECT_EQ(as_text(listener.readable(id)), "hello");
    EXPECT_EQ(kinds(listener),
              (std::vector{Event::Kind::opened, Event::Kind::readable, Event::Kind::finished}));
  }
}

TEST(YamuxSession, AStreamMayBeginWithData) {
  Session session(Role::listener, {}, kStart);
  Bytes bytes = frame(FrameType::data, kSyn | kFin, 1, 5);
  append(bytes, as_bytes("hello"));
  ASSERT_FALSE(rejection(session, bytes));
  EXPECT_EQ(kinds(session),
            (std::vector{Event::Kind::opened, Event::Kind::readable, Event::Kind::finished}));
  EXPECT_EQ(as_text(session.readable(1)), "hello");
}

TEST(YamuxSession, GoAwayRefusesNewStreamsAndKeepsOldOnes) {
  Pair pair;
  const StreamId old_stream = *pair.dialer.open_stream();
  pair.settle();
  pair.listener.go_away();
  pair.settle();
  EXPECT_EQ(pair.dialer.open_stream().error(), Errc::yamux_going_away);
  EXPECT_EQ(*pair.dialer.write(old_stream, as_bytes("still"), pair.now), 5u);
}

TEST(YamuxSession, FurtherInboundStreamsAreResetAndCounted) {
  Options options;
  options.inbound_streams_max = 2;
  Pair pair(options);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pair.dialer.open_stream());
  pair.settle();
  EXPECT_EQ(pair.listener.streams_count(), 2u);
  EXPECT_EQ(pair.listener.counters().streams_refused, 1u);
  EXPECT_EQ(kinds(pair.dialer), (std::vector{Event::Kind::reset}));
}

TEST(YamuxSession, UnacknowledgedStreamsAreBounded) {
  Pair pair;
  for (std::size_t i = 0; i < kUnacknowledgedMax; ++i) ASSERT_TRUE(pair.dialer.open_stream());
  EXPECT_EQ(pair.dialer.open_stream().error(), Errc::limit_reached);
  pair.settle();
  EXPECT_TRUE(pair.dialer.open_stream());
}

// The example of docs/wire/yamux.md.
TEST(YamuxSession, SpeaksTheBytesOfItsDocument) {
  const std::string document = test::read_text("docs/wire/yamux.md");
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, as_bytes("hello"), pair.now));
  pair.dialer.finish(id);
  EXPECT_EQ(hex(pair.dialer.pending_output()), test::example_bytes(document, "-> "));
  pair.carry(pair.dialer, pair.listener);
  EXPECT_EQ(hex(pair.listener.pending_output()), test::example_bytes(document, "<- "));
}

// Random writes, reads, closes and fragment sizes: what was written arrives, in order, and nothing is left behind.
TEST(YamuxPair, EverythingWrittenArrivesWhateverTheFragments) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Pair pair;
    std::map<StreamId, std::string> written, read;
    std::vector<StreamId> open;
    for (int step = 0; step < 600; ++step) {
      if (open.size() < 8 && random.chance(0.05)) open.push_back(*pair.dialer.open_stream());
      if (!open.empty()) {
        const StreamId id = open[random.below(open.size())];
        std::string text(random.below(20'000), static_cast<char>('a' + random.below(26)));
        const std::size_t taken = *pair.dialer.write(id, as_bytes(text), pair.now);
        written[id] += text.substr(0, taken);
      }
      pair.carry(pair.dialer, pair.listener, random.below(40'000) + 1);
      pair.carry(pair.listener, pair.dialer, random.below(100) + 1);
      while (pair.listener.next_event()) {
      }
      for (StreamId id : open) {
        const ByteView bytes = pair.listener.readable(id);
        const ByteView part = bytes.first(random.below(bytes.size() + 1));
        read[id] += as_text(part);
        pair.listener.consume(id, part.size(), pair.now);
      }
    }
    pair.settle();
    for (StreamId id : open) {
      read[id] += as_text(pair.listener.readable(id));
      pair.read_all(pair.listener, id);
      ASSERT_EQ(read[id], written[id]) << "seed " << seed << " stream " << id;
      pair.dialer.finish(id);
      pair.settle();
      pair.listener.finish(id);
      pair.settle();
    }
    EXPECT_EQ(pair.dialer.streams_count(), 0u) << "seed " << seed;
    EXPECT_EQ(pair.listener.streams_count(), 0u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ghmesh::yamux
