// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/byte_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace ghmesh {
namespace {

TEST(ByteQueue, GivesBackWhatWasPushed) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    ByteQueue queue;
    std::string expected;
    std::size_t most = 0;
    for (int i = 0; i < 1000; ++i) {
      const std::string piece(random.below(97), static_cast<char>('a' + i % 26));
      queue.push(as_bytes(piece));
      expected += piece;
      most = std::max(most, expected.size());
      ASSERT_EQ(as_text(queue.bytes()), expected) << "seed " << seed;
      const std::size_t taken = random.below(queue.size() + 1);
      queue.pop(taken);
      expected.erase(0, taken);
    }
    EXPECT_LE(queue.capacity(), 2 * most + 256);
    queue.pop(queue.size());
    EXPECT_TRUE(queue.is_empty());
  }
}

TEST(ByteQueue, TakesWhatWasWrittenIntoIt) {
  ByteQueue queue;
  std::ranges::copy(as_bytes("hello there"), queue.prepare(20).begin());
  EXPECT_TRUE(queue.is_empty());
  queue.commit(5);
  EXPECT_EQ(as_text(queue.bytes()), "hello");
}

TEST(ByteQueue, KeepsItsMemoryWhileMuchPassesAndNotAfterwards) {
  ByteQueue queue;
  const auto pass = [&](std::size_t bytes_count) {
    queue.push(Bytes(bytes_count));
    queue.pop(bytes_count);
  };
  for (int i = 0; i < 10; ++i) {
    pass(100'000);
    EXPECT_GE(queue.capacity(), 100'000u);
    pass(100);
    EXPECT_GE(queue.capacity(), 100'000u);
    queue.pop(0);  // nothing happens
  }
  for (int i = 0; i < 5; ++i) pass(100);
  EXPECT_LE(queue.capacity(), 256u);
}

TEST(ByteQueue, GivesItsMemoryBackWhenItIsToldOfQuiet) {
  ByteQueue queue;
  queue.push(Bytes(100'000));
  for (int i = 0; i < 10; ++i) queue.note_quiet();
  EXPECT_EQ(queue.size(), 100'000u);  // not while something waits
  queue.pop(100'000);
  for (int i = 0; i < 4; ++i) queue.note_quiet();
  EXPECT_EQ(queue.capacity(), 0u);
}

TEST(ByteQueue, ReleasesItsMemoryWhenAsked) {
  ByteQueue queue;
  queue.push(Bytes(100'000));
  queue.pop(100'000);
  queue.release();
  EXPECT_EQ(queue.capacity(), 0u);
  queue.push(as_bytes("again"));
  EXPECT_EQ(as_text(queue.bytes()), "again");
}

}  // namespace
}  // namespace ghmesh
