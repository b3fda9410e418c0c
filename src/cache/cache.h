// SPDX-License-Identifier: Apache-2.0 OR MIT
// The cache: entries in memory for speed, in LMDB for life, sealed so that they cannot be read without the credential.
//
// Thread-safe. find() of an entry that is in memory takes no lock that a writer holds for long, and no other thread.
// put() returns when the entry is readable by this process (fast) or synced to disk (durable); in fast mode a bounded
// queue commits within milliseconds, and a crash may lose the last of them. Nothing is ever torn.
//
// Several processes share one directory. Each sees the others' commits at once: a small shared table of generations
// tells a process which of its in-memory entries another process has replaced. After fork() the child goes on with a
// store of its own opening and an empty memory; nothing of the parent's is touched.
//
// The entries of one principal cannot be listed: where they are is as secret as what they say. Those that are put with
// put_named() can: a program's own values.
//
// Any fault of the store degrades to "not found": the caller then asks GitHub. Faults are counted, and logged once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "cache/entry.h"
#include "cache/fork_count.h"
#include "crypto/secret.h"
#include "github/principal.h"

namespace ghmesh::cache {

enum class Durability { fast, durable };

// What is known of the entries of other principals: bodies worth a free proof with the asking principal's own
// credential.
enum class Candidates {
  off,
  memory,  // those that this process stored or loaded
  disk,  // also those of earlier processes. It keeps, sealed under the local secret, what opens them: whoever reads
         // both the store and the local secret can then read the bodies without a credential.
};

struct Options {
  std::filesystem::path directory;  // created 0700; empty: memory only
  Durability durability = Durability::fast;
  std::uint64_t disk_bytes_max = 1ull << 30;      // all of the store's pages
  std::uint64_t memory_bytes_max = 256ull << 20;  // bodies and heads of entries in memory
  Candidates candidates = Candidates::memory;
  // For Candidates::disk: 32 bytes (cache/secret_file.h); without it: memory.
  crypto::Secret local_secret;
  std::function<WallTime()> clock;  // for the times of last use; empty: the system's
};

struct Stats {
  std::uint64_t entries_count = 0;  // on disk
  std::uint64_t disk_bytes = 0;
  std::uint64_t memory_entries_count = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_hits = 0, disk_hits = 0, misses = 0;
  std::uint64_t puts = 0, puts_dropped = 0;  // dropped: the write queue was full
  std::uint64_t evictions_disk = 0, evictions_memory = 0;
  std::uint64_t seal_failures = 0, store_faults = 0, quarantines = 0;
  bool is_on_disk = false;  // false: running from memory only
};

class Cache {
 public:
  // Opens or creates the store. A damaged one is set aside (quarantine-*) and a new one begun; an unusable directory
  // (read only, full, unsafe owner) leaves a cache that works from memory, and says so in Stats and the log. Errors:
  // store_unsafe only, when the directory belongs to somebody else: that is refused, not repaired.
  static Result<std::unique_ptr<Cache>> open(Options options);
  ~Cache();  // flushes the queue

  // The entry of this principal for this canonical key (github::KeyedRequest::text); null when there is none.
  EntryRef find(const github::Principal& principal, std::string_view key);

  // Replaces. A body of more than kEntryBodyBytesMax is refused with too_large. In durable mode an error says that the
  // entry is not on disk (store_full, store_failed, timed_out); it is in memory all the same.
  Result<void> put(const github::Principal& principal, std::string_view key, EntryRef entry);

  // As put(), and the key can be listed. It waits for room in the queue instead of dropping. `names_max`: of this
  // principal; beyond, those that were unused and written the longest ago go; 0: no limit. Errors also: timed_out (the
  // disk is stuck), store_failed (not on disk at all, where durable).
  struct Named {
    std::int64_t written_at = 0;  // milliseconds since 1970
    std::size_t names_max = 0;
  };
  Result<void> put_named(const github::Principal& principal, std::string_view key, EntryRef entry,
                         Named named);
  // What put_named() has put, in no order, as it is on disk now: what is queued is written first. `visit` returns false
  // to end; it may put and erase. Errors: store_failed, timed_out.
  using VisitName = std::function<bool(const std::string& key, std::int64_t written_at)>;
  Result<void> for_each_name(const github::Principal& principal, const VisitName& visit);
  Result<std::uint64_t> names_count(const github::Principal& principal);
  Result<std::size_t> erase_named(const github::Principal& principal);  // all; how many there were

  // The most recent entry that another principal holds for this key, among those known (Options::candidates); null when
  // there is none. It may only be served after the asking principal's own credential has proven it.
  EntryRef find_candidate(const github::Principal& asking, std::string_view key);

  void erase(const github::Principal& principal, std::string_view key);
  void erase_all();      // every principal
  Result<void> flush();  // returns when everything put before is synced

  Stats stats() const;

 private:
  struct State;
  explicit Cache(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::cache
