// SPDX-License-Identifier: Apache-2.0 OR MIT
// LMDB's rules, one test each. Those that need several processes to be killed or a file to be broken are in
// process_test.cc and corruption_test.cc; those about directories in safety_test.cc.
#include "cache/lmdb_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "cache/cache.h"
#include "cache/directory.h"
#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;

std::shared_ptr<LmdbStore> open_store(const std::filesystem::path& directory) {
  GHMESH_CHECK(prepare_directory(directory).has_value());
  auto opened = LmdbStore::open({.directory = directory, .disk_bytes_max = 1 << 30});
  GHMESH_CHECK(opened.has_value());
  return opened->store;
}

// Runs in a child, so that limits and namespaces end with it.
template <class F>
void expect_in_child(F run) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    run();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

TEST(LmdbRule01, SyncsEveryCommitAndMapsReadOnly) {
  TemporaryDirectory folder;
  const auto store = open_store(folder.store());
  EXPECT_EQ(store->shape().flags & (MDB_NOSYNC | MDB_NOMETASYNC | MDB_WRITEMAP | MDB_MAPASYNC), 0u);
  std::ifstream maps("/proc/self/maps");
  bool is_found = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(folder.store().string() + "/data.mdb") == std::string::npos) continue;
    is_found = true;
    EXPECT_NE(line.find(" r--s "), std::string::npos) << line;
  }
  EXPECT_TRUE(is_found);
}

TEST(LmdbRule02, OneEnvironmentPerFileAndProcess) {
  TemporaryDirectory folder;
  auto one = open_store(folder.store());
  std::filesystem::create_symlink(folder.path(), folder.path() / "other_name");
  EXPECT_EQ(open_store(folder.path() / "other_name" / "store"), one);
  one = nullptr;
  EXPECT_NE(open_store(folder.store()), nullptr) << "after the last one is closed it opens anew";
}

TEST(LmdbRule04, SlotsOfDeadReadersAreFreed) {
  TemporaryDirectory folder;
  const auto store = open_store(folder.store());
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto childs = open_store(folder.store());
    (void)childs->read(Table::meta,
                       as_bytes("format"));  // leaves a reader at rest, and with it a slot
    (void)!::write(ready[1], "r", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(store->check_readers(), 0) << "the living keep theirs";
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(store->check_readers(), 1);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(LmdbRule05, HasRoomForReadersAndAMapThatNeverFills) {
  TemporaryDirectory folder;
  const auto shape = open_store(folder.store())->shape();
  EXPECT_GE(shape.readers_max, 4000u);
  EXPECT_EQ(shape.map_bytes, 64ull << 30);
}

TEST(LmdbRule05, MakesDoWithASmallerMapWhereAddressesAreLimited) {
  TemporaryDirectory folder;
  expect_in_child([&] {
    std::uint64_t pages_count = 0;
    std::ifstream("/proc/self/statm") >> pages_count;
    const rlim_t bytes_max =
        pages_count * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + (6ull << 30);
    const rlimit limit{bytes_max, bytes_max};
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
    const auto store = open_store(folder.store());
    EXPECT_EQ(store->shape().map_bytes, 4ull << 30);
    EXPECT_LE(store->disk_bytes_max(), 1ull << 30);
  });
}

TEST(LmdbRule08, RefusesProcessesOfAnotherPidNamespace) {
  TemporaryDirectory folder;
  ASSERT_TRUE(prepare_directory(folder.store()));
  // Somebody else has the store, and wrote down where it lives.
  const int fd = ::open((folder.store() / "owners").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::flock(fd, LOCK_SH), 0);
  const std::string note = "in use, pid namespace 1\n";
  ASSERT_EQ(::write(fd, note.data(), note.size()), static_cast<ssize_t>(note.size()));
  auto opened = LmdbStore::open({.directory = folder.store(), .disk_bytes_max = 1 << 30});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), Errc::store_unsafe);
  ::close(fd);
  // Alone, it does not matter where the last owner lived.
  EXPECT_TRUE(LmdbStore::open({.directory = folder.store(), .disk_bytes_max = 1 << 30}));
}

TEST(LmdbRule10, UsesPlainTablesOnly) {
  EXPECT_EQ(error_of_lmdb(MDB_CORRUPTED), Errc::store_corrupt);
  EXPECT_EQ(error_of_lmdb(MDB_MAP_FULL), Errc::store_full);
  EXPECT_EQ(error_of_lmdb(ENOSPC), Errc::store_full);
  EXPECT_EQ(error_of_lmdb(EIO), Errc::store_failed);
  TemporaryDirectory folder;
  open_store(folder.store());
  MDB_env* env = nullptr;
  ASSERT_EQ(mdb_env_create(&env), 0);
  mdb_env_set_maxdbs(env, kTablesMax);
  ASSERT_EQ(mdb_env_open(env, folder.store().c_str(), MDB_RDONLY | MDB_NOLOCK, 0600), 0);
  MDB_txn* txn = nullptr;
  ASSERT_EQ(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn), 0);
  for (const char* name : kTableNames) {
    MDB_dbi table = 0;
    unsigned flags = ~0u;
    ASSERT_EQ(mdb_dbi_open(txn, name, 0, &table), 0) << name;
    ASSERT_EQ(mdb_dbi_flags(txn, table, &flags), 0);
    EXPECT_EQ(flags, 0u) << name;
  }
  mdb_txn_abort(txn);
  mdb_env_close(env);
}

TEST(LmdbRule11, ReportsAFailedWriteAndGoesOnAfterIt) {
  TemporaryDirectory folder;
  expect_in_child([&] {
    const auto alice = principal_named("alice");
    Random random(1);
    auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
    ASSERT_TRUE(cache->put(alice, "before", entry_with("b")));
    // No file may grow from here on: writes fail inside a commit.
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlimit tight{100'000, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    EXPECT_FALSE(cache->put(alice, "fails", entry_with(noise(random, 200'000))));
    EXPECT_NE(cache->find(alice, "before"), nullptr);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_TRUE(cache->put(alice, "after", entry_with(noise(random, 200'000))));
    EXPECT_EQ(cache->stats().store_faults, 1u);
    cache = nullptr;
    cache = open_or_die({.directory = folder.store()});
    EXPECT_NE(cache->find(alice, "after"), nullptr);
    EXPECT_EQ(cache->find(alice, "fails"), nullptr);
  });
}

TEST(LmdbRule12, OpensWhileOthersOpenAndClose) {
  TemporaryDirectory folder;
  constexpr int kProcessesCount = 6;
  pid_t children[kProcessesCount];
  for (pid_t& child : children) {
    child = ::fork();
    ASSERT_GE(child, 0);
    if (child != 0) continue;
    for (int i = 0; i < 15; ++i) {
      auto cache = open_or_die({.directory = folder.store()});
      if (!cache->stats().is_on_disk || cache->stats().quarantines != 0) ::_exit(1);
      (void)cache->put(principal_named("alice"), key_number(static_cast<std::uint64_t>(i)),
                       entry_with("x"));
    }
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

TEST(LmdbStore, RefusesAFormatOfAnotherVersion) {
  TemporaryDirectory folder;
  {
    const auto store = open_store(folder.store());
    ASSERT_TRUE(store->write([](WriteTransaction& transaction) {
      return transaction.put(Table::meta, as_bytes("format"), as_bytes("from the future"));
    }));
  }
  auto opened = LmdbStore::open({.directory = folder.store(), .disk_bytes_max = 1 << 30});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), Errc::store_version);
  auto cache = open_or_die({.directory = folder.store()});
  EXPECT_FALSE(cache->stats().is_on_disk);
}

TEST(LmdbStore, RemembersTheLatestUseOfARowAndNothingElseOfIt) {
  TemporaryDirectory folder;
  const auto store = open_store(folder.store());
  const RowKey key{std::byte{7}};
  Bytes row;
  write_prefix({.last_use = 5, .body_id = 9}, row);
  append(row, as_bytes("sealed"));
  const auto touch = [&](std::uint32_t last_use) {
    ASSERT_TRUE(store->write(
        [&](WriteTransaction& transaction) { return transaction.touch_row(key, last_use); }));
  };
  touch(6);
  EXPECT_FALSE((*store->read(Table::rows, key)).has_value())
      << "a row that is gone does not come back";
  ASSERT_TRUE(store->write(
      [&](WriteTransaction& transaction) { return transaction.put(Table::rows, key, row); }));
  touch(8);
  touch(7);
  const auto touched = store->read(Table::rows, key);
  ASSERT_TRUE(touched && touched->has_value());
  EXPECT_EQ(parse_prefix(**touched)->last_use, 8u);
  EXPECT_EQ(parse_prefix(**touched)->body_id, 9u);
  EXPECT_TRUE(as_text(**touched).ends_with("sealed"));
}

TEST(LmdbStore, ChangesNothingWhenAChangeFails) {
  TemporaryDirectory folder;
  const auto store = open_store(folder.store());
  const auto written = store->write([](WriteTransaction& transaction) -> Result<void> {
    auto put = transaction.put(Table::candidates, as_bytes("k"), as_bytes("v"));
    if (!put) return put;
    return Errc::cancelled;
  });
  EXPECT_EQ(written.error(), Errc::cancelled);
  const auto read = store->read(Table::candidates, as_bytes("k"));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->has_value());
}

}  // namespace
}  // namespace ghmesh::cache
