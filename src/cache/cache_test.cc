// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/cache.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/limits.h"
#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;

class CacheOnDisk : public ::testing::Test {
 protected:
  std::unique_ptr<Cache> open(Durability durability = Durability::durable) {
    return open_or_die({.directory = folder_.store(), .durability = durability});
  }
  TemporaryDirectory folder_;
  github::Principal alice_ = principal_named("alice");
  github::Principal bob_ = principal_named("bob");
};

void expect_same(const EntryRef& found, const EntryRef& put) {
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->status, put->status);
  EXPECT_EQ(found->headers, put->headers);
  EXPECT_EQ(*found->body, *put->body);
  EXPECT_EQ(found->etag, put->etag);
  EXPECT_EQ(found->is_etag_computed, put->is_etag_computed);
  EXPECT_EQ(found->is_public, put->is_public);
  EXPECT_EQ(found->upstream_date, put->upstream_date);
  EXPECT_EQ(found->fetched_at, put->fetched_at);
  EXPECT_EQ(found->proven_at, put->proven_at);
  EXPECT_EQ(found->ttl, put->ttl);
  EXPECT_EQ(found->body_digest, put->body_digest);
  EXPECT_EQ(found->head_text, put->head_text);
}

TEST_F(CacheOnDisk, FindsWhatWasPut) {
  auto cache = open();
  const EntryRef put = entry_with(run_body(1));
  EXPECT_EQ(cache->find(alice_, "k"), nullptr);
  ASSERT_TRUE(cache->put(alice_, "k", put));
  EXPECT_EQ(cache->find(alice_, "k"), put);
}

TEST_F(CacheOnDisk, FindsSmallAndLargeBodiesAfterARestart) {
  Random random(1);
  std::map<std::string, EntryRef> entries;
  for (const std::size_t bytes_count : {0, 1, 100, 1400, 1500, 1600, 5000, 70'000, 3'000'000})
    entries["noise " + std::to_string(bytes_count)] = entry_with(noise(random, bytes_count));
  for (std::uint64_t i = 0; i < 50; ++i) entries[key_number(i)] = entry_with(run_body(i));
  {
    auto cache = open();
    for (const auto& [key, entry] : entries) ASSERT_TRUE(cache->put(alice_, key, entry));
  }
  auto cache = open();
  for (const auto& [key, entry] : entries) {
    SCOPED_TRACE(key);
    expect_same(cache->find(alice_, key), entry);
  }
  EXPECT_EQ(cache->stats().disk_hits, entries.size());
  EXPECT_EQ(cache->stats().entries_count, entries.size());
  EXPECT_EQ(cache->stats().seal_failures, 0u);
}

TEST_F(CacheOnDisk, ClosingWritesWhatFastModeQueued) {
  {
    auto cache = open(Durability::fast);
    for (std::uint64_t i = 0; i < 300; ++i)
      ASSERT_TRUE(cache->put(alice_, key_number(i), entry_with(run_body(i))));
  }
  auto cache = open();
  for (std::uint64_t i = 0; i < 300; ++i)
    expect_same(cache->find(alice_, key_number(i)), entry_with(run_body(i)));
}

TEST_F(CacheOnDisk, GivesNothingToAnotherPrincipal) {
  auto cache = open();
  ASSERT_TRUE(cache->put(alice_, "k", entry_with("secret")));
  EXPECT_EQ(cache->find(bob_, "k"), nullptr);
  cache = nullptr;
  cache = open();
  EXPECT_EQ(cache->find(bob_, "k"), nullptr);
  EXPECT_NE(cache->find(alice_, "k"), nullptr);
}

// The right place and the wrong key: whoever can compute where an entry is still cannot read it.
TEST_F(CacheOnDisk, DoesNotOpenWithAnotherSealKey) {
  auto cache = open();
  ASSERT_TRUE(cache->put(alice_, "k", entry_with("secret")));
  cache = nullptr;
  cache = open();
  github::Principal mixed = bob_;
  mixed.locate_key = alice_.locate_key;
  EXPECT_EQ(cache->find(mixed, "k"), nullptr);
  EXPECT_EQ(cache->stats().seal_failures, 1u);
}

TEST_F(CacheOnDisk, ErasesFromMemoryQueueAndDisk) {
  auto cache = open(Durability::fast);
  ASSERT_TRUE(cache->put(alice_, "queued", entry_with("1")));
  cache->erase(alice_, "queued");
  EXPECT_EQ(cache->find(alice_, "queued"), nullptr);
  ASSERT_TRUE(cache->put(alice_, "synced", entry_with("2")));
  ASSERT_TRUE(cache->flush());
  cache->erase(alice_, "synced");
  EXPECT_EQ(cache->find(alice_, "synced"), nullptr);
  ASSERT_TRUE(cache->flush());
  EXPECT_EQ(cache->stats().entries_count, 0u);
  cache = nullptr;
  EXPECT_EQ(open()->find(alice_, "synced"), nullptr);
}

TEST_F(CacheOnDisk, EraseAllTakesEveryPrincipalsEntries) {
  auto cache = open(Durability::fast);
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(cache->put(alice_, key_number(i), entry_with(run_body(i))));
    ASSERT_TRUE(cache->put(bob_, key_number(i), entry_with(run_body(i))));
  }
  cache->erase_all();
  EXPECT_EQ(cache->find(alice_, key_number(5)), nullptr);
  EXPECT_EQ(cache->find_candidate(bob_, key_number(5)), nullptr);
  EXPECT_EQ(cache->stats().entries_count, 0u);
  ASSERT_TRUE(cache->put(alice_, key_number(5), entry_with("new")));
  ASSERT_TRUE(cache->flush());
  cache = nullptr;
  expect_same(open()->find(alice_, key_number(5)), entry_with("new"));
}

TEST_F(CacheOnDisk, RefusesABodyOverTheLimit) {
  auto cache = open();
  EXPECT_EQ(cache->put(alice_, "k", entry_with(std::string(kEntryBodyBytesMax + 1, 'x'))).error(),
            Errc::too_large);
  EXPECT_TRUE(cache->put(alice_, "k", entry_with(std::string(kEntryBodyBytesMax, 'x'))));
}

TEST_F(CacheOnDisk, TwoCachesOfOneProcessShareTheStore) {
  auto one = open();
  auto other = open();
  ASSERT_TRUE(one->put(alice_, "k", entry_with("first")));
  expect_same(other->find(alice_, "k"), entry_with("first"));
  ASSERT_TRUE(other->put(alice_, "k", entry_with("second")));
  expect_same(one->find(alice_, "k"), entry_with("second"));
  one->erase(alice_, "k");
  ASSERT_TRUE(one->flush());
  EXPECT_EQ(other->find(alice_, "k"), nullptr);
}

TEST(CacheInMemory, WorksWithoutADirectory) {
  auto cache = open_or_die({});
  const auto alice = principal_named("alice");
  ASSERT_TRUE(cache->put(alice, "k", entry_with("body")));
  expect_same(cache->find(alice, "k"), entry_with("body"));
  EXPECT_FALSE(cache->stats().is_on_disk);
  cache->erase_all();
  EXPECT_EQ(cache->find(alice, "k"), nullptr);
}

}  // namespace
}  // namespace ghmesh::cache
