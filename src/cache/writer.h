// SPDX-License-Identifier: Apache-2.0 OR MIT
// Writer: the thread that brings entries to disk, many in one commit, because a sync costs 200 us and a row almost
// nothing.
//
// Its queue is bounded in count and bytes. What does not fit is not written (counted; the entry stays in memory), so a
// slow disk can never hold up an answer. Until an entry is on disk it is found in the queue.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "cache/cache.h"
#include "cache/memory_tier.h"
#include "cache/principals.h"
#include "cache/row_writer.h"

namespace ghmesh::cache {

struct WriterOptions {
  std::uint64_t disk_bytes_max = 0;
  std::function<WallTime()> clock;
};

struct WriterStats {
  std::atomic<std::uint64_t> dropped_count{0};
  std::atomic<std::uint64_t> evicted_count{0};
  std::atomic<std::uint64_t> faults_count{0};
};

// A candidate's row, made by the caller, who has the request key.
struct CandidateRow {
  RowKey at{};
  Bytes sealed;
};

class Writer {
 public:
  Writer(std::shared_ptr<LmdbStore> store, MemoryTier& memory, WriterOptions options);
  ~Writer();  // writes what is queued
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  enum class Wait {
    none,      // dropped where there is no room
    for_room,  // a while
    until_synced,
  };
  struct Put {
    MemoryKey key;
    RowKey row{};
    EntryRef entry;
    PrincipalRef principal;
    std::optional<CandidateRow> candidate;
    std::optional<Name> name;   // listed under it
    std::size_t names_max = 0;  // of its partition: beyond, the longest unused go; 0: no limit
  };
  // Errors, when waiting only: those of the store; timed_out when the disk is stuck (it may still be written later).
  Result<void> put(Put put, Wait wait);
  void erase(const MemoryKey& key, const RowKey& row);
  Result<void> erase_all();
  // Everything of this partition that has a name. How many there were.
  Result<std::size_t> erase_partition(PrincipalRef principal);
  Result<void> flush();
  bool is_idle();  // nothing waits to be written

  struct Pending {
    bool is_pending = false;
    EntryRef entry;  // null: erased
  };
  Pending find(const MemoryKey& key);

  RowWriter& rows() { return rows_; }
  const WriterStats& stats() const { return stats_; }

 private:
  enum class Kind { put, erase, erase_all, erase_partition, touch, barrier };
  struct Waiter {
    bool is_done = false;
    Error error;
    std::size_t rows_count = 0;  // of erase_partition
  };
  struct Change {
    Kind kind = Kind::barrier;
    Put put;  // of an erasure and a touch: key and row
    std::uint64_t version = 0;
    std::shared_ptr<Waiter> waiter;
  };
  struct Queued {
    EntryRef entry;
    std::uint64_t version = 0;
  };
  struct SlotMarks {
    RowKey row{};
    std::uint64_t before = 0;
    std::uint64_t after = 0;
  };
  using Marks = std::unordered_map<std::size_t, SlotMarks>;

  std::shared_ptr<Waiter> enqueue(Change change, Wait wait);
  Result<void> await(const std::shared_ptr<Waiter>& waiter);
  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  std::vector<Change> take_group();
  void write_group(std::vector<Change>& group);
  Result<void> apply(std::vector<Change>& group, Marks& marks);
  Result<void> apply_one(WriteTransaction& transaction, Change& change, PreparedRow& prepared,
                         std::uint32_t last_use);
  Result<std::size_t> erase_names(WriteTransaction& transaction,
                                  const github::Principal& principal);
  const PartitionTag& tag_of(const PrincipalRef& principal);
  Result<void> limit_names(WriteTransaction& transaction, const Put& put);
  Result<void> make_room(std::uint64_t bytes_count);
  void confirm(const std::vector<Change>& group, const Marks& marks, bool is_written);
  void finish(const std::vector<Change>& group, const Result<void>& result);
  void note_result(const Result<void>& result);
  void keep_house();

  std::shared_ptr<LmdbStore> store_;
  MemoryTier& memory_;
  WriterOptions options_;
  WriterStats stats_;
  RowWriter rows_;
  Random random_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::deque<Change> queue_;
  std::unordered_map<MemoryKey, Queued, MemoryKeyHash> queued_;
  std::atomic<std::size_t> queued_count_{
      0};  // of queued_; so that a lookup takes no lock when nothing waits
  std::uint64_t queue_bytes_ = 0;
  std::uint64_t next_version_ = 1;
  std::size_t waiters_count_ = 0;
  bool is_stopping_ = false;

  PrincipalRef tagged_;  // whose partition's tag_ this is
  PartitionTag tag_{};
  std::vector<RowKey>
      evicted_rows_;  // of the group that is being written, beyond the limit of their partition
  bool is_failing_ = false;  // of the writing thread only, like what follows
  Instant next_reader_check_{};
  Instant next_touch_{};
  std::thread thread_;  // last: it uses all the others
};

}  // namespace ghmesh::cache
