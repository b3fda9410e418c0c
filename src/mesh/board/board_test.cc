// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/board/board.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace ghmesh::mesh {
namespace {

using multiformats::PeerId;

const WallTime kNow = wall_time(1'790'000'000);

PeerId peer(int number) { return PeerId::of_public_key(Bytes(36, static_cast<std::byte>(number))); }

KeyId key(int number) {
  KeyId id{};
  id[0] = static_cast<std::byte>(number);
  id[1] = static_cast<std::byte>(number >> 8);
  return id;
}

Shared said(int number, const std::string& record, std::int64_t age_ms) {
  Shared shared{.key = key(number), .said_at = kNow - std::chrono::milliseconds(age_ms)};
  shared.record = http::make_body(record);
  shared.record_bytes = record.size();
  shared.digest = crypto::sha256(as_bytes(record));
  return shared;
}

TEST(Board, NewerReplacesAndOlderDoesNot) {
  Board board;
  EXPECT_TRUE(*board.put(peer(1), said(1, "one", 100), kNow));
  EXPECT_TRUE(*board.put(peer(2), said(1, "two", 99), kNow));
  EXPECT_EQ(board.put(peer(1), said(1, "three", 101), kNow).error(), Errc::mesh_outdated);
  EXPECT_EQ(*board.find(key(1))->said.record, "two");
  EXPECT_FALSE(*board.put(peer(1), said(1, "two", 99), kNow));  // known
  EXPECT_EQ(board.size(), 1u);
}

TEST(Board, OfOneMillisecondAllBoardsKeepTheSame) {
  Board one, two;
  for (const char* record : {"a", "b", "c"})
    static_cast<void>(one.put(peer(1), said(1, record, 5), kNow).has_value());
  for (const char* record : {"c", "a", "b"})
    static_cast<void>(two.put(peer(2), said(1, record, 5), kNow).has_value());
  EXPECT_EQ(one.find(key(1))->said.digest, two.find(key(1))->said.digest);
}

TEST(Board, ARemovalStaysSoThatWhatIsOlderDoesNotComeBack) {
  Board board;
  EXPECT_TRUE(*board.put(peer(1), said(1, "value", 100), kNow));
  Shared removal = said(1, "name", 50);
  removal.is_removal = true;
  EXPECT_TRUE(*board.put(peer(1), removal, kNow));
  EXPECT_EQ(board.put(peer(2), said(1, "value", 100), kNow).error(), Errc::mesh_outdated);
  EXPECT_TRUE(board.find(key(1))->said.is_removal);
}

TEST(Board, WhatIsDatedAheadIsRefused) {
  Board board;
  EXPECT_EQ(board.put(peer(1), said(1, "x", -31'000), kNow).error(), Errc::mesh_from_future);
  EXPECT_TRUE(board.put(peer(1), said(1, "x", -29'000), kNow));
  EXPECT_EQ(board.counters().from_future, 1u);
}

TEST(Board, WhoFloodsItPushesOutItsOwn) {
  Board board({.bytes_max = 20'000, .entries_max = 1'000});
  EXPECT_TRUE(*board.put(peer(1), said(1'000, "quiet", 900'000), kNow));
  for (int i = 0; i < 200; ++i)
    EXPECT_TRUE(board.put(peer(2), said(i, std::string(500, 'x'), 500 - i), kNow));
  EXPECT_NE(board.find(key(1'000)), nullptr);
  EXPECT_EQ(board.find(key(0)), nullptr);
  EXPECT_NE(board.find(key(199)), nullptr);
  EXPECT_LE(board.bytes(), 20'000u);
  EXPECT_GT(board.counters().evicted, 0u);
}

TEST(Board, WhatIsTooLargeForItIsRefused) {
  Board board({.bytes_max = 1'000, .entries_max = 10});
  EXPECT_EQ(board.put(peer(1), said(1, std::string(1'000, 'x'), 1), kNow).error(), Errc::too_large);
  EXPECT_EQ(board.size(), 0u);
}

TEST(Board, ARecordFillsOnlyWhatWasSaidOfIt) {
  Board board;
  Shared bare = said(1, "record", 10);
  const http::Body record = std::exchange(bare.record, nullptr);
  EXPECT_TRUE(*board.put(peer(1), bare, kNow));
  EXPECT_EQ(board.find_record(bare.digest), nullptr);
  EXPECT_FALSE(board.fill(key(1), crypto::sha256(as_bytes("other")), http::make_body("other")));
  EXPECT_TRUE(board.fill(key(1), bare.digest, record));
  EXPECT_FALSE(board.fill(key(1), bare.digest, record));
  EXPECT_EQ(*board.find_record(bare.digest), "record");
}

TEST(Board, WhoIsExpelledIsForgotten) {
  Board board;
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(board.put(peer(i % 2), said(i, "x" + std::to_string(i), 10), kNow));
  board.forget(peer(1));
  EXPECT_EQ(board.size(), 5u);
  board.forget(peer(0));
  EXPECT_EQ(board.size(), 0u);
  EXPECT_EQ(board.bytes(), 0u);
}

// Against a table that does it slowly.
TEST(Board, AgreesWithAModel) {
  Random random(7);
  Board board({.bytes_max = 1 << 20, .entries_max = 100'000});
  std::map<int, Shared> model;
  for (int i = 0; i < 20'000; ++i) {
    const int number = static_cast<int>(random.below(50));
    Shared next = said(number, "r" + std::to_string(random.below(3)),
                       static_cast<std::int64_t>(random.below(200)));
    next.is_removal = random.below(4) == 0;
    const auto found = model.find(number);
    const auto rank = [](const Shared& s) { return std::tuple(s.said_at, s.is_removal, s.digest); };
    const bool is_news = found == model.end() || rank(next) > rank(found->second);
    const auto posted = board.put(peer(static_cast<int>(random.below(3))), next, kNow);
    ASSERT_EQ(posted.has_value() && *posted, is_news);
    if (is_news) model[number] = next;
  }
  EXPECT_EQ(board.size(), model.size());
  for (const auto& [number, shared] : model) EXPECT_EQ(board.find(key(number))->said, shared);
}

}  // namespace
}  // namespace ghmesh::mesh
