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

TEST(Multihash, AClaimedLengthAllocatesNothing) {
  EXPECT_EQ(parse_multihash(*parse_hex("12ffffffffffffffff7f")).error(), Errc::too_large);
  EXPECT_EQ(parse_multihash(*parse_hex("1280")).error(), Errc::truncated);
  EXPECT_EQ(parse_multihash(*parse_hex("121faa")).error(), Errc::truncated);
}

}  // namespace
}  // namespace ghmesh::multiformats
