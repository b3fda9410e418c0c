// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/secret_memory.h"

#include <pthread.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "crypto/sodium.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(0)
#endif

namespace ghmesh::crypto {
namespace {

// Keys and today's classic tokens; stateless tokens of about 520 characters; the longest Authorization.
constexpr std::array<std::size_t, 3> kSlotBytes = {64, 640, 4224};
// One chunk of each class is 192 KiB: within the 8 MiB that Debian lets a user lock.
constexpr std::size_t kChunkBytes = 64 * 1024;

class SecretPool {
 public:
  std::byte* take(std::size_t bytes_count);
  void give_back(std::byte* memory, std::size_t bytes_count) noexcept;
  std::mutex& mutex() { return mutex_; }

 private:
  static std::size_t class_of(std::size_t bytes_count);
  void add_chunk(std::size_t slot_class);
  void lock_in_memory(std::byte* begin);

  std::mutex mutex_;
  std::array<std::vector<std::byte*>, kSlotBytes.size()> free_;  // room for every slot that exists
  std::array<std::size_t, kSlotBytes.size()> slots_count_{};
  bool has_warned_ = false;
};

// Never destroyed: secrets of static storage are given back after everything else.
SecretPool& pool() {
  static SecretPool& instance = []() -> SecretPool& {
    start_sodium();
    auto* made = new SecretPool;
    // A child must not inherit a lock that a thread of its parent held.
    pthread_atfork([] { pool().mutex().lock(); }, [] { pool().mutex().unlock(); },
                   [] { pool().mutex().unlock(); });
    return *made;
  }();
  return instance;
}

std::size_t SecretPool::class_of(std::size_t bytes_count) {
  std::size_t slot_class = 0;
  while (slot_class < kSlotBytes.size() && kSlotBytes[slot_class] < bytes_count) ++slot_class;
  return slot_class;
}

std::byte* SecretPool::take(std::size_t bytes_count) {
  const std::size_t slot_class = class_of(bytes_count);
  if (slot_class == kSlotBytes.size()) {
    void* memory = sodium_malloc(bytes_count);
    if (memory == nullptr) throw std::bad_alloc();
    sodium_memzero(memory, bytes_count);
    return static_cast<std::byte*>(memory);
  }
  const std::lock_guard lock(mutex_);
  if (free_[slot_class].empty()) add_chunk(slot_class);
  std::byte* memory = free_[slot_class].back();
  free_[slot_class].pop_back();
  ASAN_UNPOISON_MEMORY_REGION(memory, bytes_count);
  return memory;
}

void SecretPool::give_back(std::byte* memory, std::size_t bytes_count) noexcept {
  const std::size_t slot_class = class_of(bytes_count);
  if (slot_class == kSlotBytes.size()) return sodium_free(memory);  // which zeroes it
  sodium_memzero(memory, bytes_count);
  ASAN_POISON_MEMORY_REGION(memory, kSlotBytes[slot_class]);
  const std::lock_guard lock(mutex_);
  free_[slot_class].push_back(memory);  // add_chunk() has reserved the room
}

void SecretPool::add_chunk(std::size_t slot_class) {
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* mapped =
      mmap(nullptr, kChunkBytes + 2 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  std::byte* begin = static_cast<std::byte*>(mapped) + page_bytes;
  if (mprotect(begin, kChunkBytes, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapped, kChunkBytes + 2 * page_bytes);
    throw std::bad_alloc();
  }
  lock_in_memory(begin);

  const std::size_t added_count = kChunkBytes / kSlotBytes[slot_class];
  slots_count_[slot_class] += added_count;
  free_[slot_class].reserve(slots_count_[slot_class]);
  for (std::size_t i = added_count; i-- > 0;)
    free_[slot_class].push_back(begin + i * kSlotBytes[slot_class]);
  ASAN_POISON_MEMORY_REGION(begin, kChunkBytes);
}

// Out of core dumps always, out of swap where the limit allows. Without the lock ghmesh still works, so this only
// warns.
void SecretPool::lock_in_memory(std::byte* begin) {
  if (sodium_mlock(begin, kChunkBytes) == 0 || has_warned_) return;
  has_warned_ = true;
  log::warn("secrets_not_locked", {{"why", "ulimit -l is too small: secrets may be swapped out"}});
}

}  // namespace

std::byte* take_secret_memory(std::size_t bytes_count) {
  GHMESH_CHECK(bytes_count > 0);
  return pool().take(bytes_count);
}

void give_secret_memory_back(std::byte* memory, std::size_t bytes_count) noexcept {
  pool().give_back(memory, bytes_count);
}

}  // namespace ghmesh::crypto
