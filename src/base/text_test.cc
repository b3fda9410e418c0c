// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/text.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace ghmesh {
namespace {

Bytes random_bytes(Random& random, std::size_t bytes_count) {
  Bytes bytes(bytes_count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  return bytes;
}

TEST(Text, FoldsOnlyAsciiLetters) {
  EXPECT_EQ(to_lower("AZaz09-_@[`{\xc4"), "azaz09-_@[`{\xc4");
  EXPECT_TRUE(equal_ignoring_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));  // 32 apart, as letters are
  EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

TEST(Text, StartsWithAPrefixInAnyCase) {
  EXPECT_TRUE(starts_with_ignoring_case("Bearer x", "bearer "));
  EXPECT_TRUE(starts_with_ignoring_case("", ""));
  EXPECT_FALSE(starts_with_ignoring_case("Bear", "bearer"));
}

TEST(Text, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b \t"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim("\r\na\n"), "\r\na\n");
}

TEST(Text, TakesEverythingBeforeTheSeparator) {
  std::string_view text = "a,,b";
  EXPECT_EQ(take_until(text, ','), "a");
  EXPECT_EQ(take_until(text, ','), "");
  EXPECT_EQ(text, "b");
  EXPECT_EQ(take_until(text, ','), "b");
  EXPECT_EQ(text, "");
  EXPECT_EQ(take_until(text, ','), "");
}

TEST(Decimal, ReadsDigits) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("0042"), 42u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), 18446744073709551615u);
}

TEST(Decimal, RefusesOverflow) {
  for (const char* text : {"18446744073709551616", "18446744073709551620", "18446744073709551700",
                           "20000000000000000000", "99999999999999999999", "184467440737095516150"})
    EXPECT_FALSE(parse_decimal(text)) << text;
}

TEST(Decimal, RefusesWhatIsNotADigit) {
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "\xd9\xa1"})
    EXPECT_FALSE(parse_decimal(text)) << text;
}

struct Rfc4648Vector {
  std::string_view text;
  std::string_view base64;
  std::string_view base64url;
  std::string_view hex;
};

// RFC 4648, 10; base16 in lower case as we write it.
constexpr Rfc4648Vector kVectors[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "66"},
    {"fo", "Zm8=", "Zm8", "666f"},
    {"foo", "Zm9v", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
};

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  for (const auto& vector : kVectors) {
    EXPECT_EQ(base64(as_bytes(vector.text)), vector.base64);
    EXPECT_EQ(base64url(as_bytes(vector.text)), vector.base64url);
    EXPECT_EQ(hex(as_bytes(vector.text)), vector.hex);
    EXPECT_EQ(as_text(*parse_base64(vector.base64)), vector.text);
    EXPECT_EQ(as_text(*parse_base64url(vector.base64url)), vector.text);
    EXPECT_EQ(as_text(*parse_hex(vector.hex)), vector.text);
  }
}

TEST(Base64, ReadsWhatItWrote) {
  Random random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    const Bytes bytes = random_bytes(random, size);
    EXPECT_EQ(parse_base64(base64(bytes)), bytes);
    EXPECT_EQ(parse_base64url(base64url(bytes)), bytes);
    EXPECT_EQ(parse_hex(hex(bytes)), bytes);
  }
}

TEST(Base64, UsesTheAlphabetOfItsSection) {
  const Bytes bytes{std::byte{0xfb}, std::byte{0xff}};
  EXPECT_EQ(base64(bytes), "+/8=");
  EXPECT_EQ(base64url(bytes), "-_8");
  EXPECT_FALSE(parse_base64("-_8="));
  EXPECT_FALSE(parse_base64url("+/8"));
}

TEST(Base64, HasOneSpellingForEachValue) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=",
                           "==", "====", "Z===", "Zg==Zg==", "Zm9v\n", "Zm 9", "Z"})
    EXPECT_FALSE(parse_base64(text)) << text;
  for (const char* text : {"Z", "Zh", "Zm9", "Zg==", "Zm9vY", "Zm9v "})
    EXPECT_FALSE(parse_base64url(text)) << text;
  EXPECT_FALSE(parse_base64url(std::string_view("Zg\0", 3)));
}

TEST(Hex, ReadsBothCasesAndNothingElse) {
  EXPECT_EQ(parse_hex("aBfF"), (Bytes{std::byte{0xab}, std::byte{0xff}}));
  for (const char* text : {"a", "abc", "0g", "g0", " 00", "0x00", "--"})
    EXPECT_FALSE(parse_hex(text)) << text;
}

TEST(EditDistance, CountsInsertionsRemovalsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("socket", "socket"), 0u);
  EXPECT_EQ(edit_distance("socket", "soket"), 1u);
  EXPECT_EQ(edit_distance("soket", "socket"), 1u);
  EXPECT_EQ(edit_distance("socket", "sacket"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace ghmesh
