// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/byte_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace ghmesh {
namespace {

TEST(ByteQueue, GivesBackWhatWasPushed) {
  ByteQueue queue;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    queue.push(as_bytes(piece));
    expected += piece;
    const std::size_t taken = queue.size() * 2 / 5;
    EXPECT_EQ(as_text(queue.bytes()), expected);
    queue.pop(taken);
    expected.erase(0, taken);
  }
  queue.pop(queue.size());
  EXPECT_TRUE(queue.is_empty());
}

TEST(ByteQueue, KeepsItsMemoryWhileMuchPassesAndNotAfterwards) {
  ByteQueue queue;
  for (int i = 0; i < 3; ++i) {
    queue.push(Bytes(100'000));
    queue.pop(100'000);
    EXPECT_GE(queue.capacity(), 100'000u);
  }
  queue.push(Bytes(100));
  queue.pop(100);
  EXPECT_EQ(queue.capacity(), 0u);
}

}  // namespace
}  // namespace ghmesh
