// SPDX-License-Identifier: Apache-2.0 OR MIT
// Generations: how processes that share a store learn that a row they hold in memory was replaced by another.
//
// A file of counters that all of them map: one for every 1/65,536 of the row keys, and one for all. A reader remembers
// the counters (its mark) *before* it reads a row; whoever changes a row counts up before the commit and again after
// it. So a mark that still matches belongs to what is on disk. Two rows that share a counter cost each other one
// needless read.
//
// The count before the commit is for a writer that is killed before the one after it: long-held copies are then already
// dropped, and only what was read within that one commit may live on, until its own lifetime ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "cache/record.h"

namespace ghmesh::cache {

class Generations {
 public:
  // Maps the file, creating it (0600). Its blocks are allocated at once: a write to a mapped hole on a full disk would
  // kill the process. Errors: store_full, store_failed.
  static Result<std::unique_ptr<Generations>> open(const std::filesystem::path& file);
  ~Generations();
  Generations(const Generations&) = delete;
  Generations& operator=(const Generations&) = delete;

  std::uint64_t mark(const RowKey& row) const {
    const std::uint64_t all = counters_[kSlotsCount].load(std::memory_order_acquire);
    return (all << 32) | counters_[slot_of(row)].load(std::memory_order_acquire);
  }
  // Returns the mark that this change leaves, if nobody else's came in between.
  std::uint64_t count_up(const RowKey& row) {
    const std::uint64_t all = counters_[kSlotsCount].load(std::memory_order_acquire);
    return (all << 32) | (counters_[slot_of(row)].fetch_add(1, std::memory_order_acq_rel) + 1);
  }
  static std::size_t slot_of(const RowKey& row) {
    return load_big_endian<std::uint16_t>(ByteView(row).first(2));
  }
  void count_up_all() { counters_[kSlotsCount].fetch_add(1, std::memory_order_acq_rel); }

 private:
  using Counter = std::atomic<std::uint32_t>;
  static_assert(Counter::is_always_lock_free, "counters are shared between processes");
  // 256 KiB; 100,000 entries share 1.5 to a slot.
  static constexpr std::size_t kSlotsCount = 65'536;

  explicit Generations(Counter* counters) : counters_(counters) {}

  Counter* counters_;  // kSlotsCount of rows, then one for all
};

}  // namespace ghmesh::cache
