// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/cid.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "multiformats/varint.h"

namespace ghmesh::multiformats {
namespace {

TEST(Cid, NamesContentAsTheOthersDo) {
  // The empty block and "hello world", as `ipfs add --raw-leaves --cid-version=1` names them.
  EXPECT_EQ(write_cid_text(cid_of(as_bytes(""))),
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
  EXPECT_EQ(write_cid_text(cid_of(as_bytes("hello world"))),
            "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
}

// multiformats/cid, README: its examples in human-readable form name version, codec and digest.
TEST(Cid, MatchesTheExamplesOfTheSpecification) {
  const Cid raw = *parse_cid_text("zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA");
  EXPECT_EQ(raw.version, 1);
  EXPECT_EQ(raw.codec, kRawCodec);
  EXPECT_EQ(raw.hash.code, kSha256Code);
  EXPECT_EQ(hex(raw.hash.digest),
            "6e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95");
  const Cid old = *parse_cid_text("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n");
  EXPECT_EQ(old.version, 0);
  EXPECT_EQ(hex(old.hash.digest),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Cid, IsReadBackInEveryForm) {
  const Cid cid = cid_of(as_bytes("content"));
  EXPECT_EQ(*parse_cid(write_cid(cid)), cid);
  EXPECT_EQ(*parse_cid_text(write_cid_text(cid)), cid);
}

TEST(Cid, ReadsVersion0) {
  const std::string text = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG";
  const auto cid = parse_cid_text(text);
  ASSERT_TRUE(cid);
  EXPECT_EQ(cid->version, 0);
  EXPECT_EQ(cid->codec, kDagProtobufCodec);
  EXPECT_EQ(write_cid_text(*cid), text);
  EXPECT_EQ(*parse_cid(write_cid(*cid)), *cid);
  EXPECT_EQ(parse_cid_text("z" + text).error(), Errc::malformed);  // a v0 has no multibase prefix
}

TEST(Cid, RefusesEveryTruncation) {
  const Bytes bytes = write_cid(cid_of(as_bytes("content")));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_cid(ByteView(bytes).first(size))) << size;
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse_cid(longer));
}

TEST(Cid, RefusesOtherVersions) {
  Bytes bytes = write_cid(cid_of(as_bytes("content")));
  bytes[0] = std::byte{2};
  EXPECT_EQ(parse_cid(bytes).error(), Errc::unsupported);
}

// multiformats/multihash, tests/values/test_cases.csv; of functions that we do not compute, too, and cut.
TEST(Multihash, MatchesTheSpecification) {
  struct Vector {
    std::uint64_t code;
    std::string_view digest, multihash;
  };
  for (const Vector& vector : {
           Vector{0x11, "da39a3ee5e6b4b0d3255", "110ada39a3ee5e6b4b0d3255"},
           Vector{0x12, "e3b0c44298fc1c149afb", "120ae3b0c44298fc1c149afb"},
           Vector{0x12, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                  "1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
           Vector{0x13, "cf83e1357eefb8bdf1542850d66d8007d620e405",
                  "1314cf83e1357eefb8bdf1542850d66d8007d620e405"},
           Vector{0x14, "a69f73cca23a9ac5c8b567dc185a756e97c98216",
                  "1414a69f73cca23a9ac5c8b567dc185a756e97c98216"},
       }) {
    const auto parsed = parse_multihash(*parse_hex(vector.multihash));
    ASSERT_TRUE(parsed) << vector.multihash;
    EXPECT_EQ(parsed->code, vector.code);
    EXPECT_EQ(hex(parsed->digest), vector.digest);
    EXPECT_EQ(hex(write_multihash(*parsed)), vector.multihash);
  }
}

TEST(Multihash, AClaimedLengthAllocatesNothing) {
  EXPECT_EQ(parse_multihash(*parse_hex("12ffffffffffffffff7f")).error(), Errc::too_large);
  EXPECT_EQ(parse_multihash(*parse_hex("1280")).error(), Errc::truncated);
  EXPECT_EQ(parse_multihash(*parse_hex("121faa")).error(), Errc::truncated);
}

}  // namespace
}  // namespace ghmesh::multiformats
