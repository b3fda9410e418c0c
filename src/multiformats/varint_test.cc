// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/varint.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::multiformats {
namespace {

struct Vector {
  std::uint64_t value;
  std::string_view hex;
};
// The examples of the specification, and the edges.
constexpr Vector kVectors[] = {
    {0, "00"},     {1, "01"},     {127, "7f"},       {128, "8001"},
    {255, "ff01"}, {300, "ac02"}, {16384, "808001"}, {kVarintMax, "ffffffffffffffff7f"}};

TEST(Varint, MatchesTheSpecification) {
  for (const Vector& vector : kVectors) {
    Bytes bytes;
    append_varint(bytes, vector.value);
    EXPECT_EQ(hex(bytes), vector.hex);
    EXPECT_EQ(varint_bytes(vector.value), bytes.size());
    const auto parsed = parse_varint(bytes);
    ASSERT_TRUE(parsed && *parsed);
    EXPECT_EQ((*parsed)->value, vector.value);
    EXPECT_EQ((*parsed)->bytes_count, bytes.size());
  }
}

TEST(Varint, WaitsForItsEnd) {
  for (const Vector& vector : kVectors) {
    const Bytes bytes = *parse_hex(vector.hex);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto parsed = parse_varint(ByteView(bytes).first(size));
      ASSERT_TRUE(parsed);
      EXPECT_FALSE(*parsed);
    }
  }
}

TEST(Varint, RefusesALongerSpelling) {
  for (std::string_view text : {"8000", "8100", "ff00", "80808000"}) {
    const auto parsed = parse_varint(*parse_hex(text));
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), Errc::malformed);
  }
}

TEST(Varint, RefusesMoreThanNineBytes) {
  EXPECT_FALSE(parse_varint(*parse_hex("ffffffffffffffffff01")));
  EXPECT_FALSE(parse_varint(*parse_hex("808080808080808080")));
}

// Every size, at both of its ends, and what is said after it.
TEST(Varint, IsReadBack) {
  for (int bits = 0; bits < 63; ++bits) {
    const std::uint64_t power = std::uint64_t{1} << bits;
    for (const std::uint64_t value : {power - 1, power, power | 1}) {
      Bytes bytes;
      append_varint(bytes, value);
      EXPECT_EQ(bytes.size(), varint_bytes(value));
      append(bytes, as_bytes("rest"));
      const auto parsed = parse_varint(bytes);
      ASSERT_TRUE(parsed && *parsed);
      EXPECT_EQ((*parsed)->value, value);
      EXPECT_EQ((*parsed)->bytes_count, varint_bytes(value));
    }
  }
}

TEST(Varint, TakesOneFromAReader) {
  const Bytes bytes = *parse_hex("ac0201");
  Reader reader(bytes);
  EXPECT_EQ(*take_varint(reader), 300u);
  EXPECT_EQ(*take_varint(reader), 1u);
  EXPECT_EQ(take_varint(reader).error(), Errc::truncated);
}

}  // namespace
}  // namespace ghmesh::multiformats
