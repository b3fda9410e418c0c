// SPDX-License-Identifier: Apache-2.0 OR MIT
// Bytes that wait in order, in one piece: written at the end, taken from the front.
//
// Its memory is not cleared before it is written (every byte is). It is kept while much passes through, and given back
// when it runs empty after little did: the next keepalive frees what a large transfer has left behind.
#pragma once

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/check.h"

namespace ghmesh {

class ByteQueue {
 public:
  std::size_t size() const { return end_ - begin_; }
  bool is_empty() const { return begin_ == end_; }
  ByteView bytes() const { return {memory_.get() + begin_, size()}; }

  // Space behind the last byte. What was written there counts after commit() of the same size.
  MutableByteView prepare(std::size_t bytes_count) {
    if (capacity_ - end_ < bytes_count) make_room(bytes_count);
    return {memory_.get() + end_, bytes_count};
  }
  void commit(std::size_t bytes_count) {
    end_ += bytes_count;
    most_ = std::max(most_, size());
  }

  void push(ByteView bytes) {
    std::ranges::copy(bytes, prepare(bytes.size()).begin());
    commit(bytes.size());
  }

  void pop(std::size_t bytes_count) {
    GHMESH_CHECK(bytes_count <= size());
    begin_ += bytes_count;
    if (!is_empty()) return;
    if (most_ < capacity_ / kUnusedPart) {
      memory_.reset();
      capacity_ = 0;
    }
    begin_ = end_ = most_ = 0;
  }

  std::size_t capacity() const { return capacity_; }

 private:
  void make_room(std::size_t bytes_count) {
    const std::size_t needed = size() + bytes_count;
    // When it has grown already, to twice what is needed: many small pieces would otherwise move each other for ever.
    const std::size_t grown = needed <= capacity_ / 2 ? capacity_ : 2 * needed;
    const std::size_t capacity = std::max(is_empty() ? needed : grown, kBytesMin);
    auto memory = std::make_unique_for_overwrite<std::byte[]>(capacity);
    std::ranges::copy(bytes(), memory.get());
    memory_ = std::move(memory);
    end_ = size();
    begin_ = 0;
    capacity_ = capacity;
  }

  static constexpr std::size_t kBytesMin = 256;  // a handshake message
  static constexpr std::size_t kUnusedPart = 8;

  std::unique_ptr<std::byte[]> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
  std::size_t most_ = 0;  // bytes that waited at once since it was empty
};

}  // namespace ghmesh
