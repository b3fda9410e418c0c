// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/entry.h"

#include <gtest/gtest.h>

namespace ghmesh::cache {
namespace {

Entry proven_at(std::int64_t seconds) {
  Entry entry;
  entry.status = 200;
  entry.proven_at = wall_time(seconds);
  entry.ttl = Seconds(60);
  return entry;
}

TEST(EntryAge, CountsFromTheLastProof) {
  EXPECT_EQ(age(proven_at(1000), wall_time(1059)), Seconds(59));
  EXPECT_EQ(time_left(proven_at(1000), wall_time(1059)), Seconds(1));
  EXPECT_EQ(time_left(proven_at(1000), wall_time(1060)), Seconds(0));
  EXPECT_EQ(time_left(proven_at(1000), wall_time(1070)), Seconds(-10));
}

TEST(EntryAge, OfAnEntryFromTheFutureIsZeroAndItIsStale) {
  EXPECT_EQ(age(proven_at(1000), wall_time(999)), Seconds(0));
  EXPECT_LE(time_left(proven_at(1000), wall_time(999)), Seconds(0));
}

TEST(FinishedEntry, KnowsItsDigestAndItsHead) {
  Entry entry = proven_at(0);
  entry.headers = {{"content-type", "text/plain"}, {"Content-Length", "999"}};
  entry.body = http::make_body("abc");
  entry.etag = "e1";
  const EntryRef finished = finish_entry(std::move(entry));
  EXPECT_EQ(finished->body_digest, crypto::sha256(as_bytes("abc")));
  EXPECT_TRUE(finished->head_text.starts_with("HTTP/1.1 200 OK\r\n")) << finished->head_text;
  EXPECT_NE(finished->head_text.find("content-type: text/plain\r\n"), std::string::npos);
  EXPECT_NE(finished->head_text.find("ETag: \"e1\"\r\n"), std::string::npos);
  EXPECT_NE(finished->head_text.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_EQ(finished->head_text.find("999"), std::string::npos);
  EXPECT_TRUE(finished->head_text.ends_with("\r\n"));
  EXPECT_FALSE(finished->head_text.ends_with("\r\n\r\n"));
}

TEST(FinishedEntry, AlwaysHasABody) { EXPECT_EQ(*finish_entry(proven_at(0))->body, ""); }

}  // namespace
}  // namespace ghmesh::cache
