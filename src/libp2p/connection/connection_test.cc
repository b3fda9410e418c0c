// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/connection/connection.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/random.h"
#include "base/text.h"

namespace ghmesh::connection {
namespace {

using Kind = Event::Kind;
constexpr Instant kStart{1h};
constexpr std::string_view kEcho = "/echo/1.0.0";

keys::PrivateKey identity_of(unsigned char byte) {
  return keys::PrivateKey::of_seed(
      crypto::Secret(Bytes(crypto::kEd25519SeedBytes, std::byte{byte})));
}

const keys::PrivateKey kDialerIdentity = identity_of(1);
const keys::PrivateKey kListenerIdentity = identity_of(2);

Connection::Protocols protocols(std::vector<std::string> names) {
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

// Two connections and the pipe between them. Events are kept until a test takes them.
struct Pair {
  explicit Pair(Options dialer_options = {}, Options listener_options = {})
      : dialer(Role::dialer, kDialerIdentity, protocols({"/dialers/1"}), std::move(dialer_options),
               kStart),
        listener(Role::listener, kListenerIdentity, protocols({std::string(kEcho), "/other/1"}),
                 std::move(listener_options), kStart) {}

  bool carry(Connection& from, Connection& to, std::size_t bytes_max) {
    if (error || !to.wants_input()) return false;
    const ByteView output = from.pending_output(now);
    const Bytes part = copy_bytes(output.first(std::min(output.size(), bytes_max)));
    if (part.empty()) return false;
    from.output_sent(part.size(), now);
    auto received = to.receive(part, now);
    if (!received) error = received.error();
    while (auto event = dialer.next_event()) dialer_events.push_back(*event);
    while (auto event = listener.next_event()) listener_events.push_back(*event);
    return true;
  }
  // Until nothing moves any more, or one side has had enough. Counts how often the direction changed.
  int settle(std::size_t bytes_max = SIZE_MAX) {
    int turns = 0;
    for (;;) {
      bool moved = false;
      while (carry(dialer, listener, bytes_max)) moved = true;
      if (moved) ++turns;
      bool answered = false;
      while (carry(listener, dialer, bytes_max)) answered = true;
      if (answered) ++turns;
      if (!moved && !answered) return turns;
    }
  }
  static std::optional<Event> take(std::deque<Event>& events, Kind kind) {
    const auto found = std::ranges::find(events, kind, &Event::kind);
    if (found == events.end()) return std::nullopt;
    Event event = *found;
    events.erase(found);
    return event;
  }

  Instant now = kStart;
  Connection dialer, listener;
  std::deque<Event> dialer_events, listener_events;
  Error error;  // of whoever failed first
};

TEST(Connection, ProvesBothPeersAndTellsThemTheSameHandshake) {
  Pair pair({.expected_peer = kListenerIdentity.peer_id()});
  pair.settle();
  ASSERT_TRUE(pair.dialer.is_established() && pair.listener.is_established());
  EXPECT_EQ(pair.dialer.peer(), kListenerIdentity.peer_id());
  EXPECT_EQ(pair.listener.peer(), kDialerIdentity.peer_id());
  EXPECT_EQ(pair.dialer.handshake_hash(), pair.listener.handshake_hash());
  EXPECT_TRUE(Pair::take(pair.dialer_events, Kind::established));
  EXPECT_TRUE(Pair::take(pair.listener_events, Kind::established));
}

TEST(Connection, IsEstablishedOneRoundTripAfterThePipe) {
  Pair pair;
  EXPECT_TRUE(pair.carry(pair.dialer, pair.listener, SIZE_MAX));
  EXPECT_TRUE(pair.carry(pair.listener, pair.dialer, SIZE_MAX));
  EXPECT_TRUE(pair.dialer.is_established());
  auto stream = pair.dialer.open_stream({std::string(kEcho)}, pair.now);
  ASSERT_TRUE(stream);
  ASSERT_TRUE(pair.dialer.write(*stream, as_bytes("hello"), pair.now));
  EXPECT_TRUE(pair.carry(pair.dialer, pair.listener, SIZE_MAX));  // the third packet carries it all
  EXPECT_TRUE(pair.listener.is_established());
  const auto opened = Pair::take(pair.listener_events, Kind::opened);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->protocol, kEcho);
  EXPECT_EQ(as_text(pair.listener.readable(opened->stream)), "hello");
}

// The example of docs/wire/connection.md.
TEST(Connection, BeginsAsItsDocumentSays) {
  Pair pair;
  const Bytes packet = copy_bytes(pair.dialer.pending_output(pair.now));
  std::ifstream file("docs/wire/connection.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  ASSERT_EQ(packet.size(), 28U + 2 + 32);
  EXPECT_NE(document.find("-> " + hex(ByteView(packet).first(20))), std::string::npos);
  EXPECT_NE(document.find("-> " + hex(ByteView(packet).subspan(20, 8))), std::string::npos);
  EXPECT_NE(document.find("-> " + hex(ByteView(packet).subspan(28, 2)) + "11"), std::string::npos);
}

TEST(Connection, EstablishesInPiecesOfOneByteToo) {
  for (const bool dialer_inlines : {true, false})
    for (const bool listener_inlines : {true, false}) {
      Pair pair({.inlines_muxer = dialer_inlines}, {.inlines_muxer = listener_inlines});
      pair.settle(1);
      EXPECT_TRUE(pair.dialer.is_established() && pair.listener.is_established());
      EXPECT_FALSE(pair.error);
    }
}

TEST(Connection, CarriesStreamsBothWaysInPiecesOfAnySize) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Pair pair({.inlines_muxer = seed % 2 == 0});
    pair.settle(1 + random.below(100));
    auto stream = pair.dialer.open_stream({std::string(kEcho)}, pair.now);
    ASSERT_TRUE(stream);
    const std::string question(1 + random.below(5'000), 'q');
    ASSERT_EQ(pair.dialer.write(*stream, as_bytes(question), pair.now).value(), question.size());
    pair.dialer.finish(*stream);
    pair.settle(1 + random.below(100));
    const auto opened = Pair::take(pair.listener_events, Kind::opened);
    ASSERT_TRUE(opened);
    EXPECT_EQ(as_text(pair.listener.readable(opened->stream)), question);
    EXPECT_TRUE(Pair::take(pair.listener_events, Kind::finished));
    pair.listener.consume(opened->stream, question.size(), pair.now);
    EXPECT_TRUE(pair.listener.is_at_end(opened->stream));
    ASSERT_TRUE(pair.listener.write(opened->stream, as_bytes("answer"), pair.now));
    pair.listener.finish(opened->stream);
    pair.settle(1 + random.below(100));
    const auto agreed = Pair::take(pair.dialer_events, Kind::agreed);
    ASSERT_TRUE(agreed);
    EXPECT_EQ(agreed->protocol, kEcho);
    EXPECT_EQ(as_text(pair.dialer.readable(*stream)), "answer");
    pair.dialer.consume(*stream, 6, pair.now);
    EXPECT_EQ(pair.dialer.streams_count() + pair.listener.streams_count(), 0U);
  }
}

TEST(Connection, TakesTheFirstProtocolThatThePeerSpeaks) {
  Pair pair;
  pair.settle();
  auto stream = pair.dialer.open_stream({"/unknown/1", std::string(kEcho)}, pair.now);
  ASSERT_TRUE(stream);
  EXPECT_EQ(pair.dialer.write(*stream, as_bytes("early"), pair.now).value(), 0U);
  pair.settle();
  const auto agreed = Pair::take(pair.dialer_events, Kind::agreed);
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->protocol, kEcho);
  EXPECT_TRUE(Pair::take(pair.dialer_events, Kind::writable));
  EXPECT_EQ(pair.dialer.write(*stream, as_bytes("now"), pair.now).value(), 3U);
}

TEST(Connection, SaysThatAStreamWasRefusedAndGoesOn) {
  Pair pair;
  pair.settle();
  auto refused = pair.dialer.open_stream({"/unknown/1"}, pair.now);
  ASSERT_TRUE(refused);
  ASSERT_TRUE(pair.dialer.write(*refused, as_bytes("lost"), pair.now));
  pair.settle();
  const auto event = Pair::take(pair.dialer_events, Kind::refused);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->stream, *refused);
  EXPECT_FALSE(pair.error);
  EXPECT_TRUE(pair.dialer.open_stream({std::string(kEcho)}, pair.now));
  pair.settle();
  EXPECT_TRUE(Pair::take(pair.listener_events, Kind::opened));
}

TEST(Connection, RefusesAnotherPeerThanTheExpectedOne) {
  Pair pair({.expected_peer = kDialerIdentity.peer_id()});
  pair.settle();
  EXPECT_EQ(pair.error, Errc::noise_wrong_peer);
  EXPECT_FALSE(pair.listener.is_established());
}

// Row 24 of the published attacks: py-libp2p and others still offer these.
TEST(ConnectionAttacks, DowngradeToPlaintextOrSecio_IsNotSpoken) {
  for (const std::string_view protocol : {"/plaintext/2.0.0", "/secio/1.0.0", "/plaintext/1.0.0"}) {
    Connection listener(Role::listener, kListenerIdentity, protocols({}), {}, kStart);
    Bytes input = multistream::write_message(multistream::kHeader);
    append(input, multistream::write_message(protocol));
    ASSERT_TRUE(listener.receive(input, kStart));
    EXPECT_TRUE(as_text(listener.pending_output(kStart)).ends_with("\x03na\n"));
    EXPECT_FALSE(listener.is_established());
  }
}

// Row 25: half a handshake, and then silence; or a byte a second.
TEST(ConnectionAttacks, SlowHandshake_EndsAtItsDeadline) {
  Connection listener(Role::listener, kListenerIdentity, protocols({}), {}, kStart);
  const Bytes input = multistream::write_message(multistream::kHeader);
  Instant now = kStart;
  for (const std::byte& byte : input) {
    if (now >= kStart + 10s) break;
    ASSERT_TRUE(listener.tick(now));
    ASSERT_TRUE(listener.receive(ByteView(&byte, 1), now));
    now += 1s;
  }
  EXPECT_EQ(listener.next_deadline(), kStart + 10s);
  EXPECT_EQ(listener.tick(kStart + 10s).error(), Errc::connection_slow);
}

TEST(ConnectionAttacks, StreamWithoutAgreement_IsResetAtItsDeadline) {
  Pair pair;
  pair.settle();
  auto stream = pair.dialer.open_stream({std::string(kEcho)}, pair.now);
  ASSERT_TRUE(stream);
  pair.carry(pair.dialer, pair.listener, 40);  // the stream is there, its proposal is not
  pair.carry(pair.dialer, pair.listener, 10);
  pair.now += 10s;
  ASSERT_TRUE(pair.listener.tick(pair.now));
  EXPECT_LE(pair.listener.streams_count(), 1U);
  while (auto event = pair.listener.next_event()) EXPECT_NE(event->kind, Kind::opened);
}

TEST(Connection, WhatIsNotMultistreamEndsIt) {
  Connection listener(Role::listener, kListenerIdentity, protocols({}), {}, kStart);
  EXPECT_EQ(listener.receive(as_bytes("GET / HTTP/1.1\r\n\r\n"), kStart).error(),
            Errc::multistream_malformed);
}

}  // namespace
}  // namespace ghmesh::connection
