// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/handshake.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <vector>

#include "base/byte_queue.h"
#include "base/text.h"
#include "libp2p/noise/transport.h"

namespace ghmesh::noise {
namespace {

using Vector = std::map<std::string, std::string>;

// What flynn/noise (with and without prologue and payloads), cacophony and snow publish for this protocol. Lines of
// name=hex; an empty line between two vectors.
std::vector<Vector> read_vectors() {
  std::vector<Vector> vectors(1);
  std::ifstream file("src/libp2p/noise/data/xx_25519_chachapoly_sha256.txt");
  for (std::string line; std::getline(file, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) vectors.emplace_back();
    else vectors.back()[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return vectors;
}

crypto::X25519Key key_of(const std::string& digits) {
  return crypto::X25519Key::from_private(crypto::Secret(*parse_hex(digits)));
}

HandshakeKeys keys_of(const Vector& vector, const std::string& side) {
  return {.static_key = key_of(vector.at(side + "_static")),
          .ephemeral_key = key_of(vector.at("gen_" + side + "_ephemeral"))};
}

struct Pair {
  explicit Pair(ByteView prologue = {}) : Pair({}, {}, prologue) {}
  Pair(HandshakeKeys dialer_keys, HandshakeKeys listener_keys, ByteView prologue)
      : dialer(Role::dialer, std::move(dialer_keys), prologue),
        listener(Role::listener, std::move(listener_keys), prologue) {}

  Handshake& writer(int message) { return message == 1 ? listener : dialer; }
  Handshake& reader(int message) { return message == 1 ? dialer : listener; }
  // Messages before this one are carried as they are.
  Bytes message(int wanted) {
    for (int i = 0; i < wanted; ++i)
      EXPECT_TRUE(reader(i).read_message(*writer(i).write_message({})));
    return *writer(wanted).write_message({});
  }

  Handshake dialer, listener;
};

// Handshake messages alternate, and so do those that follow; who begins with them is told by the vector.
void expect_matches(const Vector& vector) {
  const auto bytes = [&](const std::string& name) {
    return vector.contains(name) ? *parse_hex(vector.at(name)) : Bytes();
  };
  const auto field = [&](int message, const char* name) {
    return vector.at("msg_" + std::to_string(message) + "_" + name);
  };
  Pair pair(keys_of(vector, "init"), keys_of(vector, "resp"), bytes("prologue"));
  for (int i = 0; i < 3; ++i) {
    const Bytes message = *pair.writer(i).write_message(*parse_hex(field(i, "payload")));
    EXPECT_EQ(hex(message), field(i, "ciphertext")) << i;
    EXPECT_EQ(hex(*pair.reader(i).read_message(message)), field(i, "payload")) << i;
  }
  EXPECT_EQ(hex(pair.dialer.hash()), hex(pair.listener.hash()));
  if (vector.contains("handshake_hash")) {
    EXPECT_EQ(hex(pair.dialer.hash()), vector.at("handshake_hash"));
  }
  Transport ends[2] = {Transport(pair.dialer.split()), Transport(pair.listener.split())};
  std::size_t from = vector.at("first_transport") == "init" ? 0 : 1;
  for (int i = 3; vector.contains("msg_" + std::to_string(i) + "_payload"); ++i, from = 1 - from) {
    ByteQueue frame, plaintext;
    ASSERT_TRUE(ends[from].write(*parse_hex(field(i, "payload")), frame));
    EXPECT_EQ(hex(frame.bytes().subspan(kLengthBytes)), field(i, "ciphertext")) << i;
    ASSERT_TRUE(ends[1 - from].read(frame.bytes().subspan(kLengthBytes), plaintext));
    EXPECT_EQ(hex(plaintext.bytes()), field(i, "payload")) << i;
  }
}

void expect_matches_all_of(const std::string& source, std::size_t vectors_count) {
  std::size_t found = 0;
  for (const Vector& vector : read_vectors()) {
    if (vector.at("source") != source) continue;
    expect_matches(vector);
    ++found;
  }
  EXPECT_EQ(found, vectors_count);
}

TEST(NoiseHandshake, MatchesTheVectorsOfFlynnNoise) { expect_matches_all_of("flynn/noise", 4); }
TEST(NoiseHandshake, MatchesTheVectorOfCacophony) { expect_matches_all_of("cacophony", 1); }
TEST(NoiseHandshake, MatchesTheVectorOfSnow) { expect_matches_all_of("snow", 1); }

TEST(NoiseHandshake, TellsEachSideTheOthersStaticKey) {
  Pair pair;
  EXPECT_TRUE(pair.listener.read_message(pair.message(2)));
  EXPECT_TRUE(pair.dialer.is_complete() && pair.listener.is_complete());
  EXPECT_EQ(hex(pair.dialer.peer_static_key()), hex(pair.listener.static_key()));
  EXPECT_EQ(hex(pair.listener.peer_static_key()), hex(pair.dialer.static_key()));
}

TEST(NoiseHandshake, HasAnotherHashEachTime) {
  Pair one, other;
  one.message(2);
  other.message(2);
  EXPECT_NE(hex(one.dialer.hash()), hex(other.dialer.hash()));
}

TEST(NoiseHandshake, OfAnotherPrologueIsRejected) {
  Pair pair, other(as_bytes("prologue"));
  EXPECT_TRUE(other.listener.read_message(pair.message(0)));
  const Bytes answer = *other.listener.write_message({});
  EXPECT_EQ(pair.dialer.read_message(answer).error(), Errc::noise_rejected);
}

// A changed ephemeral key of message 1 is found when message 2 is read.
TEST(NoiseHandshake, RejectsEveryChangedByte) {
  for (const int wanted : {1, 2}) {
    const std::size_t size = Pair().message(wanted).size();
    for (std::size_t i = 0; i < size; ++i) {
      Pair pair;
      Bytes message = pair.message(wanted);
      message[i] ^= std::byte{0x10};
      EXPECT_EQ(pair.reader(wanted).read_message(message).error(), Errc::noise_rejected)
          << "message " << wanted << " byte " << i;
    }
  }
}

TEST(NoiseHandshake, RejectsEveryTruncation) {
  for (const int wanted : {0, 1, 2}) {
    const std::size_t size = Pair().message(wanted).size();
    for (std::size_t i = 0; i < size; ++i) {
      Pair pair;
      const Bytes message = pair.message(wanted);
      EXPECT_FALSE(pair.reader(wanted).read_message(ByteView(message).first(i)))
          << "message " << wanted << " size " << i;
    }
  }
}

// RFC 7748, 6.1: such keys lead to a secret that everybody knows.
TEST(NoiseHandshake, RejectsPublicKeysThatLeadToNoSecret) {
  Pair pair;
  ASSERT_TRUE(pair.listener.read_message(Bytes(crypto::kX25519Bytes)));
  EXPECT_EQ(pair.listener.write_message({}).error(), Errc::noise_rejected);
  Pair other;
  static_cast<void>(other.message(0));
  EXPECT_EQ(other.dialer.read_message(Bytes(96)).error(), Errc::noise_rejected);
}

}  // namespace
}  // namespace ghmesh::noise
