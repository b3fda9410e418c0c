// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace ghmesh {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Bytes, AreTextAndBack) {
  const std::string text("a\0b\xff", 4);
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(copy_bytes(as_bytes(text)), bytes_of({'a', 0, 'b', 0xff}));
  EXPECT_TRUE(as_bytes("").empty());
}

TEST(Bytes, AreEqualInContentAndSize) {
  EXPECT_TRUE(equal(as_bytes("abc"), bytes_of({'a', 'b', 'c'})));
  EXPECT_FALSE(equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal(as_bytes("abc"), as_bytes("ab")));
  EXPECT_TRUE(equal({}, {}));
}

TEST(Bytes, AppendAtTheEnd) {
  Bytes bytes = bytes_of({1});
  append(bytes, bytes_of({2, 3}));
  append(bytes, {});
  EXPECT_EQ(bytes, bytes_of({1, 2, 3}));
}

TEST(BigEndian, PutsTheHighestByteFirst) {
  Bytes bytes;
  append_big_endian<std::uint8_t>(bytes, 0x01);
  append_big_endian<std::uint16_t>(bytes, 0x0203);
  append_big_endian<std::uint32_t>(bytes, 0xf4050607);
  append_big_endian<std::uint64_t>(bytes, 0x08090a0b0c0d0e0f);
  EXPECT_EQ(bytes, bytes_of({1, 2, 3, 0xf4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
}

template <class T>
class BigEndianOf : public testing::Test {};
using Widths = testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(BigEndianOf, Widths);

TYPED_TEST(BigEndianOf, ReadsWhatItWrote) {
  constexpr TypeParam kMax = std::numeric_limits<TypeParam>::max();
  for (TypeParam value :
       {TypeParam{0}, TypeParam{1}, TypeParam{0x7f}, TypeParam{0x80}, kMax, TypeParam(kMax / 3)}) {
    std::array<std::byte, sizeof(TypeParam)> bytes;
    store_big_endian<TypeParam>(bytes, value);
    EXPECT_EQ(load_big_endian<TypeParam>(bytes), value);
  }
}

TEST(Reader, TakesFromTheFront) {
  const Bytes bytes = bytes_of({1, 2, 3, 4, 5, 6, 7});
  Reader reader(bytes);
  EXPECT_EQ(reader.take_big_endian<std::uint16_t>(), 0x0102);
  EXPECT_TRUE(equal(*reader.take(3), bytes_of({3, 4, 5})));
  EXPECT_EQ(reader.remaining(), 2u);
  EXPECT_TRUE(equal(reader.rest(), bytes_of({6, 7})));
  EXPECT_TRUE(equal(*reader.take(0), {}));
  EXPECT_TRUE(reader.take(2));
  EXPECT_TRUE(reader.is_empty());
}

TEST(Reader, DoesNotMoveWhenThereIsNotEnough) {
  const Bytes bytes = bytes_of({1, 2, 3, 4, 5, 6, 7});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Reader reader(ByteView(bytes).first(size));
    EXPECT_FALSE(reader.take_big_endian<std::uint64_t>());
    EXPECT_FALSE(reader.take(size + 1));
    EXPECT_FALSE(reader.take(std::numeric_limits<std::size_t>::max()));
    EXPECT_EQ(reader.remaining(), size);
    EXPECT_TRUE(equal(*reader.take(size), ByteView(bytes).first(size)));
  }
}

}  // namespace
}  // namespace ghmesh
