// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which numbers of one author were heard: the highest, and a bit for each of those right below it. What is below those
// counts as heard. Private to the room.
#pragma once

#include <array>
#include <cstdint>

namespace ghmesh::mesh {

class ReplayWindow {
 public:
  // An author's messages overtake each other on their ways by seconds; this many in some seconds is a lot.
  static constexpr std::uint64_t kBits = 512;
  using Words = std::array<std::uint64_t, kBits / 64>;

  ReplayWindow() = default;
  ReplayWindow(std::uint64_t highest, const Words& words) : highest_(highest), words_(words) {}

  // False: it was heard, or may have been.
  bool take(std::uint64_t seqno) {
    if (seqno > highest_ || is_empty()) {
      if (!is_empty()) shift(seqno - highest_);
      highest_ = seqno;
      words_[0] |= 1;
      return true;
    }
    const std::uint64_t distance = highest_ - seqno;
    if (distance >= kBits) return false;
    std::uint64_t& word = words_[distance / 64];
    const std::uint64_t bit = std::uint64_t{1} << distance % 64;
    if ((word & bit) != 0) return false;
    word |= bit;
    return true;
  }

  bool is_empty() const { return (words_[0] & 1) == 0; }
  std::uint64_t highest() const { return highest_; }
  const Words& words() const { return words_; }

 private:
  void shift(std::uint64_t distance) {
    if (distance >= kBits) {
      words_ = {};
      return;
    }
    const std::size_t whole = distance / 64;
    const unsigned rest = distance % 64;
    for (std::size_t i = words_.size(); i-- > 0;) {
      const std::uint64_t upper = i >= whole ? words_[i - whole] : 0;
      const std::uint64_t lower = i > whole ? words_[i - whole - 1] : 0;
      words_[i] = rest == 0 ? upper : upper << rest | lower >> (64 - rest);
    }
  }

  std::uint64_t highest_ = 0;
  Words words_{};  // bit i: highest_ - i was heard
};

}  // namespace ghmesh::mesh
