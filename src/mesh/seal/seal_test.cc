// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/seal/seal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "base/random.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "mesh/seal/padding.h"

namespace ghmesh::mesh {
namespace {

using crypto::Secret;

const Secret kKeyOne(Bytes(32, std::byte{1}));
const Secret kKeyTwo(Bytes(32, std::byte{2}));
const Bytes kSender = copy_bytes(as_bytes("sender"));
const SealContext kContext{.place = "place", .sender = kSender, .seqno = 7};

Bytes from_hex(std::string_view text) { return parse_hex(text).value(); }

Bytes sealed_text(std::string_view text) {
  auto sealed = Sealer().seal(kKeyOne, kContext, as_bytes(text));
  return sealed ? *sealed : Bytes();
}

bool opens(const Secret& key, const SealContext& context, ByteView sealed) {
  auto opened = open_sealed(key, context, sealed);
  if (!opened) {
    EXPECT_EQ(opened.error(), Errc::seal_rejected);
  }
  return opened.has_value();
}

TEST(MeshSeal, OpensWhatItSealed) {
  for (std::size_t size = 0; size <= kSealPlainBytesMax; size = size < 600 ? size + 1 : size * 2) {
    Bytes plaintext(size);
    crypto::fill_random(plaintext);
    auto sealed = Sealer().seal(kKeyOne, kContext, plaintext);
    ASSERT_TRUE(sealed) << size;
    EXPECT_LE(sealed->size(), kSealedFrameBytesMax);
    auto opened = open_sealed(kKeyOne, kContext, *sealed);
    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(*opened, plaintext);
  }
}

// What looks like padding at the end of a plaintext belongs to it.
TEST(MeshSeal, KeepsZerosAndMarkersOfThePlaintext) {
  using std::literals::operator""sv;
  for (std::string_view end : {"\x80"sv, "\x80\0"sv, "\0\0\0\0"sv, "\x80\x80"sv, "\0\x80"sv}) {
    Bytes plaintext = copy_bytes(as_bytes("text"));
    append(plaintext, as_bytes(end));
    plaintext.push_back(std::byte{0});
    auto sealed = Sealer().seal(kKeyOne, kContext, plaintext);
    EXPECT_EQ(*open_sealed(kKeyOne, kContext, *sealed), plaintext);
  }
}

TEST(MeshSeal, TakesALargestFrameAndNoMore) {
  auto largest = Sealer().seal(kKeyOne, kContext, Bytes(kSealPlainBytesMax));
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->size(), kSealedFrameBytesMax);
  auto more = Sealer().seal(kKeyOne, kContext, Bytes(kSealPlainBytesMax + 1));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error(), Errc::too_large);
}

TEST(MeshSeal, OpensOnlyInItsContext) {
  const Bytes sealed = sealed_text("what members tell each other");
  EXPECT_TRUE(opens(kKeyOne, kContext, sealed));
  const Bytes other_sender = copy_bytes(as_bytes("Sender"));
  EXPECT_FALSE(opens(kKeyTwo, kContext, sealed));
  EXPECT_FALSE(
      opens(kKeyOne, {.place = "Place", .sender = kSender, .seqno = 7}, sealed));  // other topic
  EXPECT_FALSE(opens(kKeyOne, {.place = "place", .sender = other_sender, .seqno = 7}, sealed));
  EXPECT_FALSE(opens(kKeyOne, {.place = "place", .sender = kSender, .seqno = 8}, sealed));
  EXPECT_FALSE(opens(kKeyOne, {.place = "", .sender = kSender, .seqno = 7}, sealed));
  EXPECT_FALSE(opens(kKeyOne, {.place = "place", .sender = {}, .seqno = 7}, sealed));
  // Lengths keep apart what concatenation would not.
  const Bytes shifted = copy_bytes(as_bytes("esender"));
  EXPECT_FALSE(opens(kKeyOne, {.place = "plac", .sender = shifted, .seqno = 7}, sealed));
}

TEST(MeshSeal, RejectsEveryOneBitChange) {
  Bytes sealed = sealed_text("x");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    sealed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(opens(kKeyOne, kContext, sealed)) << bit;
    sealed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
  }
  EXPECT_TRUE(opens(kKeyOne, kContext, sealed));
}

TEST(MeshSeal, RejectsEveryOtherLength) {
  Bytes sealed = sealed_text(std::string(150, 'x'));
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(opens(kKeyOne, kContext, ByteView(sealed).first(size))) << size;
  for (int i = 0; i < 60; ++i) {
    sealed.push_back(std::byte{0});
    EXPECT_FALSE(opens(kKeyOne, kContext, sealed));
  }
  EXPECT_FALSE(opens(kKeyOne, kContext, Bytes(kSealedFrameBytesMax + 1)));
}

// Ciphertext and tag were made (by solving Poly1305's equation) to be authentic under the keys that both members' keys
// give for this salt and context: without a commitment, one message says two things.
TEST(MeshSeal, OpensUnderOneKeyOnlyWhereTheCipherAloneOpensUnderTwo) {
  const Bytes salt = from_hex("000000000000000000000238");
  const Bytes ciphertext_and_tag = from_hex(
      "0b3bfc5b7db68493f624277f3eef89fb734137250bd4616165b231bdcc40d03c0b3bfc5b7db68493f624277f3eef"
      "89fb349468b59ca5ad57223188dfcd6ba2760b3bfc5b7db684b709904d0b9f567e06c02f589a887f4569");
  Bytes context = copy_bytes(as_bytes("ghmesh seal 1\x05place\x06sender"));
  append_big_endian<std::uint64_t>(context, 7);
  append_big_endian<std::uint8_t>(context, 0);

  std::set<Bytes> texts;
  for (const Secret* key : {&kKeyOne, &kKeyTwo}) {
    Bytes info = salt;
    append(info, context);
    const Secret derived = crypto::hkdf_expand(*key, info, 32 + 24 + 16);
    auto opened =
        crypto::open_with_nonce(Secret(derived.reveal().first(32)),
                                derived.reveal().subspan(32, 24), context, ciphertext_and_tag);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(texts.insert(*opened).second);

    Bytes sealed = salt;
    append(sealed, derived.reveal().last(16));
    append(sealed, ciphertext_and_tag);
    EXPECT_EQ(opens(kKeyOne, kContext, sealed), key == &kKeyOne);
    EXPECT_EQ(opens(kKeyTwo, kContext, sealed), key == &kKeyTwo);
  }
  EXPECT_EQ(texts.size(), 2u);
}

TEST(MeshSeal, FindsTheKeyAmongThoseOfAKeyring) {
  std::vector<EpochKeys> keys;
  for (std::byte byte : {std::byte{9}, std::byte{1}, std::byte{2}})
    keys.push_back({.epoch = 0, .topic = {}, .entry_key = Secret(Bytes(32, byte))});
  const Bytes sealed = sealed_text("found");
  auto opened = open_sealed(keys, kContext, sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(*opened), "found");
  keys.erase(keys.begin() + 1);
  EXPECT_EQ(open_sealed(keys, kContext, sealed).error(), Errc::seal_rejected);
}

TEST(MeshSeal, LooksDifferentEachTime) {
  std::set<Bytes> seen;
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(seen.insert(sealed_text("same")).second);
}

TEST(MeshSeal, GivesNothingWhenCryptoFails) {
  const Sealer broken([](const Secret&, ByteView, ByteView, ByteView plaintext,
                         MutableByteView out) -> Result<void> {
    std::ranges::copy(plaintext, out.begin());  // the worst that a failing library could leave
    return Errc::crypto_failed;
  });
  for (std::size_t size : {0, 1, 100, 10'000}) {
    auto sealed = broken.seal(kKeyOne, kContext, Bytes(size));
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error(), Errc::crypto_failed);
  }
}

TEST(Padding, HasAtMost64Sizes) {
  EXPECT_EQ(size_classes_count(), 63u);
  EXPECT_LE(size_classes_count(), kSizeClassesMax);
  EXPECT_EQ(bytes_of_class(0), kPaddedBytesMin);
  EXPECT_EQ(bytes_of_class(size_classes_count() - 1), kPaddedBytesMax);
  for (std::size_t i = 0; i < size_classes_count(); ++i) {
    EXPECT_EQ(size_class_at(bytes_of_class(i)), i);
    EXPECT_EQ(size_class_of(bytes_of_class(i)), i);
    EXPECT_EQ(size_class_of(bytes_of_class(i) + 1),
              i + 1 < size_classes_count() ? i + 1 : kSizeClassesMax);
    EXPECT_EQ(size_class_at(bytes_of_class(i) + 1), kSizeClassesMax);
  }
}

TEST(Padding, ShowsAThousandSizesAsAtMost64) {
  Random random(4);
  std::set<std::size_t> plain, sealed;
  while (plain.size() < 1'000) {
    // As many small ones as large ones.
    const std::size_t size = random.below(std::uint64_t{1} << (6 + random.below(11)));
    if (size > kSealPlainBytesMax || !plain.insert(size).second) continue;
    sealed.insert(Sealer().seal(kKeyOne, kContext, Bytes(size))->size());
  }
  EXPECT_LE(sealed.size(), 64u);
  RecordProperty("wire_sizes", static_cast<int>(sealed.size()));
}

TEST(Padding, WastesAtMost12PercentBeyond512Bytes) {
  double worst = 0;
  for (std::size_t size = 512; size <= kSealPlainBytesMax; ++size) {
    const std::size_t padded = bytes_of_class(size_class_of(size + 1));
    worst = std::max(worst, static_cast<double>(padded - size) / static_cast<double>(size));
  }
  EXPECT_LE(worst, 0.12);
  for (std::size_t size = kPaddedBytesMin; size < 504; ++size)
    EXPECT_LE(bytes_of_class(size_class_of(size + 1)) - size, kPaddedStepBytes);
}

TEST(Padding, HasOneSpelling) {
  EXPECT_EQ(padded_content_bytes(Bytes(72)), std::nullopt);
  Bytes padded = pad(Bytes(10), 0);
  EXPECT_EQ(padded_content_bytes(padded), 10u);
  padded.resize(96);  // more zeros than it needs
  EXPECT_EQ(padded_content_bytes(padded), std::nullopt);
  padded = pad(Bytes(71), 0);
  EXPECT_EQ(padded_content_bytes(padded), 71u);
  padded.back() = std::byte{0x81};
  EXPECT_EQ(padded_content_bytes(padded), std::nullopt);
}

// The example of docs/wire/seal.md.
TEST(MeshSeal, MatchesTheDocumentedExample) {
  std::ifstream file("docs/wire/seal.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  std::string digits;
  for (std::string_view name :
       {"salt        ", "commitment  ", "ciphertext  ", "            ", "tag         "}) {
    std::size_t at = 0;
    while ((at = document.find("\n" + std::string(name), at)) != std::string::npos) {
      at += 1 + name.size();
      digits += document.substr(at, document.find('\n', at) - at);
    }
  }
  const Bytes peer = copy_bytes(as_bytes("peer"));
  auto opened =
      open_sealed(kKeyOne, {.place = "topic", .sender = peer, .seqno = 1}, from_hex(digits));
  ASSERT_TRUE(opened) << digits;
  EXPECT_EQ(as_text(*opened), "hello");
}

}  // namespace
}  // namespace ghmesh::mesh
