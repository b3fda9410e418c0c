// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/protobuf/fields.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/text.h"

namespace ghmesh::protobuf {
namespace {

// Reads to the end; nullopt when the message is refused.
std::optional<std::vector<Field>> read_all(ByteView message) {
  std::vector<Field> fields;
  FieldReader reader(message);
  for (;;) {
    auto field = reader.next();
    if (!field) {
      EXPECT_EQ(field.error(), Errc::malformed);
      return std::nullopt;
    }
    if (!*field) return fields;
    fields.push_back(**field);
  }
}

// "Encoding" of the protocol buffers guide: 08 96 01 is field 1 with 150, 12 07 ... is field 2 with "testing".
TEST(ProtobufFields, MatchTheExamplesOfTheGuide) {
  const Bytes message = *parse_hex("089601120774657374696e67");
  const auto fields = read_all(message);
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 2u);
  EXPECT_TRUE(fields->at(0).is_varint(1));
  EXPECT_EQ(fields->at(0).value, 150u);
  EXPECT_TRUE(fields->at(1).is_bytes(2));
  EXPECT_EQ(as_text(fields->at(1).bytes), "testing");
  EXPECT_FALSE(fields->at(1).is_varint(2));

  Bytes written;
  append_field(written, 1, 150);
  append_field(written, 2, as_bytes("testing"));
  EXPECT_EQ(written, message);
}

TEST(ProtobufFields, AreReadBack) {
  Bytes message;
  append_field(message, 1, UINT64_MAX);
  append_field(message, 1000, ByteView());
  append_field(message, 0x1fff'ffff, 0);
  append_field(message, 3, Bytes(300, std::byte{7}));
  const auto fields = read_all(message);
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 4u);
  EXPECT_EQ(fields->at(0).value, UINT64_MAX);
  EXPECT_TRUE(fields->at(1).is_bytes(1000));
  EXPECT_EQ(fields->at(2).number, 0x1fff'ffffu);
  EXPECT_EQ(fields->at(3).bytes.size(), 300u);
}

TEST(ProtobufFields, OfFixedSizeAreLittleEndian) {
  const Bytes message = *parse_hex("0d01000000110200000000000000");
  const auto fields = read_all(message);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->at(0).type, WireType::fixed32);
  EXPECT_EQ(fields->at(0).value, 1u);
  EXPECT_EQ(fields->at(1).type, WireType::fixed64);
  EXPECT_EQ(fields->at(1).value, 2u);
}

TEST(ProtobufFields, AreRefusedWhenCutWithinAField) {
  const Bytes message = *parse_hex("089601120774657374696e67");
  for (std::size_t size = 1; size < message.size(); ++size)
    EXPECT_EQ(read_all(ByteView(message).first(size)).has_value(), size == 3) << size;
}

TEST(ProtobufFields, AreRefusedWhenMalformed) {
  for (std::string_view text : {
           "00",                        // field 0
           "0b",                        // a group begins
           "0c",                        // a group ends
           "0f",                        // no such wire type
           "08ffffffffffffffffffff01",  // a varint of eleven bytes
           "12ffffffff0f61",            // a length far beyond the end
           "1202",                      // a length beyond the end
       })
    EXPECT_FALSE(read_all(*parse_hex(text))) << text;
}

}  // namespace
}  // namespace ghmesh::protobuf
