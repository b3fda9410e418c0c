// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "packing/packing.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/random.h"
#include "base/text.h"
#include "packing/varint.h"

namespace ghmesh::packing {
namespace {

// Incompressible.
std::string noise(Random& random, std::size_t bytes_count) {
  std::string out(bytes_count, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string json() {
  return R"({"login":"mira-dev7","id":4471902,"node_id":"U_kgDOAEQ8Xg","avatar_url":")"
         R"(https://avatars.githubusercontent.com/u/4471902?v=4","url":"https://api.github.com/users/mira-dev7",)"
         R"("html_url":"https://github.com/mira-dev7","type":"User","site_admin":false})";
}

TEST(Varint, RoundTripsAndHasOneSpelling) {
  for (const std::uint64_t value : {0ull, 1ull, 127ull, 128ull, 300ull, 1ull << 32, ~0ull}) {
    Bytes bytes;
    append_varint(bytes, value);
    Reader in(bytes);
    EXPECT_EQ(take_varint(in), value);
    EXPECT_TRUE(in.is_empty());
  }
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(from_zigzag(to_zigzag(value)), value);
  const Bytes longer{std::byte{0x81}, std::byte{0}};
  Reader padded(longer);
  EXPECT_EQ(take_varint(padded), std::nullopt);
  const Bytes endless(11, std::byte{0xff});
  Reader overflowing(endless);
  EXPECT_EQ(take_varint(overflowing), std::nullopt);
}

TEST(Packing, RoundTripsEveryKindOfBytes) {
  Random random(1);
  for (const std::string& plain : {std::string(), std::string("x"), json(), noise(random, 5000),
                                   std::string(1 << 20, 'a'), json() + noise(random, 40'000)}) {
    const auto unpacked = unpack(pack(as_bytes(plain)), plain.size());
    ASSERT_TRUE(unpacked);
    EXPECT_EQ(as_text(*unpacked), plain);
  }
}

TEST(Packing, ShrinksWhatGithubSendsAndNeverGrowsNoise) {
  Random random(1);
  EXPECT_LT(pack(as_bytes(json())).size() * 3, json().size());
  EXPECT_LE(pack(as_bytes(noise(random, 5000))).size(), 5000u + 3);
}

TEST(Packing, RefusesMoreThanItMayHold) {
  const Bytes bomb = pack(as_bytes(std::string(1 << 20, 'a')));
  EXPECT_LT(bomb.size(), 1000u);
  EXPECT_EQ(unpack(bomb, (1 << 20) - 1).error(), Errc::too_large);
  // A length that lies is found out before more than it are written.
  Bytes lying{bomb[0]};
  append_varint(lying, 1000);
  append(lying, ByteView(bomb).subspan(4));
  EXPECT_EQ(unpack(lying, 1 << 20).error(), Errc::malformed);
}

TEST(TightPacking, RoundTripsEveryKindOfBytes) {
  Random random(2);
  for (const std::string& plain :
       {std::string(), std::string("x"), json(), noise(random, 5000),
        std::string(kTightBytesMax, 'a'), std::string(kTightBytesMax + 1, 'a'),
        json() + noise(random, 40'000)}) {
    const Bytes packed = pack_tightly(as_bytes(plain));
    const auto unpacked = unpack(packed, plain.size());
    ASSERT_TRUE(unpacked) << plain.size();
    EXPECT_EQ(as_text(*unpacked), plain);
    EXPECT_LE(packed.size(), pack(as_bytes(plain)).size());
  }
}

TEST(TightPacking, SavesWhatEveryFrameBeginsWith) {
  EXPECT_LE(pack_tightly(as_bytes(json())).size() + 9, pack(as_bytes(json())).size());
}

TEST(TightPacking, IsRefusedWhenItIsCutOrLies) {
  const Bytes packed = pack_tightly(as_bytes(json()));
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_FALSE(unpack(ByteView(packed).first(size), 1 << 20)) << size;
  EXPECT_EQ(unpack(packed, json().size() - 1).error(), Errc::too_large);
  Bytes lying{packed[0]};
  append_varint(lying, json().size() + 1);
  append(lying, ByteView(packed).subspan(3));
  EXPECT_EQ(unpack(lying, 1 << 20).error(), Errc::malformed);
  Bytes bomb{packed[0]};
  append_varint(bomb, kTightBytesMax + 1);
  append(bomb, ByteView(packed).subspan(3));
  EXPECT_EQ(unpack(bomb, 1 << 20).error(), Errc::too_large);
}

// Found by a fuzzer: a forged block that a thread's first call refused, and every later one unpacked.
TEST(TightPacking, ReadsAForgedBlockTheSameWayOnEveryThread) {
  const Bytes forged =
      parse_hex("0266680600016500000000000000007d04fc1ada6c145fefdad36f662b15").value();
  const auto unpacked = unpack(forged, 1'000);
  for (int i = 0; i < 3; ++i) {
    std::jthread([&] {
      const auto first = unpack(forged, 1'000);
      EXPECT_EQ(first.has_value(), unpacked.has_value());
      const auto second = unpack(forged, 1'000);
      EXPECT_EQ(second.has_value(), unpacked.has_value());
      EXPECT_TRUE(!unpacked || (*first == *unpacked && *second == *unpacked));
    }).join();
  }
}

}  // namespace
}  // namespace ghmesh::packing
