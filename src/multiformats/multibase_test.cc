// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/multibase.h"

#include <gtest/gtest.h>

namespace ghmesh::multiformats {
namespace {

struct Vector {
  std::string decoded, base16, base32, base58btc, base64url;
};
// multiformats/multibase: tests/basic.csv, leading_zero.csv, two_leading_zeros.csv.
const Vector kVectors[] = {
    {"yes mani !", "f796573206d616e692021", "bpfsxgidnmfxgsibb", "z7paNL19xttacUY",
     "ueWVzIG1hbmkgIQ"},
    {std::string("\0yes mani !", 11), "f00796573206d616e692021", "bab4wk4zanvqw42jaee",
     "z17paNL19xttacUY", "uAHllcyBtYW5pICE"},
    {std::string("\0\0yes mani !", 12), "f0000796573206d616e692021", "baaahszltebwwc3tjeaqq",
     "z117paNL19xttacUY", "uAAB5ZXMgbWFuaSAh"},
};

TEST(Multibase, MatchesTheSpecification) {
  for (const Vector& vector : kVectors) {
    for (const std::string& text :
         {vector.base16, vector.base32, vector.base58btc, vector.base64url}) {
      EXPECT_EQ(write_multibase(static_cast<Base>(text[0]), as_bytes(vector.decoded)), text);
      EXPECT_EQ(as_text(*parse_multibase(text)), vector.decoded) << text;
    }
  }
}

// tests/case_insensitivity.csv.
TEST(Multibase, ReadsBase16AndBase32InEitherCase) {
  for (std::string_view text : {"f68656c6c6f20776F726C64", "bnbswy3dpeB3W64TMMQ"})
    EXPECT_EQ(as_text(*parse_multibase(text)), "hello world") << text;
}

TEST(Multibase, EveryAlphabetIsReadBack) {
  for (Base base : {Base::base16, Base::base32, Base::base58btc, Base::base64url}) {
    Bytes bytes;
    for (int size = 0; size < 70; ++size) {
      const auto parsed = parse_multibase(write_multibase(base, bytes));
      ASSERT_TRUE(parsed);
      EXPECT_EQ(*parsed, bytes);
      bytes.push_back(static_cast<std::byte>(size * 37));
    }
  }
}

TEST(Multibase, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_multibase("").error(), Errc::malformed);
  EXPECT_EQ(parse_multibase("m0000").error(), Errc::unsupported);
  EXPECT_EQ(parse_multibase("z0OIl").error(), Errc::malformed);
  EXPECT_EQ(parse_multibase("b189").error(), Errc::malformed);
  EXPECT_EQ(parse_multibase("BPFSXGIDNMFXGSIBB").error(), Errc::unsupported);  // base32upper
  EXPECT_EQ(parse_multibase("f0").error(), Errc::malformed);
  EXPECT_EQ(parse_multibase("bb").error(), Errc::malformed);   // a lone digit
  EXPECT_EQ(parse_multibase("bbb").error(), Errc::malformed);  // left-over bits
  EXPECT_EQ(parse_multibase("z" + std::string(kMultibaseCharsMax, '2')).error(), Errc::too_large);
}

}  // namespace
}  // namespace ghmesh::multiformats
