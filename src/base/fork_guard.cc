// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace ghmesh {
namespace {

using Word = std::atomic<std::uint64_t>;
constexpr int kWordBits = 64;
constinit std::array<Word, kMarkedDescriptorsMax / kWordBits> marked{};

bool is_in_range(int descriptor) { return descriptor >= 0 && descriptor < kMarkedDescriptorsMax; }
Word& word_of(int descriptor) { return marked[static_cast<std::size_t>(descriptor / kWordBits)]; }
std::uint64_t bit_of(int descriptor) { return std::uint64_t{1} << (descriptor % kWordBits); }

// Between fork() and exec() only what is async-signal-safe may be called: this is.
void close_marked() {
  for (int first = 0; first < kMarkedDescriptorsMax; first += kWordBits) {
    const std::uint64_t bits = word_of(first).exchange(0);
    for (int i = 0; bits != 0 && i < kWordBits; ++i)
      if ((bits >> i & 1) != 0) ::close(first + i);
  }
}

}  // namespace

void mark_ours(int descriptor) {
  if (is_in_range(descriptor))
    word_of(descriptor).fetch_or(bit_of(descriptor), std::memory_order_relaxed);
}

void unmark_ours(int descriptor) {
  if (is_in_range(descriptor))
    word_of(descriptor).fetch_and(~bit_of(descriptor), std::memory_order_relaxed);
}

void close_ours_in_children() {
  static std::once_flag once;
  std::call_once(once, [] { ::pthread_atfork(nullptr, nullptr, close_marked); });
}

}  // namespace ghmesh
