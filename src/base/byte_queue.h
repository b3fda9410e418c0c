// SPDX-License-Identifier: Apache-2.0 OR MIT
// Bytes that wait in order, in one piece: written at the end, taken from the front.
//
// Its memory is not cleared before it is written (every byte is). It is kept while much passes through, also with
// little in between, and given back when only little has passed a few times: what a large transfer has left behind goes
// with the next few small messages.
#pragma once

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/check.h"

namespace ghmesh {

class ByteQueue {
 public:
  ByteQueue() = default;
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

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
    copy_to(prepare(bytes.size()), bytes);
    commit(bytes.size());
  }

  void pop(std::size_t bytes_count) {
    GHMESH_CHECK(bytes_count <= size());
    begin_ += bytes_count;
    if (!is_empty() || bytes_count == 0) return;
    begin_ = end_ = 0;
    note_quiet();
  }

  // Little passes at the moment. pop() says so itself; for an owner that knows of messages which took another way.
  void note_quiet() {
    if (!is_empty()) return;
    if (most_ < capacity_ / kUnusedPart) release();
    else most_ /= 2;
  }

  // The memory that it holds: at most twice what waited at once, or kBytesMin.
  std::size_t capacity() const { return capacity_; }
  // Gives its memory back at once. Only when it is empty.
  void release() {
    GHMESH_CHECK(is_empty());
    memory_.reset();
    begin_ = end_ = most_ = capacity_ = 0;
  }

 private:
  void make_room(std::size_t bytes_count) {
    const std::size_t needed = size() + bytes_count;
    // Half of the memory stands free in front: many small pieces do not move each other for ever, nor overlap.
    const bool has_room_in_front = needed <= capacity_ / 2;
    if (!has_room_in_front) {
      // When it has grown already, to twice what is needed.
      capacity_ = std::max(is_empty() ? needed : 2 * needed, kBytesMin);
      auto memory = std::make_unique_for_overwrite<std::byte[]>(capacity_);
      copy_to({memory.get(), capacity_}, bytes());
      memory_ = std::move(memory);
    } else {
      copy_to({memory_.get(), capacity_}, bytes());
    }
    end_ = size();
    begin_ = 0;
  }

  static constexpr std::size_t kBytesMin = 256;  // a handshake message
  static constexpr std::size_t kUnusedPart = 8;

  std::unique_ptr<std::byte[]> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
  std::size_t most_ = 0;  // bytes that waited at once, halved whenever it runs empty
};

}  // namespace ghmesh
