// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/test_wire.h"
#include "libp2p/keys/key_file.h"
#include "libp2p/keys/private_key.h"
#include "libp2p/keys/public_key.h"

namespace ghmesh::keys {
namespace {

// The keys of the specification (peer-ids.md, "Test vectors") with their ids as js-libp2p writes them. It cannot read
// the ECDSA key; that id is SHA-256 and base58btc computed in Python.
struct KeyVector {
  KeyType type;
  std::string_view serialized, peer_id;
};
constexpr KeyVector kKeyVectors[] = {
    {KeyType::ed25519, "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
     "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"},
    {KeyType::secp256k1,
     "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
     "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY"},
    {KeyType::ecdsa,
     "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5"
     "d530899d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47"
     "c646a597fb4dcec034e9f77c409e62",
     "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"},
    {KeyType::rsa,
     "080012a60430820222300d06092a864886f70d01010105000382020f003082020a0282020100e1be"
     "ab071d08200bde24eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c"
     "090f66b0f29986dbb645dae9880089704a94e5066d594162ae6ee8892e6ec70701db0a6c445c0477"
     "8eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c309bc0ab3aeb1873282bebd3da03c33e76c21e"
     "9beb172fd44c9e43be32e2c99827033cf8d0f0c606f4579326c930eb4e854395ad941256542c7939"
     "02185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901d27bb3"
     "5aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d98b3982d2"
     "a901b4454991766da295ab78822add5612a2df83bcee814cf50973e80d7ef38111b1bd87da2ae924"
     "38a2c8cbcc70b31ee319939a3b9c761dbc13b5c086d6b64bf7ae7dacc14622375d92a8ff9af7eb96"
     "2162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeffd7ac1e3fbcc6b6168c34be3d5a2e5999"
     "fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb04a9580b4753c173"
     "8a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c"
     "79c13d63edb6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b0caecd"
     "3770ab54a1d9c6ca959b0f5dcbc90caeefc4135baca6fd475224269bbe1b0203010001",
     "QmaeANgBs1DTSxWSrPPtobgQuxW8XTfsS4ydbK4rCHzqxG"},
};
constexpr std::string_view kPrivateKey =
    "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d1ed1e8fae2c4a144b8be8f"
    "d4"
    "b47bf3d3b34b871c3cacf6010f0e42d474fce27e";

crypto::Secret secret_of(std::string_view digits) { return crypto::Secret(*parse_hex(digits)); }

TEST(PublicKey, MatchesTheVectorsOfTheSpecification) {
  for (const KeyVector& vector : kKeyVectors) {
    auto key = PublicKey::parse(*parse_hex(vector.serialized));
    ASSERT_TRUE(key) << vector.peer_id;
    EXPECT_EQ(key->type(), vector.type);
    EXPECT_EQ(hex(key->serialized()), vector.serialized);
    EXPECT_EQ(key->peer_id().text(), vector.peer_id);
    EXPECT_EQ(*PublicKey::make(vector.type, key->data()), *key);
  }
}

TEST(PublicKey, IsRefusedWhereverItIsCut) {
  for (const KeyVector& vector : kKeyVectors) {
    const Bytes serialized = *parse_hex(vector.serialized);
    for (std::size_t size = 0; size < serialized.size(); ++size)
      EXPECT_EQ(PublicKey::parse(ByteView(serialized).first(size)).error(), Errc::malformed);
  }
}

// One key, one id: what is not spelled as everybody spells it is refused.
TEST(PublicKey, HasOneSpellingOnly) {
  const std::string data(64, 'a');
  for (const std::string& text : {
           "1220" + data + "0801",      // the other order
           "08811a001220" + data,       // a longer varint
           "08011220" + data + "1801",  // a further field
           "080112a000" + data,         // a longer length
           "08010801"
           "1220" +
               data,  // the type twice
           "08011220" + data + "1220" + data,
           std::string("0801"),
           std::string(),
       })
    EXPECT_EQ(PublicKey::parse(*parse_hex(text)).error(), Errc::malformed) << text;
}

TEST(PublicKey, OfAnUnknownTypeIsUnsupported) {
  EXPECT_EQ(PublicKey::parse(*parse_hex("0804120161")).error(), Errc::unsupported);
  EXPECT_EQ(PublicKey::parse(*parse_hex("08ffffffff0f120161")).error(), Errc::unsupported);
}

TEST(PublicKey, OfAnotherSizeThanItsTypeIsRefused) {
  EXPECT_EQ(PublicKey::make(KeyType::ed25519, Bytes(33)).error(), Errc::malformed);
  EXPECT_EQ(PublicKey::make(KeyType::secp256k1, Bytes(65)).error(), Errc::malformed);
  EXPECT_EQ(PublicKey::make(KeyType::rsa, {}).error(), Errc::malformed);
}

// By the Ed25519 key of the specification, signed with js-libp2p. crypto/sign_test.cc has the other types.
TEST(PublicKey, VerifiesWhatOthersSigned) {
  const PublicKey key = *PublicKey::parse(*parse_hex(kKeyVectors[0].serialized));
  const Bytes signature = *parse_hex(
      "d0ecf492231f9ba904467cf762e9176ac0dc2932ac89c622f8102e259e1599900159eb4deb22612bd9cabc3c0ef8"
      "a4b1"
      "df04ba8de02e91992583b60ef13d080f");
  EXPECT_TRUE(key.verify(as_bytes("libp2p signs this"), signature));
  EXPECT_FALSE(key.verify(as_bytes("libp2p signs that"), signature));
}

TEST(PublicKeyAttacks, Cve2023_39533_AHugeRsaKeyIsRefusedBeforeItIsUsed) {
  // The outermost length of the largest key that is verified, and one that is larger.
  EXPECT_EQ(PublicKey::make(KeyType::rsa, Bytes(kSerializedKeyBytesMax)).error(), Errc::too_large);
  EXPECT_EQ(PublicKey::parse(Bytes(kSerializedKeyBytesMax + 1)).error(), Errc::too_large);
  // 9,216 bits fit into the bytes; the signature is right, and still nothing is verified.
  std::ifstream file("src/crypto/data/rsa_signatures.txt");
  std::string name, data, signature;
  int tried = 0;
  while (file >> name >> data >> signature) {
    auto key = PublicKey::make(KeyType::rsa, *parse_hex(data));
    ASSERT_TRUE(key) << name;
    const bool is_allowed = name == "2048" || name == "8192";
    EXPECT_EQ(key->verify(as_bytes("libp2p signs this"), *parse_hex(signature)), is_allowed)
        << name;
    ++tried;
  }
  EXPECT_EQ(tried, 5);
  EXPECT_FALSE(PublicKey::parse(*parse_hex(kKeyVectors[3].serialized))
                   ->verify(as_bytes("x"), Bytes(kSignatureBytesMax + 1)));
}

TEST(PrivateKey, MatchesTheVectorOfTheSpecification) {
  auto key = PrivateKey::parse(secret_of(kPrivateKey));
  ASSERT_TRUE(key);
  EXPECT_EQ(hex(key->public_key().serialized()), kKeyVectors[0].serialized);
  EXPECT_EQ(key->peer_id().text(), kKeyVectors[0].peer_id);
  EXPECT_EQ(hex(key->serialize().reveal()), kPrivateKey);
}

// The example of docs/wire/keys.md.
TEST(PrivateKey, IsWrittenAsItsDocumentSays) {
  const std::string document = test::read_text("docs/wire/keys.md");
  auto key = PrivateKey::parse(secret_of(test::example_bytes(document, "-> ")));
  ASSERT_TRUE(key);
  EXPECT_EQ(hex(key->serialize().reveal()), test::example_bytes(document, "-> "));
  EXPECT_EQ(hex(key->public_key().serialized()), test::example_bytes(document, "<- "));
  EXPECT_NE(document.find(key->peer_id().text()), std::string::npos);
}

TEST(PrivateKey, SignsWhatItsPublicKeyVerifies) {
  const PrivateKey key = PrivateKey::generate();
  const crypto::Ed25519Signature signature = key.sign(as_bytes("text"));
  EXPECT_TRUE(key.public_key().verify(as_bytes("text"), signature));
  EXPECT_FALSE(PrivateKey::generate().public_key().verify(as_bytes("text"), signature));
}

// peer-ids.md, "Ed25519": older versions wrote the public key twice.
TEST(PrivateKey, IsReadInItsOlderSpelling) {
  std::string older(kPrivateKey);
  older.replace(0, 8, "08011260");
  older += older.substr(older.size() - 64);
  auto key = PrivateKey::parse(secret_of(older));
  ASSERT_TRUE(key);
  EXPECT_EQ(hex(key->serialize().reveal()), kPrivateKey);
  older.back() ^= 1;
  EXPECT_EQ(PrivateKey::parse(secret_of(older)).error(), Errc::malformed);
}

TEST(PrivateKey, IsRefusedWhereverItIsCutOrWrong) {
  const Bytes serialized = *parse_hex(kPrivateKey);
  for (std::size_t size = 1; size < serialized.size(); ++size)
    EXPECT_EQ(PrivateKey::parse(crypto::Secret(ByteView(serialized).first(size))).error(),
              Errc::malformed);
  for (std::size_t i = 0; i < serialized.size(); ++i) {
    Bytes wrong = serialized;
    wrong[i] ^= std::byte{2};
    EXPECT_FALSE(PrivateKey::parse(crypto::Secret(wrong))) << i;
  }
  EXPECT_EQ(PrivateKey::parse(secret_of("08021220" + std::string(64, 'a'))).error(),
            Errc::unsupported);
}

// A folder of its own for each test.
class KeyFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "ghmesh-keys-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file() const { return folder_ / "key"; }
  void write(ByteView bytes, ::mode_t mode) const {
    std::ofstream(file(), std::ios::binary) << as_text(bytes);
    ASSERT_EQ(::chmod(file().c_str(), mode), 0);
  }

  std::filesystem::path folder_;
};

TEST_F(KeyFile, IsMadeOnceAndReadAgain) {
  auto made = load_or_create_key(file());
  ASSERT_TRUE(made);
  auto read = load_or_create_key(file());
  ASSERT_TRUE(read);
  EXPECT_EQ(made->peer_id(), read->peer_id());
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(std::filesystem::file_size(file()), kSerializedPrivateKeyBytes);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(KeyFile, OfKuboOrJsIsRead) {
  write(*parse_hex(kPrivateKey), 0600);
  EXPECT_EQ(load_or_create_key(file())->peer_id().text(), kKeyVectors[0].peer_id);
}

TEST_F(KeyFile, ThatOthersMayReadIsRefused) {
  write(*parse_hex(kPrivateKey), 0640);
  EXPECT_EQ(load_or_create_key(file()).error(), Errc::store_unsafe);
}

TEST_F(KeyFile, ThatIsALinkIsRefused) {
  std::filesystem::create_symlink("/dev/null", file());
  EXPECT_EQ(load_or_create_key(file()).error(), Errc::store_unsafe);
}

TEST_F(KeyFile, ThatIsDamagedIsNotReplaced) {
  const Bytes damaged = copy_bytes(ByteView(*parse_hex(kPrivateKey)).first(60));
  for (const Bytes& content : {damaged, Bytes(), Bytes(5000)}) {
    write(content, 0600);
    EXPECT_EQ(load_or_create_key(file()).error(), Errc::store_corrupt);
    EXPECT_EQ(std::filesystem::file_size(file()), content.size());
  }
}

TEST_F(KeyFile, NeedsItsFolder) {
  EXPECT_EQ(load_or_create_key(folder_ / "missing" / "key").error(), Errc::store_failed);
}

}  // namespace
}  // namespace ghmesh::keys
