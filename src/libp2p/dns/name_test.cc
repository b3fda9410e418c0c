// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/dns/name.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::dns {
namespace {

Bytes bytes_of(std::string_view digits) {
  const auto bytes = parse_hex(digits);
  GHMESH_CHECK(bytes.has_value());
  return *bytes;
}

std::string labels(std::size_t count, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::string(bytes, 'a') + '.';
  return text;
}

TEST(DnsName, IsTextAndLabels) {
  const auto name = Name::parse_text("_p2p._udp.local");
  ASSERT_TRUE(name);
  EXPECT_EQ(hex(as_bytes(name->wire())), "045f703270045f756470056c6f63616c");
  EXPECT_EQ(name->text(), "_p2p._udp.local");
  EXPECT_EQ(name->parent().text(), "_udp.local");
  EXPECT_EQ(*Name::parse_text("_p2p._udp.local."), *name);
  EXPECT_TRUE(Name::parse_text("")->is_root());
  EXPECT_TRUE(Name::parse_text(".")->is_root());
  EXPECT_TRUE(Name::parse_text("local")->parent().is_root());
  EXPECT_EQ(Name().text(), ".");
}

TEST(DnsName, IsComparedWithoutCase) {
  EXPECT_EQ(*Name::parse_text("_P2P._udp.LOCAL"), *Name::parse_text("_p2p._UDP.local"));
  EXPECT_NE(*Name::parse_text("p2p.local"), *Name::parse_text("p2q.local"));
  // Another division into labels is another name.
  EXPECT_NE(*Name::parse_text("ab.c"), *Name::parse_text("a.bc"));
}

TEST(DnsName, RefusesTextThatIsNone) {
  for (const std::string& text :
       {std::string(".."), std::string("a..b"), std::string(".a"), std::string("a.."),
        std::string("a b"), std::string("a\\.b"), std::string("a\0b", 3), std::string("\xc3\xa9"),
        labels(1, 64), labels(4, 63)})
    EXPECT_FALSE(Name::parse_text(text)) << text;
  EXPECT_TRUE(Name::parse_text(labels(1, 63)));
  EXPECT_TRUE(Name::parse_text(labels(3, 63) + std::string(61, 'a')));  // 255 bytes with the root
}

// RFC 1035, 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64 and the root at 92.
TEST(DnsName, FollowsThePointersOfTheStandardsExample) {
  Bytes message(93);
  const auto put = [&](std::size_t at, std::string_view text) {
    const Bytes bytes = bytes_of(text);
    std::ranges::copy(bytes, message.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(20, "01460349534904415250410000");
  put(40, "03464f4fc014");
  put(64, "c01a");
  put(92, "00");
  const auto read = [&](std::size_t at, std::size_t end) {
    const auto name = Name::read(message, at);
    EXPECT_TRUE(name);
    EXPECT_EQ(at, end);
    return name ? name->text() : "";
  };
  EXPECT_EQ(read(20, 32), "F.ISI.ARPA");
  EXPECT_EQ(read(40, 46), "FOO.F.ISI.ARPA");
  EXPECT_EQ(read(64, 66), "ARPA");
  EXPECT_EQ(read(92, 93), ".");
}

TEST(DnsName, WritesUnusualBytesSoThatALogCanShowThem) {
  const Bytes message = bytes_of("05612e5c200a00");
  std::size_t at = 0;
  EXPECT_EQ(Name::read(message, at)->text(), "a\\046\\092\\032\\010");
}

TEST(DnsName, RefusesEveryTruncation) {
  const Bytes message = bytes_of("0161c0000162c000");
  for (const std::size_t begin : {std::size_t{4}, std::size_t{0}}) {
    for (std::size_t size = begin; size < begin + 4; ++size) {
      std::size_t at = begin;
      EXPECT_FALSE(Name::read(ByteView(message).first(size), at));
    }
  }
}

// Row 23 of the attacks: compression that leads to itself, in a circle, forwards, or through very many pointers.
TEST(DnsAttacks, Row23_CompressionLoopsEndAtOnce) {
  for (std::string_view text : {"c000",            // to itself
                                "c002c000",        // to the next, and back
                                "0161c000",        // a label, then its own beginning
                                "0161c001",        // into its own label
                                "0161c004016200",  // forwards
                                "c0ff",            // behind the end
                                "40", "8000"}) {   // reserved kinds of labels
    std::size_t at = 0;
    EXPECT_FALSE(Name::read(bytes_of(text), at)) << text;
  }
  // From further behind, a circle is as little a name.
  const Bytes circle = bytes_of("c002c000c002");
  std::size_t at = 4;
  EXPECT_EQ(Name::read(circle, at).error(), Errc::dns_malformed);
}

TEST(DnsAttacks, Row23_AChainOfPointersIsBounded) {
  Bytes message(1);  // the root
  for (std::size_t i = 0; i < 1000; ++i)
    append_big_endian<std::uint16_t>(
        message, static_cast<std::uint16_t>(0xc000 | (i == 0 ? 0 : message.size() - 2)));
  std::size_t at = 1 + 2 * (kPointersMax - 1);
  EXPECT_TRUE(Name::read(message, at));
  EXPECT_EQ(Name::read(message, at).error(), Errc::dns_malformed);
  at = message.size() - 2;
  EXPECT_EQ(Name::read(message, at).error(), Errc::dns_malformed);
}

TEST(DnsAttacks, Row23_ANameThatGrowsThroughPointersIsBounded) {
  Bytes message;
  std::size_t last = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const std::size_t begin = message.size();
    message.push_back(std::byte{63});
    message.resize(message.size() + 63, std::byte{'a'});
    if (i == 0) message.push_back(std::byte{0});
    else append_big_endian<std::uint16_t>(message, static_cast<std::uint16_t>(0xc000 | last));
    last = begin;
    std::size_t at = begin;
    EXPECT_EQ(Name::read(message, at).has_value(), i < 3) << i;
  }
}

}  // namespace
}  // namespace ghmesh::dns
