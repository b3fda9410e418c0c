// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/multistream/negotiation.h"

#include <gtest/gtest.h>

#include "base/test_wire.h"

namespace ghmesh::multistream {
namespace {

Bytes take_output(Negotiation& side) {
  Bytes out = copy_bytes(side.pending_output());
  side.output_sent(out.size());
  return out;
}

// Lets both sides talk, `piece` bytes at a time, until nothing moves.
Error talk(Negotiation& dialer, Negotiation& listener, std::size_t piece = SIZE_MAX) {
  const auto carry = [piece](Negotiation& from, Negotiation& to) -> Error {
    const Bytes output = take_output(from);
    for (ByteView rest = output; !rest.empty() && !to.is_done();) {
      auto taken = to.receive(rest.first(std::min(piece, rest.size())));
      if (!taken) return taken.error();
      rest = rest.subspan(*taken);
    }
    return {};
  };
  for (int turn = 0; turn < 200; ++turn) {
    if (auto error = carry(dialer, listener); error.failed()) return error;
    if (auto error = carry(listener, dialer); error.failed()) return error;
    if (dialer.is_done() && listener.is_done()) break;
  }
  return {};
}

// The example of docs/wire/multistream.md.
TEST(Multistream, SpeaksTheBytesOfItsDocument) {
  const std::string document = test::read_text("docs/wire/multistream.md");
  auto dialer = Negotiation::dial({"/noise"});
  auto listener = Negotiation::listen({"/noise"});
  EXPECT_EQ(hex(dialer.pending_output()), test::example_bytes(document, "-> "));
  ASSERT_TRUE(listener.receive(take_output(dialer)));
  EXPECT_EQ(hex(listener.pending_output()), test::example_bytes(document, "<- "));
}

TEST(Multistream, AgreesOnTheFirstProposalThatBothSpeak) {
  for (std::size_t piece : {std::size_t{1}, std::size_t{3}, SIZE_MAX}) {
    auto dialer = Negotiation::dial({"/tls/1.0.0", "/noise", "/plaintext"});
    auto listener = Negotiation::listen({"/noise", "/yamux/1.0.0"});
    EXPECT_FALSE(talk(dialer, listener, piece).failed());
    EXPECT_TRUE(dialer.is_done());
    EXPECT_TRUE(listener.is_done());
    EXPECT_EQ(dialer.protocol(), "/noise");
    EXPECT_EQ(listener.protocol(), "/noise");
  }
}

TEST(Multistream, RefusesWhenNothingIsShared) {
  auto dialer = Negotiation::dial({"/a", "/b"});
  auto listener = Negotiation::listen({"/c"});
  EXPECT_EQ(talk(dialer, listener), Errc::multistream_refused);
}

TEST(Multistream, LeavesTheNextLayersBytesAlone) {
  auto dialer = Negotiation::dial({"/echo"});
  Bytes lazy = take_output(dialer);
  append(lazy, as_bytes("application"));
  auto listener = Negotiation::listen({"/echo"});
  auto taken = listener.receive(lazy);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(listener.is_done());
  EXPECT_EQ(as_text(ByteView(lazy).subspan(*taken)), "application");

  Bytes reply = take_output(listener);
  append(reply, as_bytes("answer"));
  taken = dialer.receive(reply);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(dialer.is_done());
  EXPECT_EQ(as_text(ByteView(reply).subspan(*taken)), "answer");
}

TEST(Multistream, AListenerAnswersTheObsoleteListWithNotAvailable) {
  auto listener = Negotiation::listen({"/noise"});
  take_output(listener);
  Bytes input = write_message(kHeader);
  append(input, write_message("ls"));
  ASSERT_TRUE(listener.receive(input));
  EXPECT_EQ(hex(take_output(listener)), "036e610a");
  EXPECT_FALSE(listener.is_done());
}

TEST(Multistream, RefusesWhatIsNoMessage) {
  for (std::string_view text : {"00",                          // no newline in it
                                "026e61",                      // does not end in a newline
                                "040a6e610a",                  // a newline inside
                                "8100",                        // not the shortest varint
                                "8108", "ffffffffffffffffff",  // longer than a message may be
                                "032f6e0a",                    // another header
                                "474554202f20485454502f312e310d0a"}) {  // HTTP
    auto listener = Negotiation::listen({"/noise"});
    const Bytes bytes = *parse_hex(text);
    auto received = listener.receive(bytes);
    EXPECT_FALSE(received) << text;
  }
}

TEST(MultistreamAttacks, Ghsa_xqvc_92cf_94j4_AClaimedLengthIsRefusedBeforeItsBytesArrive) {
  auto listener = Negotiation::listen({"/noise"});
  auto received = listener.receive(*parse_hex("8110"));  // 2,049 bytes, none of them here
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error(), Errc::multistream_malformed);
}

TEST(Multistream, ADialerIsNotToldWhatItDidNotOffer) {
  auto dialer = Negotiation::dial({"/noise"});
  Bytes reply = write_message(kHeader);
  append(reply, write_message("/plaintext/2.0.0"));
  EXPECT_EQ(dialer.receive(reply).error(), Errc::multistream_malformed);
}

TEST(Multistream, ProposalsAreBounded) {
  auto listener = Negotiation::listen({"/noise"});
  ASSERT_TRUE(listener.receive(write_message(kHeader)));
  for (std::size_t i = 0; i < kProposalsMax; ++i)
    ASSERT_TRUE(listener.receive(write_message("/other")));
  EXPECT_EQ(listener.receive(write_message("/other")).error(), Errc::limit_reached);
}

}  // namespace
}  // namespace ghmesh::multistream
