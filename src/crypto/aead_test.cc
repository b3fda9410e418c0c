// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/aead.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <set>

#include "base/text.h"
#include "crypto/random.h"

namespace ghmesh::crypto {
namespace {

Bytes from_hex(std::string_view text) { return parse_hex(text).value(); }

struct Sealed {
  Secret key = random_secret(kSealKeyBytes);
  Bytes plaintext = copy_bytes(as_bytes("what only the owner of the key may read"));
  Bytes bytes = seal(key, as_bytes("context"), plaintext);

  bool opens(ByteView tampered) const {
    auto opened = open(key, as_bytes("context"), tampered);
    if (!opened) {
      EXPECT_EQ(opened.error(), Errc::seal_rejected);
    }
    return opened.has_value();
  }
};

// draft-irtf-cfrg-xchacha-03, A.3.1: nonce | ciphertext | tag.
TEST(Seal, OpensThePublishedVector) {
  const Secret key(from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  const Bytes context = from_hex("50515253c0c1c2c3c4c5c6c7");
  const Bytes sealed = from_hex(
      "404142434445464748494a4b4c4d4e4f5051525354555657"
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
      "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
      "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
      "21f9664c97637da9768812f615c68b13b52e"
      "c0875924c1c7987947deafd8780acf49");
  auto opened = open(key, context, sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(*opened),
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
            "future, sunscreen would be it.");
}

// A second implementation of the whole construction, which is not the one that seals.
TEST(Seal, AgreesWithLibsodium) {
  const Secret key = random_secret(kSealKeyBytes);
  const auto* raw_key = reinterpret_cast<const unsigned char*>(key.reveal().data());
  for (std::size_t size : {0, 1, 63, 64, 65, 255, 2'048, 20'001}) {
    Bytes plaintext(size), opened(size), context(size % 40);
    fill_random(plaintext);
    fill_random(context);
    const Bytes sealed = seal(key, context, plaintext);
    const auto* bytes = reinterpret_cast<const unsigned char*>(sealed.data());
    const auto* raw_context = reinterpret_cast<const unsigned char*>(context.data());
    EXPECT_EQ(crypto_aead_xchacha20poly1305_ietf_decrypt(
                  reinterpret_cast<unsigned char*>(opened.data()), nullptr, nullptr,
                  bytes + kSealNonceBytes, sealed.size() - kSealNonceBytes, raw_context,
                  context.size(), bytes, raw_key),
              0)
        << size;
    EXPECT_EQ(opened, plaintext);
  }
}

TEST(Seal, TakesAGivenNonceForAKeyOfOneMessage) {
  Sealed sealed;
  const ByteView nonce = ByteView(sealed.bytes).first(kSealNonceBytes);
  const ByteView rest = ByteView(sealed.bytes).subspan(kSealNonceBytes);
  Bytes again(rest.size());
  seal_with_nonce(sealed.key, nonce, as_bytes("context"), sealed.plaintext, again);
  EXPECT_TRUE(equal(again, rest));
  EXPECT_EQ(*open_with_nonce(sealed.key, nonce, as_bytes("context"), again), sealed.plaintext);
  EXPECT_FALSE(open_with_nonce(sealed.key, Bytes(kSealNonceBytes), as_bytes("context"), again));
  EXPECT_FALSE(open_with_nonce(sealed.key, nonce, {}, again));
  for (std::size_t size = 0; size < again.size(); ++size)
    EXPECT_FALSE(
        open_with_nonce(sealed.key, nonce, as_bytes("context"), ByteView(again).first(size)));
}

TEST(Seal, OpensWhatItSealed) {
  const Secret key = random_secret(kSealKeyBytes);
  for (std::size_t size : {0, 1, 15, 16, 17, 63, 64, 65, 2048, 100'000}) {
    Bytes plaintext(size);
    fill_random(plaintext);
    const Bytes sealed = seal(key, {}, plaintext);
    EXPECT_EQ(sealed.size(), size + kSealOverheadBytes);
    auto opened = open(key, {}, sealed);
    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(*opened, plaintext);
  }
}

TEST(Seal, RejectsEveryOneBitChange) {
  Sealed sealed;
  for (std::size_t bit = 0; bit < sealed.bytes.size() * 8; ++bit) {
    Bytes tampered = sealed.bytes;
    tampered[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(sealed.opens(tampered)) << bit;
  }
  EXPECT_TRUE(sealed.opens(sealed.bytes));
}

TEST(Seal, RejectsTruncationAtEveryLength) {
  Sealed sealed;
  for (std::size_t size = 0; size < sealed.bytes.size(); ++size)
    EXPECT_FALSE(sealed.opens(ByteView(sealed.bytes).first(size))) << size;
}

TEST(Seal, RejectsWhatWasAppended) {
  Sealed sealed;
  sealed.bytes.push_back(std::byte{0});
  EXPECT_FALSE(sealed.opens(sealed.bytes));
}

TEST(Seal, RejectsAnotherContextOrKey) {
  Sealed sealed;
  EXPECT_FALSE(open(sealed.key, as_bytes("Context"), sealed.bytes));
  EXPECT_FALSE(open(sealed.key, {}, sealed.bytes));
  EXPECT_FALSE(open(random_secret(kSealKeyBytes), as_bytes("context"), sealed.bytes));
}

TEST(Seal, DrawsANonceForEachCall) {
  Sealed sealed;
  std::set<Bytes> seen;
  for (int i = 0; i < 1'000; ++i) {
    const Bytes again = seal(sealed.key, as_bytes("context"), sealed.plaintext);
    EXPECT_TRUE(seen.insert(copy_bytes(ByteView(again).first(kSealNonceBytes))).second);
  }
}

TEST(Seal, LeavesNothingBehindWhenItIsRejected) {
  Sealed sealed;
  Bytes buffer(1'000, std::byte{0xa5});
  const std::byte* memory = buffer.data();  // its capacity is enough, so it stays where it is
  sealed.bytes.back() ^= std::byte{1};
  EXPECT_FALSE(open_into(sealed.key, as_bytes("context"), sealed.bytes, buffer));
  EXPECT_TRUE(buffer.empty());
  for (std::size_t i = 0; i < sealed.plaintext.size(); ++i) EXPECT_EQ(memory[i], std::byte{0}) << i;
}

TEST(Seal, OpensIntoABufferThatIsUsedAgain) {
  Sealed sealed;
  Bytes buffer(10'000, std::byte{1});
  const std::byte* before = buffer.data();
  ASSERT_TRUE(open_into(sealed.key, as_bytes("context"), sealed.bytes, buffer));
  EXPECT_EQ(buffer, sealed.plaintext);
  EXPECT_EQ(buffer.data(), before);
}

TEST(Seal, RefusesAKeyOfTheWrongSize) {
  EXPECT_DEATH(static_cast<void>(seal(Secret("short"), {}, {})), "bug");
  EXPECT_DEATH(static_cast<void>(open(Secret("short"), {}, Bytes(100))), "bug");
}

}  // namespace
}  // namespace ghmesh::crypto
