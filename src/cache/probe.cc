// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/probe.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "cache/lmdb_store.h"
#include "cache/page_map.h"

namespace ghmesh::cache {
namespace {

constexpr unsigned kSecondsMax = 10;  // a full store of 1 GiB takes 0.3 s from the page cache
constexpr int kExitIntact = 0;
constexpr int kExitDamaged = 1;

struct Walk {
  PageMap pages;
  std::size_t pages_count = 0;  // that the tables say they have
  std::size_t branches_count = 0;
  volatile unsigned sum = 0;  // so that every byte's page is truly read
};

bool begin_table(MDB_txn* txn, MDB_dbi table, Walk& walk, MDB_stat& stat, MDB_cursor*& cursor) {
  if (mdb_stat(txn, table, &stat) != 0 || mdb_cursor_open(txn, table, &cursor) != 0) return false;
  walk.pages_count += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  walk.branches_count += stat.ms_branch_pages;
  return true;
}

// Every key and value, in order; each of them where it can be; as many as the table says.
bool walk_table(MDB_txn* txn, MDB_dbi table, Walk& walk) {
  MDB_stat stat{};
  MDB_cursor* cursor = nullptr;
  unsigned flags = ~0u;
  if (mdb_dbi_flags(txn, table, &flags) != 0 || flags != 0) return false;
  if (!begin_table(txn, table, walk, stat, cursor)) return false;
  MDB_val key{}, value{};
  std::size_t entries_count = 0;
  Bytes previous;
  int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    if (++entries_count > stat.ms_entries || !walk.pages.add_entry(key, value)) return false;
    const ByteView bytes(static_cast<const std::byte*>(key.mv_data), key.mv_size);
    if (entries_count > 1 && !std::ranges::lexicographical_compare(previous, bytes)) return false;
    previous.assign(bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < value.mv_size; i += 512)
      walk.sum = walk.sum + static_cast<const unsigned char*>(value.mv_data)[i];
  }
  return rc == MDB_NOTFOUND && entries_count == stat.ms_entries;
}

// LMDB keeps free pages as lists: how many, then their numbers. It trusts both.
bool walk_free_pages(MDB_txn* txn, Walk& walk, std::size_t& free_count) {
  constexpr MDB_dbi kFreeTable = 0;
  MDB_stat stat{};
  MDB_cursor* cursor = nullptr;
  if (!begin_table(txn, kFreeTable, walk, stat, cursor)) return false;
  MDB_val key{}, value{};
  std::size_t entries_count = 0;
  int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    if (++entries_count > stat.ms_entries || key.mv_size != sizeof(std::size_t)) return false;
    if (value.mv_size < sizeof(std::size_t) || !walk.pages.add_entry(key, value)) return false;
    std::size_t count = 0;
    std::memcpy(&count, value.mv_data, sizeof(count));
    if (count > value.mv_size / sizeof(std::size_t) - 1) return false;
    for (std::size_t i = 1; i <= count; ++i, ++free_count) {
      std::size_t page = 0;
      std::memcpy(&page, static_cast<const char*>(value.mv_data) + i * sizeof(page), sizeof(page));
      if (!walk.pages.add_free(page)) return false;
    }
  }
  return rc == MDB_NOTFOUND && entries_count == stat.ms_entries;
}

bool walk_everything(const char* directory) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_envinfo info{};
  MDB_stat stat{};
  if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, kTablesMax) != 0) return false;
  if (mdb_env_open(env, directory, MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0600) != 0) return false;
  if (mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) != 0) return false;
  if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0) return false;
  if (stat.ms_psize != static_cast<unsigned>(::sysconf(_SC_PAGESIZE))) return false;

  int fd = -1;
  struct stat file {};
  if (mdb_env_get_fd(env, &fd) != 0 || ::fstat(fd, &file) != 0) return false;
  const std::size_t pages_in_file = static_cast<std::size_t>(file.st_size) / stat.ms_psize;
  if (info.me_last_pgno < 1 || info.me_last_pgno >= pages_in_file) return false;

  MDB_dbi main = 0;
  MDB_cursor* cursor = nullptr;
  MDB_val key{}, value{};
  if (mdb_dbi_open(txn, nullptr, 0, &main) != 0 || mdb_cursor_open(txn, main, &cursor) != 0)
    return false;
  if (mdb_cursor_get(cursor, &key, &value, MDB_FIRST) != 0) return stat.ms_entries == 0;
  // LMDB does not tell where its map begins; any page does, because it knows its own number.
  const char* inside = static_cast<const char*>(value.mv_data);
  const char* page = inside - reinterpret_cast<std::uintptr_t>(inside) % stat.ms_psize;
  const std::size_t page_number = page_number_at(inside, stat.ms_psize);
  if (page_number >= pages_in_file) return false;
  const char* base = page - page_number * stat.ms_psize;

  Walk walk{.pages = PageMap(base, stat.ms_psize, info.me_last_pgno + 1),
            .pages_count = 2};  // two heads
  if (!walk_table(txn, main, walk)) return false;
  for (const char* name : kTableNames) {
    MDB_dbi table = 0;
    const int opened = mdb_dbi_open(txn, name, 0, &table);
    if (opened == MDB_NOTFOUND) continue;
    if (opened != 0 || !walk_table(txn, table, walk)) return false;
  }
  std::size_t free_count = 0;
  if (!walk_free_pages(txn, walk, free_count)) return false;
  return walk.pages.are_the_rest_branches(walk.branches_count) &&
         walk.pages_count + free_count == info.me_last_pgno + 1;
}

[[noreturn]] void run_child(const char* directory) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM})
    ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // An assertion inside LMDB prints; the parent says what matters.
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null >= 0) ::dup2(null, STDERR_FILENO);
  ::alarm(kSecondsMax);
  ::_exit(walk_everything(directory) ? kExitIntact : kExitDamaged);
}

}  // namespace

bool is_intact(const std::filesystem::path& directory) {
  const pid_t child = ::fork();
  if (child < 0)
    return true;  // no process to spare: opening without a probe is what everybody else does
  if (child == 0) run_child(directory.c_str());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return true;  // somebody else reaped it (SIGCHLD ignored): nothing is known against the file
  return WIFEXITED(status) && WEXITSTATUS(status) == kExitIntact;
}

}  // namespace ghmesh::cache
