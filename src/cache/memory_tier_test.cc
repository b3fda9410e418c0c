// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/memory_tier.h"

#include <gtest/gtest.h>

#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;

MemoryKey key_of(const char* principal, std::string_view key) {
  return memory_key(principal_named(principal).id, key);
}

TEST(MemoryTier, KeepsPrincipalsApart) {
  MemoryTier tier(1 << 20);
  tier.put(key_of("alice", "k"), entry_with("a"), {});
  EXPECT_EQ(tier.find(key_of("bob", "k")).entry, nullptr);
  EXPECT_EQ(*tier.find(key_of("alice", "k")).entry->body, "a");
}

TEST(MemoryTier, StaysWithinItsBytes) {
  MemoryTier tier(1 << 20);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    tier.put(key_of("alice", key_number(i)), entry_with(run_body(i)), {});
    ASSERT_LE(tier.bytes(), 1u << 20);
  }
  EXPECT_GT(tier.entries_count(), 200u);
  EXPECT_EQ(tier.evictions_count() + tier.entries_count(), 5000u);
}

TEST(MemoryTier, KeepsWhatIsUsed) {
  MemoryTier tier(1 << 20);
  tier.put(key_of("alice", "wanted"), entry_with("w"), {});
  for (std::uint64_t i = 0; i < 5000; ++i) {
    tier.put(key_of("alice", key_number(i)), entry_with(run_body(i)), {});
    ASSERT_NE(tier.find(key_of("alice", "wanted")).entry, nullptr) << i;
  }
  EXPECT_EQ(tier.find(key_of("alice", key_number(0))).entry, nullptr);
}

TEST(MemoryTier, CountsAReplacedEntryOnce) {
  MemoryTier tier(1 << 20);
  tier.put(key_of("alice", "k"), entry_with(std::string(5000, 'x')), {});
  tier.put(key_of("alice", "k"), entry_with("small"), {});
  EXPECT_EQ(tier.entries_count(), 1u);
  EXPECT_LT(tier.bytes(), 3000u);
  tier.erase(key_of("alice", "k"));
  EXPECT_EQ(tier.bytes(), 0u);
}

TEST(MemoryTier, WhatWasReadDoesNotReplaceWhatWasPut) {
  MemoryTier tier(1 << 20);
  const EntryRef put = entry_with("put");
  tier.put(key_of("alice", "k"), put, {.mark = 1});
  tier.put_if_absent(key_of("alice", "k"), entry_with("read"), {.mark = 2});
  EXPECT_EQ(tier.find(key_of("alice", "k")).entry, put);
  tier.erase_version(key_of("alice", "k"), entry_with("read").get());
  EXPECT_EQ(tier.find(key_of("alice", "k")).entry, put);
  tier.confirm(key_of("alice", "k"), put.get(), 9);
  EXPECT_EQ(tier.find(key_of("alice", "k")).origin.mark, 9u);
}

TEST(MemoryTier, TellsWhichRowsWereUsedOnce) {
  MemoryTier tier(1 << 20);
  RowKey row{};
  row[3] = std::byte{3};
  tier.put(key_of("alice", "used"), entry_with("u"), {.row = row});
  tier.put(key_of("alice", "unused"), entry_with("n"), {});
  (void)tier.find(key_of("alice", "used"));
  EXPECT_EQ(tier.take_used_rows(10), std::vector<RowKey>{row});
  EXPECT_TRUE(tier.take_used_rows(10).empty());
}

}  // namespace
}  // namespace ghmesh::cache
