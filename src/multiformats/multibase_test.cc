// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/multibase.h"

#include <gtest/gtest.h>

namespace ghmesh::multiformats {
namespace {

// multiformats/multibase, tests/basic.csv and leading_zero.csv: "yes mani !" and the same behind zero bytes.
TEST(Multibase, MatchesTheSpecification) {
  const std::string text = "yes mani !";
  EXPECT_EQ(write_multibase(Base::base16, as_bytes(text)), "f796573206d616e692021");
  EXPECT_EQ(write_multibase(Base::base32, as_bytes(text)), "bpfsxgidnmfxgsibb");
  EXPECT_EQ(write_multibase(Base::base58btc, as_bytes(text)), "z7paNL19xttacUY");
  EXPECT_EQ(write_multibase(Base::base64url, as_bytes(text)), "ueWVzIG1hbmkgIQ");
  const std::string zeros("\0\0yes mani !", 12);
  EXPECT_EQ(write_multibase(Base::base58btc, as_bytes(zeros)), "z117paNL19xttacUY");
  EXPECT_EQ(write_multibase(Base::base32, as_bytes(zeros)), "baaahszltebwwc3tjeaqq");
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
  EXPECT_EQ(parse_multibase("bABC").error(), Errc::malformed);
  EXPECT_EQ(parse_multibase("fF0").error(), Errc::malformed);
  EXPECT_EQ(parse_multibase("f0").error(), Errc::malformed);
  EXPECT_EQ(parse_multibase("bb").error(), Errc::malformed);   // a lone digit
  EXPECT_EQ(parse_multibase("bbb").error(), Errc::malformed);  // left-over bits
  EXPECT_EQ(parse_multibase("z" + std::string(kMultibaseCharsMax, '2')).error(), Errc::too_large);
}

}  // namespace
}  // namespace ghmesh::multiformats
