// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/yamux/session.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/random.h"
#include "base/text.h"

namespace ghmesh::yamux {
namespace {

const Instant kStart = Instant(1h);

// Two sessions and the wire between them.
struct Pair {
  explicit Pair(Options options = {})
      : dialer(Role::dialer, options, kStart), listener(Role::listener, options, kStart) {}

  // Carries at most `bytes_max` bytes from one to the other; tells how many it carried.
  static std::size_t carry(Session& from, Session& to, std::size_t bytes_max, Instant now) {
    if (!to.wants_input()) return 0;
    const ByteView output = from.pending_output();
    const Bytes part = copy_bytes(output.first(std::min(output.size(), bytes_max)));
    if (part.empty()) return 0;
    EXPECT_TRUE(to.receive(part, now));
    from.output_sent(part.size(), now);
    return part.size();
  }
  void settle(std::size_t bytes_max = SIZE_MAX) {
    while (carry(dialer, listener, bytes_max, now) + carry(listener, dialer, bytes_max, now) > 0) {
    }
  }

  Session dialer, listener;
  Instant now = kStart;
};

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

std::vector<Event::Kind> kinds(Session& session) {
  std::vector<Event::Kind> out;
  while (auto event = session.next_event()) out.push_back(event->kind);
  return out;
}

Bytes frame(FrameType type, std::uint16_t flags, StreamId id, std::uint32_t length,
            std::size_t body_bytes = 0) {
  Bytes out;
  append_header(out, {.type = type, .flags = flags, .stream_id = id, .length = length});
  out.resize(out.size() + body_bytes);
  return out;
}

Error rejection(Session& session, ByteView bytes) {
  auto received = session.receive(bytes, kStart);
  return received ? Error() : received.error();
}

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

TEST(YamuxSession, AWriterWaitsForCreditAndIsWoken) {
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
  pair.listener.consume(id, pair.listener.readable(id).size(), pair.now);
  pair.settle();
  EXPECT_EQ(kinds(pair.dialer), (std::vector{Event::Kind::writable}));
  EXPECT_EQ(*pair.dialer.write(id, ByteView(big).subspan(sent), pair.now), 1000u);
}

TEST(YamuxSession, OutputIsBoundedHoweverMuchIsWritten) {
  Pair pair;
  for (int i = 0; i < 20; ++i) {
    const StreamId id = *pair.dialer.open_stream();
    ASSERT_TRUE(pair.dialer.write(id, Bytes(kWindowBytes), pair.now));
  }
  EXPECT_LE(pair.dialer.pending_output().size(), kOutputBytesMax + 64 * kHeaderBytes);
}

TEST(YamuxSession, BlockedWritersTakeTurns) {
  Pair pair;
  std::map<StreamId, int> turns;
  for (int i = 0; i < 4; ++i) {
    const StreamId id = *pair.dialer.open_stream();
    ASSERT_TRUE(pair.dialer.write(id, Bytes(2 * kWindowBytes), pair.now));
  }
  for (int round = 0; round < 40; ++round) {
    pair.settle();
    while (auto event = pair.listener.next_event())
      if (event->kind == Event::Kind::readable)
        pair.listener.consume(event->stream, pair.listener.readable(event->stream).size(),
                              pair.now);
    pair.settle();
    while (auto event = pair.dialer.next_event())
      if (event->kind == Event::Kind::writable) {
        ++turns[event->stream];
        ASSERT_TRUE(pair.dialer.write(event->stream, Bytes(2 * kWindowBytes), pair.now));
      }
  }
  ASSERT_EQ(turns.size(), 4u);
  for (const auto& [id, count] : turns) EXPECT_GE(count, 5) << id;
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

TEST(YamuxSession, ABusyStreamGetsALargerWindowWithinTheBudget) {
  Options options;
  options.receive_bytes_max = 768 * 1024;
  Pair pair(options);
  const StreamId id = *pair.dialer.open_stream();
  std::size_t largest = 0;
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(pair.dialer.write(id, Bytes(kWindowBytesMax), pair.now));
    pair.settle();
    largest = std::max(largest, pair.listener.readable(id).size());
    if (round % 4 == 3) pair.listener.consume(id, pair.listener.readable(id).size(), pair.now);
    pair.settle();
    pair.now += 1ms;
  }
  EXPECT_GT(largest, kWindowBytes);
  EXPECT_LE(largest, kWindowBytes + options.receive_bytes_max);
}

TEST(YamuxSession, AnIdlePeerIsAskedAndASilentOneGivenUp) {
  Pair pair;
  const Instant later = kStart + 30s;
  EXPECT_EQ(pair.dialer.next_deadline(), later);
  ASSERT_TRUE(pair.dialer.tick(later));
  EXPECT_FALSE(pair.dialer.pending_output().empty());
  pair.now = later + 20ms;
  pair.settle();
  EXPECT_EQ(pair.dialer.round_trip(), 20ms);
  ASSERT_TRUE(pair.dialer.tick(later + 31s));
  pair.dialer.output_sent(pair.dialer.pending_output().size(), later + 31s);
  auto silent = pair.dialer.tick(later + 42s);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error(), Errc::yamux_keepalive);
}

TEST(YamuxSession, APeerThatDoesNotReadIsGivenUp) {
  Pair pair;
  ASSERT_TRUE(pair.dialer.open_stream());
  ASSERT_TRUE(pair.dialer.tick(kStart + 9s));
  auto stalled = pair.dialer.tick(kStart + 10s);
  ASSERT_FALSE(stalled);
  EXPECT_EQ(stalled.error(), Errc::yamux_stalled);
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
  const std::string document = read_document("docs/wire/yamux.md");
  Pair pair;
  const StreamId id = *pair.dialer.open_stream();
  ASSERT_TRUE(pair.dialer.write(id, as_bytes("hello"), pair.now));
  pair.dialer.finish(id);
  EXPECT_EQ(hex(pair.dialer.pending_output()), example_bytes(document, "-> "));
  Pair::carry(pair.dialer, pair.listener, SIZE_MAX, pair.now);
  EXPECT_EQ(hex(pair.listener.pending_output()), example_bytes(document, "<- "));
}

// --- what a peer may not do ---

TEST(YamuxAttack, CVE_2026_31814_WindowUpdateOverflowEndsTheSession) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  EXPECT_EQ(rejection(session, frame(FrameType::window_update, 0, 1, 0xffff'0000)),
            Errc::yamux_window_overflow);
}

TEST(YamuxAttack, CVE_2026_32314_FirstDataBeyondTheWindowMakesNoStream) {
  Session session(Role::listener, {}, kStart);
  EXPECT_EQ(rejection(session, frame(FrameType::data, kSyn, 1, 262'145)),
            Errc::yamux_window_exceeded);
  EXPECT_EQ(session.streams_count(), 0u);
}

TEST(YamuxAttack, CVE_2026_73568_AClaimedLengthIsNeverAllocated) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  EXPECT_EQ(rejection(session, frame(FrameType::data, 0, 1, 0xffff'ffff)),
            Errc::yamux_window_exceeded);
}

TEST(YamuxAttack, CVE_2024_32984_PingsWithoutReadingAreBounded) {
  Session session(Role::listener, {}, kStart);
  Bytes pings;
  for (std::uint32_t i = 0; i < 100'000; ++i) append(pings, frame(FrameType::ping, kSyn, 0, i));
  ASSERT_FALSE(rejection(session, pings));
  EXPECT_LE(session.pending_output().size(), kAnswerBytesMax);
  EXPECT_GT(session.counters().pings_ignored, 0u);
}

TEST(YamuxAttack, CVE_2022_23486_StreamsWithoutReadingAreBounded) {
  Session session(Role::listener, {}, kStart);
  StreamId id = 1;
  for (; session.wants_input() && id < 200'000; id += 2) {
    ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, id, 0)));
    session.reset(id);
    while (session.next_event()) {
    }
  }
  EXPECT_LT(id, 200'000u);  // its input was made to wait
  EXPECT_LE(session.pending_output().size(), 3 * kAnswerBytesMax);
}

TEST(YamuxAttack, DataBeyondTheWindowEndsTheSession) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::data, kSyn, 1, kWindowBytes, kWindowBytes)));
  EXPECT_EQ(rejection(session, frame(FrameType::data, 0, 1, 1, 1)), Errc::yamux_window_exceeded);
}

TEST(YamuxAttack, ForeignIdsEndTheSession) {
  for (const Bytes& bytes : {frame(FrameType::window_update, kSyn, 2, 0),  // our own parity
                             frame(FrameType::data, 0, 9, 0),              // never opened
                             frame(FrameType::window_update, 0, 2, 0),     // ours, never opened
                             frame(FrameType::data, kSyn, 0, 0),           // the session's id
                             frame(FrameType::ping, kSyn, 1, 0)}) {
    Session session(Role::listener, {}, kStart);
    EXPECT_TRUE(rejection(session, bytes)) << hex(bytes);
  }
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  EXPECT_EQ(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)), Errc::yamux_stream_id);
}

TEST(YamuxAttack, UnknownVersionsTypesAndFlagsEndTheSession) {
  for (std::string_view text :
       {"010000000000000100000000", "000400000000000100000000", "000000100000000100000000"}) {
    Session session(Role::listener, {}, kStart);
    EXPECT_EQ(rejection(session, *parse_hex(text)), Errc::yamux_malformed) << text;
  }
}

TEST(YamuxAttack, LateFramesOfAClosedStreamAreDiscarded) {
  Session session(Role::listener, {}, kStart);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kSyn, 1, 0)));
  session.reset(1);
  ASSERT_FALSE(rejection(session, frame(FrameType::data, 0, 1, 5000, 5000)));
  EXPECT_EQ(session.counters().bytes_discarded, 5000u);
  ASSERT_FALSE(rejection(session, frame(FrameType::window_update, kFin, 1, 5)));
}

TEST(YamuxAttack, AFailedSessionSaysGoAway) {
  Session session(Role::listener, {}, kStart);
  EXPECT_TRUE(rejection(session, frame(FrameType::data, 0, 9, 0)));
  EXPECT_EQ(hex(session.pending_output()), "000300000000000000000001");
}

TEST(YamuxFrame, IsReadBack) {
  const Header header{
      .type = FrameType::window_update, .flags = kSyn | kFin, .stream_id = 77, .length = 123'456};
  Bytes bytes;
  append_header(bytes, header);
  EXPECT_EQ(bytes.size(), kHeaderBytes);
  EXPECT_EQ(*parse_header(bytes), header);
}

// Random writes, reads, closes and fragment sizes: what was written arrives, in order, and nothing is left behind.
TEST(YamuxPair, EverythingWrittenArrivesWhateverTheFragments) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Pair pair;
    std::map<StreamId, std::string> written, read;
    std::vector<StreamId> open;
    for (int step = 0; step < 2000; ++step) {
      if (open.size() < 8 && random.chance(0.05)) open.push_back(*pair.dialer.open_stream());
      if (!open.empty()) {
        const StreamId id = open[random.below(open.size())];
        std::string text(random.below(20'000), static_cast<char>('a' + random.below(26)));
        const std::size_t taken = *pair.dialer.write(id, as_bytes(text), pair.now);
        written[id] += text.substr(0, taken);
      }
      Pair::carry(pair.dialer, pair.listener, random.below(40'000) + 1, pair.now);
      Pair::carry(pair.listener, pair.dialer, random.below(100) + 1, pair.now);
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
      pair.listener.consume(id, pair.listener.readable(id).size(), pair.now);
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
