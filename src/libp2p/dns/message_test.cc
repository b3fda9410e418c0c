// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/dns/message.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::dns {
namespace {

Bytes bytes_of(std::string_view digits) {
  const auto bytes = parse_hex(digits);
  GHMESH_CHECK(bytes.has_value());
  return *bytes;
}
Name name(std::string_view text) { return *Name::parse_text(text); }

// One record of each kind.
Message full_message() {
  Message message{.id = 0x1234, .is_response = true, .is_authoritative = true};
  message.questions = {{.name = name("_p2p._udp.local"), .type = Type::ptr, .wants_unicast = true}};
  message.answers = {
      {.name = name("_p2p._udp.local"), .ttl = 120s, .data = Ptr{name("peer._p2p._udp.local")}}};
  message.authorities = {{.name = name("x.local"), .ttl = 5s, .data = Cname{name("Y.local")}}};
  message.additionals = {
      {.name = name("peer._p2p._udp.local"),
       .ttl = 120s,
       .is_unique = true,
       .data = Txt{{"dnsaddr=/ip4/10.0.0.1/tcp/1", std::string(255, 'x')}}},
      {.name = name("peer._p2p._udp.local"),
       .data = Srv{.priority = 1, .weight = 2, .port = 4001, .target = name("peer.p2p.local")}},
      {.name = name("peer.p2p.local"), .data = Ip4{std::byte{10}, {}, {}, std::byte{1}}},
      {.name = name("peer.p2p.local"), .data = Ip6{std::byte{0xfe}, std::byte{0x80}}},
      {.name = Name(), .data = Txt{}},
  };
  return message;
}

TEST(DnsMessage, EveryKindOfRecordIsReadAsItWasWritten) {
  const Message message = full_message();
  const auto bytes = write_message(message);
  ASSERT_TRUE(bytes);
  const auto again = parse_message(*bytes);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, message);
  EXPECT_EQ(*write_message(*again), *bytes);
}

TEST(DnsMessage, HasTheBytesOfTheStandard) {
  Message query;
  query.questions = {{.name = name("_p2p._udp.local"), .type = Type::ptr}};
  EXPECT_EQ(hex(*write_message(query)),
            "000000000001000000000000"
            "045f703270045f756470056c6f63616c00000c0001");
  Message answer{.id = 7, .is_response = true, .wants_recursion = true, .has_recursion = true};
  answer.questions = {{.name = name("a.b"), .type = Type::a}};
  answer.answers = {{.name = name("a.b"), .ttl = 258s, .data = Ip4{std::byte{1}, {}, {}, {}}}};
  EXPECT_EQ(hex(*write_message(answer)),
            "000781800001000100000000"
            "01610162000001"
            "0001c00c000100010000010200040"
            "1000000");
}

TEST(DnsMessage, RefusesEveryTruncationAndWhatFollows) {
  const Bytes bytes = *write_message(full_message());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_message(ByteView(bytes).first(size))) << size;
  Bytes longer = bytes;
  longer.push_back({});
  EXPECT_EQ(parse_message(longer).error(), Errc::dns_malformed);
}

TEST(DnsMessage, ReadsOverWhatItDoesNotKeep) {
  const Bytes bytes = bytes_of(
      "000084000002000300000001"
      "0161000001"
      "0003"  // a question in class CHAOS
      "016200002100ff"
      "0161000002000100000001000401620000"  // NS
      "01610000010003000000010004"          // A in class CHAOS
      "01020304"
      "01610000018001ffffffff0004"  // A, unique, with a TTL beyond what there is
      "05060708"
      "00002904d0000000000000");  // OPT
  const auto message = parse_message(bytes);
  ASSERT_TRUE(message) << message.error().message();
  EXPECT_EQ(message->questions, (std::vector<Question>{{.name = name("b"), .type = Type::srv}}));
  ASSERT_EQ(message->answers.size(), 1u);
  EXPECT_EQ(message->answers[0].ttl, 0s);
  EXPECT_TRUE(message->answers[0].is_unique);
  EXPECT_TRUE(message->additionals.empty());
}

// A response with one record of the root's name; `rest` is its length and its data.
Bytes one_record(std::string_view type, std::string_view rest) {
  const std::string header = "000080000000000100000000";
  return bytes_of(header + "00" + std::string(type) + "0001" + "00000001" + std::string(rest));
}

TEST(DnsMessage, RefusesWhatIsNoMessage) {
  EXPECT_EQ(parse_message(bytes_of("000008000000000000000000")).error(), Errc::unsupported);
  EXPECT_TRUE(parse_message(one_record("0001", "000401020304")));
  for (const Bytes& bytes : {
           one_record("0001", "0003010203"),        // A of three bytes
           one_record("0001", "00050102030405"),    // A of five
           one_record("001c", "000401020304"),      // AAAA of four
           one_record("0010", "00020241"),          // TXT: its string is longer than its data
           one_record("000c", "000401610000"),      // PTR: its name ends early
           one_record("000c", "0002016100"),        // PTR: its name ends late
           one_record("0021", "0006000000000000"),  // SRV without a target
           one_record("0021", "000400000000"),      // SRV without its numbers
       }) {
    EXPECT_FALSE(parse_message(bytes)) << hex(bytes);
  }
}

TEST(DnsMessage, AnEmptyTextRecordMeansNothing) {
  for (std::string_view rest : {"0000", "000100", "0003000000"}) {
    const auto message = parse_message(one_record("0010", rest));
    ASSERT_TRUE(message) << rest;
    EXPECT_EQ(std::get<Txt>(message->answers.at(0).data), Txt{});
  }
}

TEST(DnsMessage, JoinsTheStringsOfATextAndFollowsAliases) {
  Message message{.is_response = true};
  message.answers = {
      {.name = name("a"), .data = Cname{name("b")}},
      {.name = name("B"), .data = Txt{{"one ", "text"}}},
      {.name = name("b"), .data = Txt{{"another"}}},
      {.name = name("c"), .data = Txt{{"of somebody else"}}},
      {.name = name("loop"), .data = Cname{name("loop")}},
  };
  EXPECT_EQ(texts_of(message, name("a")), (std::vector<std::string>{"one text", "another"}));
  EXPECT_TRUE(texts_of(message, name("loop")).empty());
  EXPECT_TRUE(texts_of(message, name("nothing")).empty());
}

TEST(DnsMessage, FollowsABoundedNumberOfAliases) {
  const auto chain = [](std::size_t aliases_count) {
    Message message{.is_response = true};
    for (std::size_t i = 0; i < aliases_count; ++i)
      message.answers.push_back({.name = name("n" + std::to_string(i)),
                                 .data = Cname{name("n" + std::to_string(i + 1))}});
    message.answers.push_back(
        {.name = name("n" + std::to_string(aliases_count)), .data = Txt{{"x"}}});
    return texts_of(message, name("n0")).size();
  };
  EXPECT_EQ(chain(kAliasesMax), 1u);
  EXPECT_EQ(chain(kAliasesMax + 1), 0u);
}

// Counts come first and cost two bytes: they are compared with their limits, and nothing is kept for them.
TEST(DnsAttacks, Row23_ClaimedCountsAreBoundedBeforeAnythingIsRead) {
  EXPECT_EQ(parse_message(bytes_of("000000000021000000000000")).error(), Errc::too_large);
  EXPECT_EQ(parse_message(bytes_of("000000000000ffffffffffff")).error(), Errc::too_large);
  EXPECT_EQ(parse_message(bytes_of("000000000000005500560056")).error(), Errc::too_large);
  EXPECT_EQ(parse_message(bytes_of("000000000020010000000000")).error(), Errc::truncated);
  EXPECT_EQ(parse_message(Bytes(kMessageBytesMax + 1)).error(), Errc::too_large);
}

// CVE-2026-86040 is the same in another protocol: elements of a byte or two each, by the ten thousand.
TEST(DnsAttacks, Cve2026_86040_TinyStringsAreCountedBeforeTheyAreKept) {
  Bytes bytes = bytes_of(
      "000080000000000100000000"
      "00"
      "00100001"
      "00000001");
  append_big_endian<std::uint16_t>(bytes, 60'000);
  for (std::size_t i = 0; i < 30'000; ++i) append(bytes, bytes_of("0141"));
  EXPECT_EQ(parse_message(bytes).error(), Errc::too_large);
}

// A name of 255 bytes costs two bytes once it has been written: what is kept stays within records times name.
TEST(DnsAttacks, Row23_AMessageOfPointersKeepsABoundedAmount) {
  Bytes bytes = bytes_of("000080000000010000000000");
  const std::size_t long_name = bytes.size() + 2 + 10;
  append(bytes, bytes_of("00"
                         "000c0001"
                         "00000001"
                         "00ff"));
  for (std::size_t i = 0; i < 3; ++i) {
    bytes.push_back(std::byte{63});
    bytes.resize(bytes.size() + 63, std::byte{'a'});
  }
  bytes.push_back(std::byte{61});
  bytes.resize(bytes.size() + 61, std::byte{'a'});
  bytes.push_back({});
  const auto pointer = static_cast<std::uint16_t>(0xc000 | (long_name - 1));
  for (std::size_t i = 1; i < kRecordsMax; ++i) {
    append_big_endian<std::uint16_t>(bytes, pointer);
    append(bytes, bytes_of("000c0001"
                           "00000001"
                           "0002"));
    append_big_endian<std::uint16_t>(bytes, pointer);
  }
  const auto message = parse_message(bytes);
  ASSERT_TRUE(message) << message.error().message();
  std::size_t kept_bytes = 0;
  for (const Record& record : message->answers)
    kept_bytes += record.name.wire().size() + std::get<Ptr>(record.data).target.wire().size();
  EXPECT_LE(kept_bytes, 2 * kNameBytesMax * kRecordsMax);
}

TEST(DnsMessage, WritesNoMessageThatIsTooLarge) {
  Message message;
  const Txt txt{std::vector<std::string>(255, std::string(255, 'x'))};
  message.answers = {{.data = txt}};
  EXPECT_TRUE(write_message(message));
  message.answers.push_back({.data = txt});
  EXPECT_EQ(write_message(message).error(), Errc::too_large);
}

}  // namespace
}  // namespace ghmesh::dns
