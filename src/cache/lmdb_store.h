// SPDX-License-Identifier: Apache-2.0 OR MIT
// LmdbStore: the tables on disk. It moves sealed rows and bodies; what is in them only a record's key can tell.
//
// LMDB's rules, which this class keeps so that nobody else must know them:
//   - one environment per file and process (a second one would drop the first one's locks): open() gives the same one;
//   - none of it may be used after fork: the child opens anew, the parent's stays untouched (fork_count);
//   - a reader that lingers keeps every page alive: values are copied out, and a read ends within microseconds;
//   - MDB_NOSYNC, MDB_WRITEMAP and MDB_MAPASYNC are never set: they trade integrity for speed;
//   - after a failed write of the meta page the environment is dead: it is opened anew, and the write is reported.
// Thread-safe.
#pragma once

#include <lmdb.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "cache/fork_count.h"
#include "cache/generations.h"
#include "cache/names.h"
#include "cache/owners.h"
#include "cache/record.h"

namespace ghmesh::cache {

// Plain tables only: this version of LMDB has known faults in the other kinds.
//   rows        row key -> row
//   bodies      body id, growing -> sealed body
//   body_refs   body id -> how many rows hold it; only where that is more than one
//   candidates  see cache/candidates.h
//   names       row key -> partition tag, sealed name; only for rows that can be listed (cache/names.h)
//   counts      partition tag -> how many names it has
//   meta        "format" -> version
enum class Table { rows, bodies, body_refs, candidates, names, counts, meta };
inline constexpr std::array kTableNames{"rows",  "bodies", "body_refs", "candidates",
                                        "names", "counts", "meta"};
inline constexpr unsigned kTablesMax = 8;

Error error_of_lmdb(int rc);
// LMDB's code; MDB_NOTFOUND at the end.
int read_names_after(MDB_txn* txn, MDB_dbi table, const std::optional<RowKey>& after,
                     std::size_t names_max, std::vector<NamedRow>& out);

// One write transaction. Every call reports LMDB's refusal; after one the transaction can only be dropped.
class WriteTransaction {
 public:
  Result<std::optional<ByteView>> get(Table table, ByteView key);
  Result<void> put(Table table, ByteView key, ByteView value);
  Result<void> erase(Table table, ByteView key);

  // A row with all that hangs on it: the body goes with the last row that holds it.
  Result<void> put_row(const RowKey& key, ByteView row);
  Result<void> erase_row(const RowKey& key);
  // Only the time of last use; nothing happens when the row is gone.
  Result<void> touch_row(const RowKey& key, std::uint32_t last_use);

  Result<BodyId> add_body(ByteView sealed);
  Result<void> hold_body(BodyId id);  // one more row holds it
  Result<std::optional<ByteView>> get_body(BodyId id);

  // The first rows at or after this key, in order, round the end; at most rows_max.
  struct Row {
    RowKey key;
    std::uint32_t last_use = 0;
    std::uint64_t bytes = 0;  // with its body
  };
  Result<std::vector<Row>> rows_from(const RowKey& key, std::size_t rows_max);

  // Beside a row that was just put. `name` is what cache/names.h makes: the tag, and behind it what is sealed.
  Result<void> put_name(const RowKey& key, ByteView name);
  Result<std::uint64_t> names_count(const PartitionTag& tag);
  // The names after this row's, in order of rows, those of other partitions too; at most names_max.
  Result<std::vector<NamedRow>> names_after(const std::optional<RowKey>& after,
                                            std::size_t names_max);

  // Removes candidates from this key on, round the end, while there are more of them than rows; a few thousand at most.
  Result<void> trim_candidates(const RowKey& from);

  Result<void> erase_everything();
  std::uint64_t used_bytes() const;  // pages in use by the tables
  std::uint64_t rows_count() const;

 private:
  friend class LmdbStore;
  WriteTransaction(MDB_txn* txn, const std::array<MDB_dbi, kTableNames.size()>& tables)
      : txn_(txn), tables_(tables) {}
  MDB_dbi dbi(Table table) const { return tables_[static_cast<std::size_t>(table)]; }
  Result<void> drop_body(BodyId id);
  Result<void> drop_name(const RowKey& key);
  Result<void> count_name(ByteView name, int difference);

  MDB_txn* txn_;
  const std::array<MDB_dbi, kTableNames.size()>& tables_;
};

struct StoreOptions {
  std::filesystem::path directory;
  std::uint64_t disk_bytes_max = 0;
};

class LmdbStore {
 public:
  struct Opened {
    std::shared_ptr<LmdbStore> store;
    bool is_quarantined = false;  // a damaged file was set aside
  };
  // The directory is prepared already (cache/directory.h). Errors: store_unsafe, store_full, store_failed,
  // store_version.
  static Result<Opened> open(const StoreOptions& options);
  ~LmdbStore();
  LmdbStore(const LmdbStore&) = delete;
  LmdbStore& operator=(const LmdbStore&) = delete;

  struct RowAndBody {
    Bytes row;
    std::optional<Bytes> body;  // when the row's lies apart and is there
  };
  Result<std::optional<RowAndBody>> read_row(const RowKey& key);
  Result<std::optional<Bytes>> read(Table table, ByteView key);

  // Runs `change` in one transaction and commits it with a sync. When it returns an error nothing has changed.
  Result<void> write(const std::function<Result<void>(WriteTransaction&)>& change);

  // As WriteTransaction's, from a snapshot of their own.
  Result<std::vector<NamedRow>> names_after(const std::optional<RowKey>& after,
                                            std::size_t names_max);
  Result<std::uint64_t> names_count(const PartitionTag& tag);

  struct Usage {
    std::uint64_t rows_count = 0;
    std::uint64_t used_bytes = 0;
  };
  Usage usage();

  // Frees the slots of readers that died, and tells how many. Call it now and then: a dead reader keeps the file from
  // reusing pages.
  int check_readers();

  struct Shape {
    unsigned flags = 0;  // LMDB's own
    unsigned readers_max = 0;
    std::uint64_t map_bytes = 0;
  };
  Shape shape();

  Generations& generations() { return *generations_; }
  // What was asked for, or less where the map had to be smaller.
  std::uint64_t disk_bytes_max() const { return options_.disk_bytes_max; }

 private:
  explicit LmdbStore(StoreOptions options) : options_(std::move(options)) {}
  Result<void> open_environment();
  void close_environment();
  Result<void> open_tables();
  Result<void> recover(int rc);
  // Calls look(transaction), which returns LMDB's code, in a read transaction.
  template <class F>
  Result<void> read_with(F look);
  int begin_read(MDB_txn*& txn);
  void end_read(MDB_txn* txn);
  MDB_dbi dbi(Table table) const { return tables_[static_cast<std::size_t>(table)]; }
  struct Attempt {
    int rc = 0;  // of LMDB's begin and commit; the change's own errors are its Result
    bool did_begin = false;
  };
  Result<void> try_write(const std::function<Result<void>(WriteTransaction&)>& change,
                         Attempt& attempt);

  StoreOptions options_;
  std::unique_ptr<Owners> owners_;
  std::unique_ptr<Generations> generations_;

  // Held shared by every transaction; held alone to close, reopen or resize the environment.
  std::shared_mutex environment_mutex_;
  MDB_env* env_ = nullptr;
  std::array<MDB_dbi, kTableNames.size()> tables_{};

  // Read transactions at rest: renewing one costs a tenth of beginning one.
  std::mutex readers_mutex_;
  std::vector<MDB_txn*> idle_readers_;
};

}  // namespace ghmesh::cache
