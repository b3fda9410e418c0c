// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/sign.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/text.h"

namespace ghmesh::crypto {
namespace {

Secret secret_of(std::string_view digits) { return Secret(*parse_hex(digits)); }

// RFC 8032, 7.1: tests 1 to 3 and SHA(abc).
struct SignVector {
  std::string_view seed, public_key, message, signature;
};
constexpr SignVector kSignVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655"
     "141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00"
     "d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc02"
     "7beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

TEST(Ed25519, MatchesRfc8032) {
  for (const SignVector& vector : kSignVectors) {
    const Ed25519Key key = Ed25519Key::from_seed(secret_of(vector.seed));
    EXPECT_EQ(hex(key.public_key()), vector.public_key);
    const Bytes message = *parse_hex(vector.message);
    const Ed25519Signature signature = key.sign(message);
    EXPECT_EQ(hex(signature), vector.signature);
    EXPECT_TRUE(verify_ed25519(key.public_key(), message, signature));
  }
}

TEST(Ed25519, RefusesEveryFlippedBit) {
  const Ed25519Key key = Ed25519Key::generate();
  const ByteView message = as_bytes("message");
  const Ed25519Signature signature = key.sign(message);
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Ed25519Signature other = signature;
    other[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_FALSE(verify_ed25519(key.public_key(), message, other)) << bit;
  }
  EXPECT_FALSE(verify_ed25519(key.public_key(), as_bytes("other"), signature));
  EXPECT_FALSE(verify_ed25519(key.public_key(), message, ByteView(signature).first(63)));
  EXPECT_FALSE(verify_ed25519(ByteView(key.public_key()).first(31), message, signature));
}

TEST(Ed25519, RefusesASecondSpellingOfS) {
  // S + L verifies under a lax check (RFC 8032, 5.1.7 asks S < L). L in little endian:
  const Bytes order =
      *parse_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const Ed25519Key key = Ed25519Key::from_seed(secret_of(kSignVectors[0].seed));
  Ed25519Signature signature = key.sign({});
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
    signature[32 + i] = static_cast<std::byte>(carry & 0xff);
    carry >>= 8;
  }
  EXPECT_FALSE(verify_ed25519(key.public_key(), {}, signature));
}

TEST(Ed25519, RefusesKeysOfSmallOrder) {
  for (std::string_view point :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000"})
    EXPECT_FALSE(verify_ed25519(*parse_hex(point), as_bytes("m"), Bytes(64)));
}

constexpr std::string_view kMessage = "libp2p signs this";
// The ECDSA and secp256k1 keys of the libp2p specification (peer-ids.md, "Test vectors"); the signatures were made with
// Python's cryptography.
constexpr std::string_view kEcdsaKey =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44abf316"
    "1f162a4bc901d8e6ecda02"
    "0e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62";
constexpr std::string_view kEcdsaSignature =
    "3046022100b7b32d3c22368947c6fecdc5895bd483bed397cb528c31a58e9e605dc8ed4014022100"
    "ee49830b20585646d2266e384d24ae3802ed4312d757af21ef564c09cc8dadc6";
constexpr std::string_view kSecp256k1Key =
    "037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";
constexpr std::string_view kSecp256k1Signature =
    "3045022100bae662e12ff08745275186e150833338204b6173ada2a8553bd192778cf337dc022003"
    "99e5aca864a16af670075d9ff36e98d2d92eb0a033f7740c2ffae2e2e4def9";

using Verify = bool (*)(ByteView, ByteView, ByteView);

// True for the given signature, and false for every other that differs in one bit, for another message, and for keys
// that end early or late.
void expect_verifies_only_this(Verify verify, const Bytes& key, const Bytes& signature) {
  EXPECT_TRUE(verify(key, as_bytes(kMessage), signature));
  EXPECT_FALSE(verify(key, as_bytes("libp2p signs that"), signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Bytes other = signature;
    other[i] ^= std::byte{1};
    EXPECT_FALSE(verify(key, as_bytes(kMessage), other)) << i;
    EXPECT_FALSE(verify(key, as_bytes(kMessage), ByteView(signature).first(i))) << i;
  }
  for (std::size_t i = 0; i < key.size(); ++i)
    EXPECT_FALSE(verify(ByteView(key).first(i), as_bytes(kMessage), signature)) << i;
  Bytes longer = key;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(verify(longer, as_bytes(kMessage), signature));
}

TEST(Ecdsa, VerifiesWhatOthersSigned) {
  expect_verifies_only_this(verify_ecdsa, *parse_hex(kEcdsaKey), *parse_hex(kEcdsaSignature));
}

TEST(Ecdsa, RefusesAPointThatIsNotOnTheCurve) {
  Bytes key = *parse_hex(kEcdsaKey);
  key.back() ^= std::byte{1};
  EXPECT_FALSE(verify_ecdsa(key, as_bytes(kMessage), *parse_hex(kEcdsaSignature)));
}

TEST(Secp256k1, VerifiesWhatOthersSigned) {
  expect_verifies_only_this(verify_secp256k1, *parse_hex(kSecp256k1Key),
                            *parse_hex(kSecp256k1Signature));
}

// Keys of RSA by their bits ("e33": with an exponent of 33 bits), each with a right signature over kMessage; made with
// Python's cryptography.
struct RsaCase {
  Bytes key, signature;
};
std::map<std::string, RsaCase> rsa_cases() {
  std::map<std::string, RsaCase> cases;
  std::ifstream file("src/crypto/data/rsa_signatures.txt");
  std::string name, key, signature;
  while (file >> name >> key >> signature) cases[name] = {*parse_hex(key), *parse_hex(signature)};
  return cases;
}

TEST(Rsa, VerifiesWhatOthersSigned) {
  const std::map<std::string, RsaCase> cases = rsa_cases();
  expect_verifies_only_this(verify_rsa, cases.at("2048").key, cases.at("2048").signature);
  EXPECT_TRUE(verify_rsa(cases.at("8192").key, as_bytes(kMessage), cases.at("8192").signature));
}

// Their signatures are right: it is the size that is refused, on both sides of what is allowed.
TEST(Rsa, RefusesKeysThatAreTooSmallOrTooLarge) {
  const std::map<std::string, RsaCase> cases = rsa_cases();
  for (const char* bits : {"1024", "9216"})
    EXPECT_FALSE(verify_rsa(cases.at(bits).key, as_bytes(kMessage), cases.at(bits).signature));
}

TEST(Rsa, RefusesAnExponentThatCostsTooMuch) {
  const RsaCase wide = rsa_cases().at("2048e33");
  EXPECT_FALSE(verify_rsa(wide.key, as_bytes(kMessage), wide.signature));
}

TEST(Verification, RefusesKeysOfOtherKinds) {
  const Bytes rsa = rsa_cases().at("2048").key;
  const Bytes signature = *parse_hex(kEcdsaSignature);
  EXPECT_FALSE(verify_ecdsa(rsa, as_bytes(kMessage), signature));
  EXPECT_FALSE(verify_rsa(*parse_hex(kEcdsaKey), as_bytes(kMessage), signature));
  EXPECT_FALSE(verify_secp256k1(rsa, as_bytes(kMessage), signature));
}

}  // namespace
}  // namespace ghmesh::crypto
