// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/record.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "cache/test_support.h"
#include "crypto/random.h"
#include "packing/packing.h"

namespace ghmesh::cache {
namespace {

using namespace test;

Entry odd_entry() {
  Entry entry;
  entry.status = 404;
  entry.headers = {{"link", std::string(300, 'l')}, {"x-empty", ""}, {"", "nameless"}};
  entry.body = http::make_body(std::string("with\0zero", 9));
  entry.etag = "W-ish, not a digest";
  entry.is_public = true;
  entry.upstream_date = wall_time(-5);
  entry.fetched_at = wall_time(4'000'000'000);
  entry.proven_at = wall_time(3);
  entry.ttl = Seconds(-1);
  return entry;
}

TEST(Record, IsSmallForWhatGithubSends) {
  const std::string body = run_body(1);
  EXPECT_LT(packing::pack(as_bytes(body)).size() * 3, body.size());
}

TEST(Record, RoundTripsAllFields) {
  for (const Entry& entry : {Entry(odd_entry()), Entry(*entry_with(run_body(1)))}) {
    const auto parsed = parse_record(write_record(entry, {}));
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->body_key.empty());
    EXPECT_EQ(parsed->entry.status, entry.status);
    EXPECT_EQ(parsed->entry.headers, entry.headers);
    EXPECT_EQ(*parsed->entry.body, *entry.body);
    EXPECT_EQ(parsed->entry.etag, entry.etag);
    EXPECT_EQ(parsed->entry.is_etag_computed, entry.is_etag_computed);
    EXPECT_EQ(parsed->entry.is_public, entry.is_public);
    EXPECT_EQ(parsed->entry.upstream_date, entry.upstream_date);
    EXPECT_EQ(parsed->entry.fetched_at, entry.fetched_at);
    EXPECT_EQ(parsed->entry.proven_at, entry.proven_at);
    EXPECT_EQ(parsed->entry.ttl, entry.ttl);
  }
}

TEST(Record, CarriesTheKeyOfABodyThatLiesApart) {
  const crypto::Secret body_key = crypto::random_secret(32);
  const auto parsed = parse_record(write_record(odd_entry(), body_key));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->body_key, body_key);
  EXPECT_EQ(parsed->entry.body, nullptr);
  EXPECT_EQ(parsed->entry.headers, odd_entry().headers);
}

TEST(Record, IsRefusedWhenCutAnywhere) {
  for (const crypto::Secret& body_key : {crypto::Secret(), crypto::random_secret(32)}) {
    const Bytes whole = write_record(*entry_with(run_body(1)), body_key);
    for (std::size_t bytes_count = 0; bytes_count < whole.size(); ++bytes_count)
      EXPECT_FALSE(parse_record(ByteView(whole).first(bytes_count))) << bytes_count;
  }
}

TEST(Row, OpensOnlyWhereItWasSealedAndAsItWas) {
  const crypto::Secret key = crypto::random_secret(32);
  RowKey at{}, elsewhere{};
  elsewhere[0] = std::byte{1};
  const RowPrefix prefix{.last_use = 77, .body_id = 5};
  const Bytes row = seal_row(at, prefix, write_record(odd_entry(), crypto::random_secret(32)), key);
  EXPECT_TRUE(open_row(at, row, key));
  EXPECT_EQ(open_row(elsewhere, row, key).error(), Errc::seal_rejected);
  EXPECT_EQ(open_row(at, row, crypto::random_secret(32)).error(), Errc::seal_rejected);
  for (std::size_t i = 0; i < row.size(); ++i) {
    Bytes flipped = row;
    flipped[i] ^= std::byte{0x10};
    const bool is_last_use = i >= 2 && i < 6;
    EXPECT_EQ(open_row(at, flipped, key).has_value(), is_last_use) << i;
    EXPECT_FALSE(open_row(at, ByteView(row).first(i), key)) << i;
  }
}

TEST(Row, KeepsItsPrefix) {
  for (const RowPrefix& prefix :
       {RowPrefix{.last_use = 0}, RowPrefix{.last_use = UINT32_MAX, .body_id = ~0ull}}) {
    Bytes bytes;
    write_prefix(prefix, bytes);
    EXPECT_EQ(bytes.size(), prefix.size());
    const auto parsed = parse_prefix(bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->last_use, prefix.last_use);
    EXPECT_EQ(parsed->body_id, prefix.body_id);
  }
  EXPECT_EQ(parse_prefix(as_bytes(std::string_view("\x02\0\0\0\0\0", 6))), std::nullopt)
      << "another version";
}

TEST(Row, TellsTheTimeOfLastUseOnlyCoarsely) {
  EXPECT_EQ(last_use_of(wall_time(1'770'000'000)),
            last_use_of(wall_time(1'770'000'000 / 1024 * 1024)));
  EXPECT_EQ(last_use_of(wall_time(-1)), 0u);
  EXPECT_EQ(last_use_of(WallTime::max()), UINT32_MAX);
}

// The example of docs/wire/store.md.
TEST(Record, MatchesTheDocumentedExample) {
  Entry entry;
  entry.status = 200;
  entry.headers = {{"content-type", "text/plain"}};
  entry.body = http::make_body("Keep it logically awesome.");
  entry.etag = "ab12";
  entry.upstream_date = wall_time(1'770'000'000);
  entry.fetched_at = wall_time(1'770'000'001);
  entry.proven_at = wall_time(1'770'000'061);
  entry.ttl = Seconds(60);
  Bytes record = write_record(entry, {});
  const std::string expected_start =
      "00c8"
      "00"
      "80ba80980d"
      "02"
      "78"
      "78"
      "0461623132";
  ASSERT_GT(record.size(), expected_start.size() / 2);
  EXPECT_EQ(hex(ByteView(record).first(expected_start.size() / 2)), expected_start);
  const auto packed = packing::unpack(ByteView(record).subspan(expected_start.size() / 2), 1000);
  ASSERT_TRUE(packed);
  EXPECT_EQ(hex(*packed), "010c" + hex(as_bytes("content-type")) + "0a" +
                              hex(as_bytes("text/plain")) +
                              hex(as_bytes("Keep it logically awesome.")));
}

}  // namespace
}  // namespace ghmesh::cache
