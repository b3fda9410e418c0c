// SPDX-License-Identifier: Apache-2.0 OR MIT
// A damaged store: whatever happened to the file, the process lives, and every answer is right or absent.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cache/cache.h"
#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;

constexpr std::uint64_t kEntriesCount = 60;

// How the child ends when it finds something wrong; other ends are crashes.
constexpr int kWrongBytes = 11;
constexpr int kNotOpened = 12;
constexpr int kPutNotFound = 13;

std::string body_number(std::uint64_t number) {
  Random random(number);
  return number % 5 == 0 ? noise(random, 3000) : run_body(number);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

// A store with rows, bodies apart and free pages.
std::string make_data_file(const std::filesystem::path& store) {
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = store, .durability = Durability::durable});
  for (std::uint64_t i = 0; i < kEntriesCount; ++i)
    GHMESH_CHECK(cache->put(alice, key_number(i), entry_with(body_number(i))).has_value());
  for (std::uint64_t i = 0; i < kEntriesCount; i += 7) cache->erase(alice, key_number(i));
  GHMESH_CHECK(cache->flush().has_value());
  cache = nullptr;
  return read_file(store / "data.mdb");
}

// What a daemon does with a store: finds, puts, erases, closes. Ends the process when an answer is wrong.
void use(const std::filesystem::path& store, std::uint64_t& found_count) {
  const auto alice = principal_named("alice");
  auto opened = Cache::open({.directory = store});
  if (!opened) ::_exit(kNotOpened);
  auto cache = std::move(*opened);
  for (std::uint64_t i = 0; i < kEntriesCount; ++i) {
    const EntryRef found = cache->find(alice, key_number(i));
    if (found && *found->body != body_number(i)) ::_exit(kWrongBytes);
    found_count += found != nullptr;
  }
  for (std::uint64_t i = 0; i < 6; ++i)
    (void)cache->put(alice, key_number(i + 40), entry_with(body_number(i + 40)));
  cache->erase(alice, key_number(1));
  (void)cache->flush();
  for (std::uint64_t i = 0; i < 6; ++i) {
    const EntryRef found = cache->find(alice, key_number(i + 40));
    if (!found || *found->body != body_number(i + 40)) ::_exit(kPutNotFound);
  }
}

struct Damage {
  std::size_t at = 0;
  std::uint8_t flip = 0;  // 0: truncate here
};

struct Progress {
  std::size_t damages_count = 0;
  std::uint64_t found_count = 0;
};

// All of them in one child, which says how far it came; for if it dies we must not.
void expect_survives(const std::string& good, const std::vector<Damage>& damages) {
  TemporaryDirectory folder;
  auto* progress = static_cast<Progress*>(
      ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(progress, MAP_FAILED);
  *progress = {};
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(4);
    for (const Damage& damage : damages) {
      const auto store = folder.path() / "one";
      std::filesystem::create_directory(store);
      std::filesystem::permissions(store, std::filesystem::perms::owner_all);
      std::string bad = good;
      if (damage.flip == 0) bad.resize(damage.at);
      else bad[damage.at] = static_cast<char>(bad[damage.at] ^ static_cast<char>(damage.flip));
      write_file(store / "data.mdb", bad);
      use(store, progress->found_count);
      std::filesystem::remove_all(store);
      ++progress->damages_count;
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  const std::size_t done_count = progress->damages_count;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "status " << status << " after " << done_count << " damages, at byte "
      << (done_count < damages.size() ? damages[done_count].at : 0) << " of " << good.size();
  EXPECT_GT(progress->found_count, 0u) << "nothing was ever found: this proved nothing";
  ::munmap(progress, sizeof(Progress));
}

TEST(DamagedStore, SurvivesFlippedBytes) {
  TemporaryDirectory folder;
  const std::string good = make_data_file(folder.store());
  // Half of them in the heads of pages, where LMDB's own numbers are. GHMESH_FLIPS asks for more than a check has time
  // for.
  const char* flips = std::getenv("GHMESH_FLIPS");
  const int flips_count = flips != nullptr ? std::atoi(flips) : 80;
  std::vector<Damage> damages;
  Random random(flips != nullptr ? static_cast<std::uint64_t>(flips_count) : 3);
  for (int i = 0; i < flips_count; ++i) {
    const std::size_t at = i % 2 == 0 ? random.below(good.size())
                                      : random.below(good.size() / 4096) * 4096 + random.below(48);
    damages.push_back({at, static_cast<std::uint8_t>(1 + random.below(255))});
  }
  expect_survives(good, damages);
}

TEST(DamagedStore, SurvivesTruncationAtEveryPage) {
  TemporaryDirectory folder;
  const std::string good = make_data_file(folder.store());
  std::vector<Damage> damages{{1, 0}, {100, 0}, {4095, 0}, {good.size(), 0}};
  for (std::size_t at = 4096; at < good.size(); at += 4096) damages.push_back({at, 0});
  expect_survives(good, damages);
}

TEST(DamagedStore, IsSetAsideAndANewOneBegun) {
  TemporaryDirectory folder;
  const auto alice = principal_named("alice");
  std::string bytes = make_data_file(folder.store());
  bytes.resize(bytes.size() / 2);
  write_file(folder.store() / "data.mdb", bytes);
  auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  EXPECT_EQ(cache->stats().quarantines, 1u);
  EXPECT_TRUE(cache->stats().is_on_disk);
  EXPECT_EQ(cache->stats().entries_count, 0u);
  int quarantined_count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder.store()))
    quarantined_count += file.path().filename().string().starts_with("quarantine-");
  EXPECT_EQ(quarantined_count, 1);
  EXPECT_TRUE(cache->put(alice, "k", entry_with("new")));
}

TEST(DamagedStore, IsNotLookedForAfterAnOrderlyEnd) {
  TemporaryDirectory folder;
  make_data_file(folder.store());
  const std::string note = read_file(folder.store() / "owners");
  EXPECT_TRUE(note.starts_with("in order")) << note;
  {
    auto cache = open_or_die({.directory = folder.store()});
    EXPECT_TRUE(read_file(folder.store() / "owners").starts_with("in use"));
  }
  EXPECT_EQ(read_file(folder.store() / "owners"), note);
}

}  // namespace
}  // namespace ghmesh::cache
