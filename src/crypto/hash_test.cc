// SPDX-License-Identifier: Apache-2.0 OR MIT
// Vectors: FIPS 180-4 examples, RFC 4231 (HMAC), RFC 5869 (HKDF).
#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/text.h"

namespace ghmesh::crypto {
namespace {

Bytes from_hex(std::string_view text) { return parse_hex(text).value(); }
Bytes repeated(int byte, std::size_t bytes_count) {
  return Bytes(bytes_count, static_cast<std::byte>(byte));
}

struct HashVector {
  std::string text;
  std::string_view digest;
};

const HashVector kSha256Vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {std::string(1'000'000, 'a'),
     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

TEST(Sha256, MatchesThePublishedVectors) {
  for (const auto& vector : kSha256Vectors)
    EXPECT_EQ(hex(sha256(as_bytes(vector.text))), vector.digest);
}

TEST(Sha256, HashesPartsAsIfTheyWereOneText) {
  const std::string text =
      "The parts of a text are hashed as the text is, wherever it is cut, "
      "also where a block of sixty-four bytes ends.";
  const Digest whole = sha256(as_bytes(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto first = as_bytes(text).first(cut);
    const auto second = as_bytes(text).subspan(cut);
    EXPECT_EQ(sha256({first, second}), whole) << cut;
    Sha256 hash;
    hash.add(first);
    hash.add(second);
    EXPECT_EQ(hash.finish(), whole) << cut;
  }
}

TEST(Sha256, StartsTheNextTextAfterFinish) {
  Sha256 hash;
  hash.add(as_bytes("something else"));
  hash.finish();
  hash.add(as_bytes("abc"));
  EXPECT_EQ(hex(hash.finish()), kSha256Vectors[1].digest);
  EXPECT_EQ(hex(hash.finish()), kSha256Vectors[0].digest);
}

TEST(Sha256, GivesTheSameOnEveryThread) {
  const Digest expected = sha256(as_bytes("abc"));
  std::array<Digest, 4> seen{};
  {
    std::vector<std::jthread> threads;
    for (Digest& digest : seen)
      threads.emplace_back([&digest] {
        for (int i = 0; i < 1'000; ++i) digest = sha256(as_bytes("abc"));
      });
  }
  for (const Digest& digest : seen) EXPECT_EQ(digest, expected);
}

struct HmacVector {
  Bytes key;
  Bytes message;
  std::string_view tag;
};

// RFC 4231, 4.2 to 4.8. Case 5 publishes the first half only.
std::vector<HmacVector> hmac_vectors() {
  const auto text = [](std::string_view t) { return copy_bytes(as_bytes(t)); };
  return {
      {repeated(0x0b, 20), text("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {text("Jefe"), text("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {repeated(0xaa, 20), repeated(0xdd, 50),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeated(0xcd, 50),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {repeated(0x0c, 20), text("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"},
      {repeated(0xaa, 131), text("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {repeated(0xaa, 131),
       text("This is a test using a larger than block-size key and a larger than block-size "
            "data. The key needs to be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
}

TEST(HmacSha256, MatchesTheVectorsOfRfc4231) {
  for (const auto& vector : hmac_vectors())
    EXPECT_EQ(hex(hmac_sha256(vector.key, vector.message)).substr(0, vector.tag.size()),
              vector.tag);
}

struct HkdfVector {
  Bytes input_key;
  Bytes salt;
  Bytes label;
  std::string_view output;
};

std::vector<HkdfVector> hkdf_vectors() {
  Bytes first_80, from_60, from_b0;
  for (int i = 0; i < 80; ++i) {
    first_80.push_back(static_cast<std::byte>(i));
    from_60.push_back(static_cast<std::byte>(0x60 + i));
    from_b0.push_back(static_cast<std::byte>(0xb0 + i));
  }
  return {
      {repeated(0x0b, 22), from_hex("000102030405060708090a0b0c"), from_hex("f0f1f2f3f4f5f6f7f8f9"),
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {first_80, from_60, from_b0,
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e"
       "590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {repeated(0x0b, 22),
       {},
       {},
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };
}

TEST(HkdfSha256, MatchesTheVectorsOfRfc5869) {
  for (const auto& vector : hkdf_vectors()) {
    const Secret derived =
        hkdf_sha256(vector.input_key, vector.salt, as_text(vector.label), vector.output.size() / 2);
    EXPECT_EQ(hex(derived.reveal()), vector.output);
  }
}

// RFC 5869, A.1, A.2 and A.3 publish what stands between the halves.
TEST(HkdfSha256, HasHalvesThatMakeTheWhole) {
  constexpr std::string_view kRoots[] = {
      "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"};
  const auto vectors = hkdf_vectors();
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const Secret root = hkdf_extract(Secret(vectors[i].input_key), vectors[i].salt);
    EXPECT_EQ(hex(root.reveal()), kRoots[i]);
    const Secret derived = hkdf_expand(root, vectors[i].label, vectors[i].output.size() / 2);
    EXPECT_EQ(hex(derived.reveal()), vectors[i].output);
  }
}

TEST(HkdfSha256, ExpandsOnlyWhatIsARoot) {
  EXPECT_DEATH(static_cast<void>(hkdf_expand(Secret("short"), {}, 32)), "bug");
}

TEST(HkdfSha256, GivesAnUnrelatedKeyForEachLabel) {
  const Bytes key = repeated(7, 32);
  const Secret one = hkdf_sha256(key, {}, "one", 32);
  const Secret two = hkdf_sha256(key, {}, "two", 32);
  EXPECT_FALSE(one == two);
  EXPECT_TRUE(one == hkdf_sha256(key, {}, "one", 32));
}

TEST(HkdfSha256, GivesAtMost255Blocks) {
  EXPECT_EQ(hkdf_sha256(repeated(7, 32), {}, "all", 255 * 32).size(), 255u * 32);
  EXPECT_DEATH(static_cast<void>(hkdf_sha256(repeated(7, 32), {}, "more", 255 * 32 + 1)), "bug");
}

TEST(TableHash, IsTheSameForTheSameBytesInThisProcess) {
  EXPECT_EQ(table_hash(as_bytes("/repos/o/r")), table_hash(as_bytes("/repos/o/r")));
}

TEST(TableHash, DiffersForEveryOneBitChangeAndLength) {
  Bytes text = repeated('a', 100);
  std::set<TableHash> seen{table_hash(text)};
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_TRUE(seen.insert(table_hash(text)).second) << bit;
    text[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
  }
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_TRUE(seen.insert(table_hash(ByteView(text).first(size))).second) << size;
}

}  // namespace
}  // namespace ghmesh::crypto
