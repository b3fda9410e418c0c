// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/exchange.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::crypto {
namespace {

X25519Key key_of(std::string_view digits) {
  return X25519Key::from_private(Secret(*parse_hex(digits)));
}

std::string shared(std::string_view private_key, std::string_view public_key) {
  return hex(key_of(private_key).shared_with(*parse_hex(public_key))->reveal());
}

// RFC 7748, 5.2: scalar, u, result.
TEST(X25519, MatchesTheFunctionOfRfc7748) {
  EXPECT_EQ(shared("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                   "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  EXPECT_EQ(shared("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                   "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

// RFC 7748, 5.2: the result becomes the scalar, the scalar becomes u.
TEST(X25519, MatchesAThousandRoundsOfRfc7748) {
  Secret scalar(*parse_hex("0900000000000000000000000000000000000000000000000000000000000000"));
  Bytes u = copy_bytes(scalar.reveal());
  for (int round = 1; round <= 1000; ++round) {
    Secret result = *X25519Key::from_private(scalar).shared_with(u);
    u = copy_bytes(scalar.reveal());
    scalar = result;
    if (round == 1) {
      EXPECT_EQ(hex(scalar.reveal()),
                "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
  }
  EXPECT_EQ(hex(scalar.reveal()),
            "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

// RFC 7748, 6.1.
TEST(X25519, AgreesAsInRfc7748) {
  const X25519Key alice =
      key_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const X25519Key bob = key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(hex(alice.public_key()),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(hex(bob.public_key()),
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const std::string_view secret =
      "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  EXPECT_EQ(hex(alice.shared_with(bob.public_key())->reveal()), secret);
  EXPECT_EQ(hex(bob.shared_with(alice.public_key())->reveal()), secret);
}

TEST(X25519, BothSidesShareOneSecret) {
  const X25519Key alice = X25519Key::generate();
  const X25519Key bob = X25519Key::generate();
  EXPECT_EQ(*alice.shared_with(bob.public_key()), *bob.shared_with(alice.public_key()));
  EXPECT_NE(hex(alice.public_key()), hex(bob.public_key()));
}

// RFC 7748, 6.1 asks to check for the all-zero result; 7 points give it, these are three of them.
TEST(X25519, RefusesPointsOfSmallOrder) {
  for (std::string_view point :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    auto result = X25519Key::generate().shared_with(*parse_hex(point));
    ASSERT_FALSE(result) << point;
    EXPECT_EQ(result.error(), Errc::crypto_failed);
  }
}

TEST(X25519, RefusesKeysOfOtherSizes) {
  EXPECT_FALSE(X25519Key::generate().shared_with(Bytes(31, std::byte{9})));
  EXPECT_FALSE(X25519Key::generate().shared_with(Bytes(33, std::byte{9})));
}

}  // namespace
}  // namespace ghmesh::crypto
