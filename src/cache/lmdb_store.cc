// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/lmdb_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <string>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "base/time.h"
#include "cache/directory.h"
#include "cache/probe.h"
#include "crypto/random.h"

namespace ghmesh::cache {
namespace {

// LMDB's default of 126 is less than the threads of eight busy processes.
constexpr unsigned kReadersMax = 4096;
constexpr std::size_t kIdleReadersMax = 64;
// Only addresses, not memory; room for any quota and its scattered pages. Where ulimit -v forbids it, less.
constexpr std::array<std::uint64_t, 4> kMapBytes{64ull << 30, 16ull << 30, 4ull << 30, 1ull << 30};
constexpr int kOpenTriesMax = 10;  // another process may be opening or closing at this instant
constexpr std::uint32_t kFormatVersion = 1;
// A slot of the lock file, and its head; measured, and LMDB fits itself into whatever the file has.
constexpr off_t kLockFileBytes = kReadersMax * 64 + 4096;

// One environment per file and process. Made anew in the child of a fork, where the mutex may be held by a thread that
// the child does not have.
struct ProcessStores {
  using FileId = std::pair<dev_t, ino_t>;
  std::mutex mutex;
  std::map<FileId, std::weak_ptr<LmdbStore>> stores;
};
std::atomic<ProcessStores*> process_stores{nullptr};
std::atomic<std::uint64_t> forks_count{0};

void forget_parent_stores() {
  process_stores.store(new ProcessStores);
  forks_count.fetch_add(1);
}

ProcessStores& this_process_stores() {
  static const bool is_registered = [] {
    process_stores.store(new ProcessStores);
    return ::pthread_atfork(nullptr, nullptr, &forget_parent_stores) == 0;
  }();
  GHMESH_CHECK(is_registered);
  return *process_stores.load();
}

std::optional<ProcessStores::FileId> file_id(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return std::nullopt;
  return ProcessStores::FileId{status.st_dev, status.st_ino};
}

// LMDB maps its lock file and makes it long without filling it: on a full disk the first touch of a hole would kill the
// process. Must not be called while this process has the environment open: closing any descriptor drops all its locks.
Result<void> allocate_lock_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Errc::store_failed;
  const int rc = ::posix_fallocate(fd, 0, kLockFileBytes);
  ::close(fd);
  if (rc == ENOSPC || rc == EDQUOT) return Errc::store_full;
  if (rc != 0) return Errc::store_failed;
  return {};
}

bool quarantine(const std::filesystem::path& directory) {
  const std::string name = "quarantine-" + std::to_string(to_seconds(read_clocks().wall)) + "-" +
                           std::to_string(::getpid());
  std::error_code error;
  std::filesystem::rename(directory / "data.mdb", directory / name, error);
  if (!error) log::warn("store_quarantined", {{"file", (directory / name).string()}});
  return !error;
}

// Only the newest is kept: it is for a person to look at, and a disk that breaks files should not fill with them as
// well.
void remove_older_quarantines(const std::filesystem::path& directory) {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(directory, error))
    if (file.path().filename().string().starts_with("quarantine-"))
      std::filesystem::remove(file.path(), error);
}

MDB_val to_val(ByteView bytes) {
  return {.mv_size = bytes.size(),
          .mv_data = const_cast<void*>(static_cast<const void*>(bytes.data()))};
}
ByteView to_view(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

}  // namespace

std::uint64_t fork_count() {
  this_process_stores();
  return forks_count.load(std::memory_order_relaxed);
}

Error error_of_lmdb(int rc) {
  switch (rc) {
    case ENOSPC:
    case EDQUOT:
    case MDB_MAP_FULL: return make_error_code(Errc::store_full);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID: return make_error_code(Errc::store_corrupt);
    case MDB_VERSION_MISMATCH: return make_error_code(Errc::store_version);
    default: return make_error_code(Errc::store_failed);
  }
}

Result<LmdbStore::Opened> LmdbStore::open(const StoreOptions& options) {
  ProcessStores& process = this_process_stores();
  const std::lock_guard lock(process.mutex);
  const auto id = file_id(options.directory);
  if (!id) return Errc::store_failed;
  if (auto found = process.stores.find(*id); found != process.stores.end())
    if (auto store = found->second.lock()) return Opened{.store = std::move(store)};

  for (const char* name : {"data.mdb", "lock.mdb", "generations", "owners"}) {
    auto checked = check_file(options.directory / name);
    if (!checked) return checked.error();
  }
  bool is_quarantined = false;
  const auto set_aside = [&] {
    remove_older_quarantines(options.directory);
    is_quarantined = quarantine(options.directory);
  };
  auto owners = Owners::attach(options.directory, [&] {
    if (!is_intact(options.directory)) set_aside();
  });
  if (!owners) return owners.error();
  auto generations = Generations::open(options.directory / "generations");
  if (!generations) return generations.error();
  auto allocated = allocate_lock_file(options.directory / "lock.mdb");
  if (!allocated) return allocated.error();

  std::shared_ptr<LmdbStore> store(new LmdbStore(options));
  store->owners_ = std::move(*owners);
  store->generations_ = std::move(*generations);
  auto opened = store->open_environment();
  if (!opened && opened.error() == Errc::store_corrupt) {
    set_aside();
    opened = store->open_environment();
  }
  if (!opened) return opened.error();
  process.stores[*id] = store;
  return Opened{.store = std::move(store), .is_quarantined = is_quarantined};
}

LmdbStore::~LmdbStore() { close_environment(); }

void LmdbStore::close_environment() {
  if (env_ == nullptr) return;
  for (MDB_txn* txn : idle_readers_) mdb_txn_abort(txn);
  idle_readers_.clear();
  mdb_env_close(env_);
  env_ = nullptr;
}

Result<void> LmdbStore::open_environment() {
  Random random(crypto::random_seed());
  std::size_t map_index = 0;
  int rc = 0;
  for (int tries = 0; tries < kOpenTriesMax; ++tries) {
    if (mdb_env_create(&env_) != 0) return Errc::store_failed;
    GHMESH_CHECK(mdb_env_set_maxreaders(env_, kReadersMax) == 0);
    GHMESH_CHECK(mdb_env_set_maxdbs(env_, kTablesMax) == 0);
    GHMESH_CHECK(
        mdb_env_set_mapsize(env_, std::max(kMapBytes[map_index],
                                           map_index == 0 ? 4 * options_.disk_bytes_max : 0)) == 0);
    rc = mdb_env_open(env_, options_.directory.c_str(), MDB_NOTLS | MDB_NORDAHEAD, 0600);
    if (rc == 0) break;
    mdb_env_close(env_);
    env_ = nullptr;
    if (rc == ENOMEM) {
      if (++map_index == kMapBytes.size()) break;
    } else if (rc == EAGAIN || rc == EACCES || rc == EBUSY || rc == EINTR || rc == ENOENT) {
      std::this_thread::sleep_for(Duration(1ms) * (1 + random.below(10)));
    } else {
      break;
    }
  }
  if (rc != 0) return error_of_lmdb(rc);
  // The one descriptor that LMDB leaves to the programs we start.
  int fd = -1;
  if (mdb_env_get_fd(env_, &fd) == 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  // A smaller map than hoped for means a smaller store: the map must never fill.
  MDB_envinfo info{};
  if (mdb_env_info(env_, &info) == 0)
    options_.disk_bytes_max = std::min<std::uint64_t>(options_.disk_bytes_max, info.me_mapsize / 4);
  int dead_count = 0;
  mdb_reader_check(env_, &dead_count);
  auto opened = open_tables();
  if (!opened) close_environment();
  return opened;
}

Result<void> LmdbStore::open_tables() {
  MDB_txn* txn = nullptr;
  int rc = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (rc == MDB_MAP_RESIZED) {
    mdb_env_set_mapsize(env_, 0);
    rc = mdb_txn_begin(env_, nullptr, 0, &txn);
  }
  if (rc != 0) return error_of_lmdb(rc);
  for (std::size_t i = 0; i < kTableNames.size() && rc == 0; ++i)
    rc = mdb_dbi_open(txn, kTableNames[i], MDB_CREATE, &tables_[i]);
  if (rc != 0) {
    mdb_txn_abort(txn);
    return error_of_lmdb(rc);
  }
  WriteTransaction transaction(txn, tables_);
  auto format = transaction.get(Table::meta, as_bytes("format"));
  Bytes version;
  append_big_endian(version, kFormatVersion);
  Result<void> done = format ? Result<void>() : Result<void>(format.error());
  if (done && !format->has_value()) {
    done = transaction.put(Table::meta, as_bytes("format"), version);
  } else if (done && !equal(**format, version)) {
    done = Errc::store_version;
  }
  if (!done) {
    mdb_txn_abort(txn);
    return done;
  }
  rc = mdb_txn_commit(txn);  // costs nothing, not even a sync, when nothing was created
  if (rc != 0) return error_of_lmdb(rc);
  return {};
}

// After the errors that concern the environment and not the transaction, a new environment. Others are not recovered
// from.
Result<void> LmdbStore::recover(int rc) {
  if (rc != MDB_PANIC && rc != MDB_MAP_RESIZED && rc != MDB_BAD_RSLOT) return error_of_lmdb(rc);
  const std::unique_lock lock(environment_mutex_);
  if (rc == MDB_MAP_RESIZED && env_ != nullptr) {
    for (MDB_txn* txn : idle_readers_) mdb_txn_abort(txn);
    idle_readers_.clear();
    if (mdb_env_set_mapsize(env_, 0) == 0) return {};
  }
  close_environment();
  return open_environment();
}

int LmdbStore::begin_read(MDB_txn*& txn) {
  if (env_ == nullptr) return MDB_PANIC;
  {
    const std::lock_guard lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      txn = idle_readers_.back();
      idle_readers_.pop_back();
    }
  }
  if (txn == nullptr) return mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  const int rc = mdb_txn_renew(txn);
  if (rc != 0) mdb_txn_abort(txn);
  return rc;
}

void LmdbStore::end_read(MDB_txn* txn) {
  mdb_txn_reset(txn);
  const std::lock_guard lock(readers_mutex_);
  if (idle_readers_.size() < kIdleReadersMax) idle_readers_.push_back(txn);
  else mdb_txn_abort(txn);
}

template <class F>
Result<void> LmdbStore::read_with(F look) {
  int rc = 0;
  for (int tries = 0; tries < 2; ++tries) {
    {
      const std::shared_lock lock(environment_mutex_);
      MDB_txn* txn = nullptr;
      rc = begin_read(txn);
      if (rc == 0) {
        rc = look(txn);
        end_read(txn);
        return rc == 0 || rc == MDB_NOTFOUND ? Result<void>() : Result<void>(error_of_lmdb(rc));
      }
    }
    // Another process may have made the map larger, or a write of ours have broken the environment.
    auto recovered = recover(rc);
    if (!recovered) return recovered;
  }
  return error_of_lmdb(rc);
}

Result<std::optional<LmdbStore::RowAndBody>> LmdbStore::read_row(const RowKey& key) {
  std::optional<RowAndBody> found;
  const auto look = [&](MDB_txn* txn) {
    MDB_val name = to_val(key), value{};
    int rc = mdb_get(txn, dbi(Table::rows), &name, &value);
    if (rc != 0) return rc;
    found = RowAndBody{.row = copy_bytes(to_view(value))};
    const auto prefix = parse_prefix(found->row);
    if (!prefix || !prefix->body_id) return 0;
    Bytes id;
    append_big_endian(id, *prefix->body_id);
    name = to_val(id);
    rc = mdb_get(txn, dbi(Table::bodies), &name, &value);
    if (rc == 0) found->body = copy_bytes(to_view(value));
    return rc;
  };
  auto read = read_with(look);
  if (!read) return read.error();
  return found;
}

Result<std::optional<Bytes>> LmdbStore::read(Table table, ByteView key) {
  std::optional<Bytes> found;
  const auto look = [&](MDB_txn* txn) {
    MDB_val name = to_val(key), value{};
    const int rc = mdb_get(txn, dbi(table), &name, &value);
    if (rc == 0) found = copy_bytes(to_view(value));
    return rc;
  };
  auto read = read_with(look);
  if (!read) return read.error();
  return found;
}

Result<std::vector<NamedRow>> LmdbStore::names_after(const std::optional<RowKey>& after,
                                                     std::size_t names_max) {
  std::vector<NamedRow> names;
  const auto look = [&](MDB_txn* txn) {
    names.clear();
    return read_names_after(txn, dbi(Table::names), after, names_max, names);
  };
  auto read = read_with(look);
  if (!read) return read.error();
  return names;
}

Result<std::uint64_t> LmdbStore::names_count(const PartitionTag& tag) {
  auto count = read(Table::counts, tag);
  if (!count) return count.error();
  if (!count->has_value()) return std::uint64_t{0};
  if ((*count)->size() != sizeof(std::uint64_t)) return Errc::store_corrupt;
  return load_big_endian<std::uint64_t>(**count);
}

Result<void> LmdbStore::try_write(const std::function<Result<void>(WriteTransaction&)>& change,
                                  Attempt& attempt) {
  const std::shared_lock lock(environment_mutex_);
  MDB_txn* txn = nullptr;
  attempt.rc = env_ == nullptr ? MDB_PANIC : mdb_txn_begin(env_, nullptr, 0, &txn);
  if (attempt.rc != 0) return error_of_lmdb(attempt.rc);
  attempt.did_begin = true;
  WriteTransaction transaction(txn, tables_);
  auto changed = change(transaction);
  if (!changed) {
    mdb_txn_abort(txn);
    return changed;
  }
  attempt.rc = mdb_txn_commit(txn);
  if (attempt.rc != 0) return error_of_lmdb(attempt.rc);
  return {};
}

Result<void> LmdbStore::write(const std::function<Result<void>(WriteTransaction&)>& change) {
  Attempt attempt;
  auto written = try_write(change, attempt);
  if (written || attempt.rc == 0) return written;
  // A commit that failed is never tried again: after a failed sync the kernel may have dropped the pages, and a second
  // one would report success for what is gone. What never began may begin again, once, in a new environment.
  auto recovered = recover(attempt.did_begin ? MDB_PANIC : attempt.rc);
  if (!recovered || attempt.did_begin) return written;
  attempt = {};
  return try_write(change, attempt);
}

LmdbStore::Usage LmdbStore::usage() {
  Usage usage;
  (void)read_with([&](MDB_txn* txn) {
    const WriteTransaction view(txn, tables_);
    usage = {.rows_count = view.rows_count(), .used_bytes = view.used_bytes()};
    return 0;
  });
  return usage;
}

int LmdbStore::check_readers() {
  const std::shared_lock lock(environment_mutex_);
  int dead_count = 0;
  if (env_ != nullptr) mdb_reader_check(env_, &dead_count);
  return dead_count;
}

LmdbStore::Shape LmdbStore::shape() {
  const std::shared_lock lock(environment_mutex_);
  Shape shape;
  MDB_envinfo info{};
  if (env_ == nullptr || mdb_env_info(env_, &info) != 0) return shape;
  mdb_env_get_flags(env_, &shape.flags);
  shape.readers_max = info.me_maxreaders;
  shape.map_bytes = info.me_mapsize;
  return shape;
}

}  // namespace ghmesh::cache
