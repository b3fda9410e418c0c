// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/delimited.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::multiformats {
namespace {

Bytes stream_of(std::vector<std::string> messages) {
  Bytes bytes;
  for (const std::string& message : messages) append_delimited(bytes, as_bytes(message));
  return bytes;
}

// Everything that comes out of `bytes` when they arrive in pieces of `piece` bytes.
std::vector<std::string> read_all(DelimitedReader& reader, ByteView bytes, std::size_t piece) {
  std::vector<std::string> messages;
  for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
    ByteView part = bytes.subspan(begin, std::min(piece, bytes.size() - begin));
    for (;;) {
      auto message = reader.next(part);
      EXPECT_TRUE(message);
      if (!message || !*message) break;
      messages.emplace_back(as_text(**message));
    }
    EXPECT_TRUE(part.empty());
  }
  return messages;
}

TEST(Delimited, IsALengthAndTheMessage) {
  EXPECT_EQ(hex(stream_of({"", "abc"})), "0003616263");
  EXPECT_EQ(hex(ByteView(stream_of({std::string(300, 'x')})).first(3)), "ac0278");
}

TEST(Delimited, ReadsTheSameInPiecesOfEverySize) {
  const std::vector<std::string> messages = {"a", "", std::string(127, 'b'), std::string(128, 'c'),
                                             "",  "", std::string(1000, 'd')};
  const Bytes bytes = stream_of(messages);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    DelimitedReader reader(1000);
    EXPECT_EQ(read_all(reader, bytes, piece), messages) << piece;
    EXPECT_TRUE(reader.is_empty());
  }
}

TEST(Delimited, KnowsWhetherAMessageHasBegun) {
  const Bytes bytes = stream_of({std::string(200, 'x'), "y"});
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    DelimitedReader reader(200);
    read_all(reader, ByteView(bytes).first(size), SIZE_MAX / 2);
    EXPECT_EQ(reader.is_empty(), size == 0 || size == 202 || size == bytes.size()) << size;
  }
}

TEST(Delimited, AMessageInOnePieceIsNotCopied) {
  const Bytes bytes = stream_of({"abc", "def"});
  DelimitedReader reader(3);
  ByteView rest = bytes;
  EXPECT_EQ((**reader.next(rest)).data(), bytes.data() + 1);
  EXPECT_EQ((**reader.next(rest)).data(), bytes.data() + 5);
}

TEST(Delimited, AMessageMayBeAsLargeAsItsLimitAndNoLarger) {
  DelimitedReader reader(4);
  const Bytes bytes = stream_of({"abcd", "abcde"});
  ByteView rest = bytes;
  EXPECT_EQ(as_text(**reader.next(rest)), "abcd");
  EXPECT_EQ(reader.next(rest).error(), Errc::too_large);
}

TEST(Delimited, RefusesALengthThatIsNotTheShortestVarint) {
  for (std::string_view text : {"8000", "8100", "ffffffffffffffffff01"}) {
    const Bytes bytes = *parse_hex(text);
    DelimitedReader reader(1000);
    ByteView rest = bytes;
    EXPECT_EQ(reader.next(rest).error(), Errc::malformed) << text;
  }
}

TEST(DelimitedAttacks, GHSA_xqvc_92cf_94j4_AClaimedLengthIsRefusedBeforeItsBytesArrive) {
  for (std::string_view text : {"8120", "ffffffff0f", "ffffffffffffffff7f"}) {
    const Bytes bytes = *parse_hex(text);
    for (std::size_t piece : {std::size_t{1}, bytes.size()}) {
      DelimitedReader reader(4096);
      Error error;
      for (std::size_t begin = 0; begin < bytes.size() && !error; begin += piece) {
        ByteView part = ByteView(bytes).subspan(begin, piece);
        auto message = reader.next(part);
        if (!message) error = message.error();
      }
      EXPECT_EQ(error, Errc::too_large) << text;
    }
  }
}

}  // namespace
}  // namespace ghmesh::multiformats
