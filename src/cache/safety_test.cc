// SPDX-License-Identifier: Apache-2.0 OR MIT
// Where the store will not go, and what it does when it cannot write.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "cache/cache.h"
#include "cache/directory.h"
#include "cache/secret_file.h"
#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;
namespace fs = std::filesystem;

bool is_refused(const fs::path& store) {
  auto opened = Cache::open({.directory = store});
  return !opened && opened.error() == Errc::store_unsafe;
}

void touch(const fs::path& file, mode_t mode = 0600) {
  std::ofstream(file).put('x');
  ::chmod(file.c_str(), mode);
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST(StoreDirectory, IsMadeForItsOwnerOnlyWhateverTheUmask) {
  TemporaryDirectory folder;
  const mode_t before = ::umask(0);
  { auto cache = open_or_die({.directory = folder.path() / "a" / "b" / "store"}); }
  ::umask(before);
  EXPECT_EQ(mode_of(folder.path() / "a"), 0700u);
  EXPECT_EQ(mode_of(folder.path() / "a" / "b" / "store"), 0700u);
  int files_count = 0;
  for (const auto& file : fs::directory_iterator(folder.path() / "a" / "b" / "store")) {
    EXPECT_EQ(mode_of(file.path()), 0600u) << file.path();
    ++files_count;
  }
  EXPECT_EQ(files_count, 4);
}

TEST(StoreDirectory, IsRefusedWhenOthersMayEnter) {
  TemporaryDirectory folder;
  fs::create_directory(folder.store());
  ::chmod(folder.store().c_str(), 0755);
  EXPECT_TRUE(is_refused(folder.store()));
  EXPECT_EQ(mode_of(folder.store()), 0755u) << "refused, not repaired";
  ::chmod(folder.store().c_str(), 0700);
  EXPECT_FALSE(is_refused(folder.store()));
}

TEST(StoreDirectory, IsRefusedWhenItIsALinkOrAFile) {
  TemporaryDirectory folder;
  fs::create_directory(folder.path() / "target");
  ::chmod((folder.path() / "target").c_str(), 0700);
  fs::create_symlink(folder.path() / "target", folder.store());
  EXPECT_TRUE(is_refused(folder.store()));
  touch(folder.path() / "file", 0700);
  EXPECT_TRUE(is_refused(folder.path() / "file"));
}

TEST(StoreDirectory, IsRefusedWhenItBelongsToSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  TemporaryDirectory folder;
  fs::create_directory(folder.store());
  ::chmod(folder.store().c_str(), 0700);
  ASSERT_EQ(::chown(folder.store().c_str(), 65534, 65534), 0);
  EXPECT_TRUE(is_refused(folder.store()));
}

TEST(StoreFiles, AreRefusedWhenTheyAreNotWhatTheySeem) {
  for (const char* name : {"data.mdb", "lock.mdb", "generations", "owners"}) {
    SCOPED_TRACE(name);
    TemporaryDirectory folder;
    fs::create_directory(folder.store());
    ::chmod(folder.store().c_str(), 0700);
    const fs::path victim = folder.path() / "victim";
    touch(victim);

    fs::create_symlink(victim, folder.store() / name);
    EXPECT_TRUE(is_refused(folder.store())) << "symbolic link";
    fs::remove(folder.store() / name);
    fs::create_hard_link(victim, folder.store() / name);
    EXPECT_TRUE(is_refused(folder.store())) << "hard link";
    fs::remove(folder.store() / name);
    ASSERT_EQ(::mkfifo((folder.store() / name).c_str(), 0600), 0);
    EXPECT_TRUE(is_refused(folder.store())) << "FIFO";
    fs::remove(folder.store() / name);
    touch(folder.store() / name, 0644);
    EXPECT_TRUE(is_refused(folder.store())) << "others may read";
    std::ifstream in(victim);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "x")
        << "the victim was written to";
  }
}

TEST(StoreDirectory, IsRefusedOnNetworkFileSystems) {
  EXPECT_TRUE(is_remote_file_system(0x6969));       // NFS_SUPER_MAGIC of statfs(2)
  EXPECT_TRUE(is_remote_file_system(0xff534d42));   // CIFS
  EXPECT_FALSE(is_remote_file_system(0xef53));      // ext4
  EXPECT_FALSE(is_remote_file_system(0x01021994));  // tmpfs
  EXPECT_FALSE(is_remote_file_system(0x794c7630));  // overlayfs
}

// In a mount namespace of its own, so that nothing of the machine changes. Answers false where that is not permitted.
template <class F>
bool in_private_mount(const fs::path& at, const char* options, unsigned long flags, F run) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_permitted = ::unshare(CLONE_NEWNS) == 0 &&
                              ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                              ::mount("tmpfs", at.c_str(), "tmpfs", 0, options) == 0;
    if (!is_permitted) ::_exit(77);
    ::chmod(at.c_str(), 0700);
    if (flags != 0 && ::mount("none", at.c_str(), nullptr, MS_REMOUNT | flags, options) != 0)
      ::_exit(77);
    run();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  GHMESH_CHECK(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return false;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  return true;
}

TEST(FullDisk, KeepsServingAndRecoversWhenThereIsRoom) {
  TemporaryDirectory folder;
  const bool is_permitted = in_private_mount(folder.path(), "size=4m", 0, [&] {
    const auto alice = principal_named("alice");
    Random random(1);
    const std::string ballast_file = folder.path() / "ballast";
    auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
    ASSERT_TRUE(cache->put(alice, "before", entry_with("b")));
    std::ofstream ballast(ballast_file);
    while (ballast.write(std::string(4096, 'x').c_str(), 4096).flush()) continue;
    ballast.close();
    std::string refused_key;
    for (int i = 0; i < 50 && refused_key.empty(); ++i) {
      const std::string key = "k" + std::to_string(i);
      auto put = cache->put(alice, key, entry_with(noise(random, 50'000)));
      if (!put) {
        EXPECT_EQ(put.error(), Errc::store_full);
        refused_key = key;
      }
    }
    ASSERT_FALSE(refused_key.empty()) << "the disk never filled";
    EXPECT_NE(cache->find(alice, "before"), nullptr);
    EXPECT_NE(cache->find(alice, refused_key), nullptr) << "it is still in memory";
    EXPECT_GE(cache->stats().store_faults, 1u);
    fs::remove(ballast_file);
    EXPECT_TRUE(cache->put(alice, "after", entry_with("a")));
    cache = nullptr;
    cache = open_or_die({.directory = folder.store()});
    EXPECT_NE(cache->find(alice, "before"), nullptr);
    EXPECT_NE(cache->find(alice, "after"), nullptr);
    EXPECT_EQ(cache->stats().quarantines, 0u);
  });
  if (!is_permitted) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
}

TEST(FullDisk, FromTheBeginningMeansMemoryOnly) {
  TemporaryDirectory folder;
  const bool is_permitted = in_private_mount(folder.path(), "size=64k", 0, [&] {
    const auto alice = principal_named("alice");
    auto cache = open_or_die({.directory = folder.store()});
    EXPECT_FALSE(cache->stats().is_on_disk);
    EXPECT_TRUE(cache->put(alice, "k", entry_with("b")));
    EXPECT_NE(cache->find(alice, "k"), nullptr);
  });
  if (!is_permitted) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
}

TEST(ReadOnlyDirectory, MeansMemoryOnly) {
  TemporaryDirectory folder;
  const bool is_permitted = in_private_mount(folder.path(), "size=4m", MS_RDONLY, [&] {
    const auto alice = principal_named("alice");
    auto cache = open_or_die({.directory = folder.store()});
    EXPECT_FALSE(cache->stats().is_on_disk);
    EXPECT_TRUE(cache->put(alice, "k", entry_with("b")));
    EXPECT_NE(cache->find(alice, "k"), nullptr);
  });
  if (!is_permitted) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
}

TEST(SecretFile, IsDrawnOnceAndStays) {
  TemporaryDirectory folder;
  const fs::path file = folder.path() / "state" / "salt";
  auto first = load_or_create_salt(file);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), kSecretFileBytes);
  EXPECT_EQ(mode_of(file), 0600u);
  auto second = load_or_create_salt(file);
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);
  int files_count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(file.parent_path()))
    ++files_count;
  EXPECT_EQ(files_count, 1) << "nothing is left behind";
}

TEST(SecretFile, IsTheSameForAllWhoCreateItAtOnce) {
  TemporaryDirectory folder;
  std::vector<std::string> secrets(8);
  std::vector<std::thread> threads;
  for (auto& secret : secrets)
    threads.emplace_back([&] {
      auto loaded = load_or_create_secret(folder.path() / "secret");
      if (loaded) secret = hex(loaded->reveal());
    });
  for (auto& thread : threads) thread.join();
  for (const auto& secret : secrets) EXPECT_EQ(secret, secrets[0]);
  EXPECT_EQ(secrets[0].size(), 64u);
}

TEST(SecretFile, IsRefusedWhenUnsafeOrTorn) {
  TemporaryDirectory folder;
  const fs::path file = folder.path() / "secret";
  for (const std::size_t bytes_count :
       {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{33}}) {
    std::ofstream(file) << std::string(bytes_count, 's');
    ::chmod(file.c_str(), 0600);
    EXPECT_EQ(load_or_create_secret(file).error(), Errc::store_corrupt) << bytes_count;
  }
  std::ofstream(file) << std::string(32, 's');
  EXPECT_TRUE(load_or_create_secret(file));
  ::chmod(file.c_str(), 0640);
  EXPECT_EQ(load_or_create_secret(file).error(), Errc::store_unsafe);
  ::chmod(file.c_str(), 0600);
  fs::rename(file, folder.path() / "elsewhere");
  fs::create_symlink(folder.path() / "elsewhere", file);
  EXPECT_EQ(load_or_create_secret(file).error(), Errc::store_unsafe);
}

}  // namespace
}  // namespace ghmesh::cache
