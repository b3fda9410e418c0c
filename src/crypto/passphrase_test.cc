// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/passphrase.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::crypto {
namespace {

struct Vector {
  std::string_view passphrase, salt;
  Argon2Cost cost;
  std::string_view key;
};

// RFC 9106 has a vector for four lanes only. These are of OpenSSL's implementation (3.2 and later, through the Python
// package cryptography 48), which shares no code with the one that is used here.
const Vector kVectors[] = {
    {"correct horse battery staple",
     "30313233343536373839616263646566",
     {},
     "94c86f541abdb3d9aabfea59aa03963549483e9c0b1a79336e76b54cee6c917e"},
    {"password",
     "736f6d6573616c74736f6d6573616c74",
     {.passes = 2},
     "fc33b78139231d34b71626bd6245c1d72efa190ad605c3d8166a72adcedfa2c2"},
    {"",
     "000102030405060708090a0b0c0d0e0f",
     {.memory_bytes = 8 << 10, .passes = 1},
     "35858230a16f87fed2b29838c1fe2df6"},
};

TEST(Argon2id, MatchesAnotherImplementation) {
  for (const Vector& vector : kVectors) {
    auto key = argon2id(Secret(vector.passphrase), parse_hex(vector.salt).value(), vector.cost,
                        vector.key.size() / 2);
    ASSERT_TRUE(key);
    EXPECT_EQ(hex(key->reveal()), vector.key);
  }
}

TEST(Argon2id, RefusesWhatNobodyRemembers) {
  const Bytes salt(kArgon2SaltBytes);
  const Argon2Cost cheap{.memory_bytes = 8 << 10, .passes = 1};
  EXPECT_TRUE(argon2id(Secret(Bytes(kPassphraseBytesMax)), salt, cheap, 32));
  auto key = argon2id(Secret(Bytes(kPassphraseBytesMax + 1)), salt, cheap, 32);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error(), Errc::too_large);
}

TEST(Argon2id, SaysSoWhenItCannotBeDone) {
  auto key = argon2id(Secret("x"), Bytes(kArgon2SaltBytes),
                      {.memory_bytes = std::size_t{1} << 43, .passes = 1}, 32);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error(), Errc::crypto_failed);
}

}  // namespace
}  // namespace ghmesh::crypto
