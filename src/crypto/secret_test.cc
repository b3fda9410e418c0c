// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/secret.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <ostream>
#include <string>
#include <thread>
#include <type_traits>

#include "base/log.h"
#include "base/text.h"
#include "crypto/random.h"

namespace ghmesh::crypto {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Loggable = std::is_constructible_v<log::Field, std::string_view, const T&>;

// The concepts find what they look for; so that they do not find it in a Secret means something.
static_assert(Streamable<std::string> && Loggable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(!Loggable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_constructible_v<std::string_view, Secret>);
static_assert(!std::is_convertible_v<Secret, ByteView>);
static_assert(!std::is_convertible_v<Secret, bool>);
static_assert(!std::is_convertible_v<std::string_view, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

constexpr std::size_t kSizes[] = {1, 40, 64, 65, 520, 640, 641, 4096, 4224, 4225, 100'000};

TEST(Secret, KeepsItsBytes) {
  for (std::size_t size : kSizes) {
    Bytes bytes(size);
    fill_random(bytes);
    const Secret secret(bytes);
    EXPECT_EQ(secret.size(), size);
    EXPECT_TRUE(equal(secret.reveal(), bytes));
  }
}

TEST(Secret, IsEmptyByDefaultAndFromNothing) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_TRUE(Secret() == Secret(""));
  EXPECT_TRUE(Secret().reveal().empty());
}

TEST(Secret, IsFilledInPlaceFromZeros) {
  for (std::size_t size : kSizes) {
    const Secret zeros = Secret::filled(size, [](MutableByteView) {});
    EXPECT_TRUE(equal(zeros.reveal(), Bytes(size))) << size;
  }
}

TEST(Secret, CopiesAndMovesLikeAValue) {
  Secret first("first");
  Secret copy = first;
  EXPECT_NE(copy.reveal().data(), first.reveal().data());
  EXPECT_TRUE(copy == first);

  const std::byte* bytes = first.reveal().data();
  Secret moved = std::move(first);
  EXPECT_EQ(moved.reveal().data(), bytes);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): this is what is promised

  moved = Secret("second");
  EXPECT_EQ(as_text(moved.reveal()), "second");
  moved = *&moved;
  EXPECT_EQ(as_text(moved.reveal()), "second");
}

TEST(Secret, ComparesBytesAndSize) {
  EXPECT_TRUE(Secret("same") == Secret("same"));
  EXPECT_FALSE(Secret("same") == Secret("sane"));
  EXPECT_FALSE(Secret("same") == Secret("sam"));
  EXPECT_TRUE(equal_in_constant_time(as_bytes("tag"), as_bytes("tag")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("tag"), as_bytes("tah")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("tag"), as_bytes("tags")));
}

// Reads memory that the pool has taken back, which AddressSanitizer would rightly report.
__attribute__((no_sanitize("address"))) bool is_all_zero(const std::byte* memory,
                                                         std::size_t size) {
  const volatile std::byte* bytes = memory;
  bool is_zero = true;
  for (std::size_t i = 0; i < size; ++i) is_zero = is_zero && bytes[i] == std::byte{0};
  return is_zero;
}

TEST(Secret, IsGoneFromMemoryWhenItIsDropped) {
  for (std::size_t size : {40u, 520u, 4096u}) {
    const std::byte* memory = nullptr;
    {
      Secret secret(Bytes(size, std::byte{0xa5}));
      memory = secret.reveal().data();
      ASSERT_FALSE(is_all_zero(memory, size));
    }
    EXPECT_TRUE(is_all_zero(memory, size)) << size;
  }
}

TEST(Secret, IsGoneFromMemoryWhenItIsAssignedTo) {
  Secret secret(Bytes(40, std::byte{0xa5}));
  const std::byte* memory = secret.reveal().data();
  secret = Secret("other");
  EXPECT_TRUE(is_all_zero(memory, 40));
}

TEST(Secret, WipesABufferOutsideToo) {
  Bytes buffer(100, std::byte{0xa5});
  wipe(buffer);
  EXPECT_EQ(buffer, Bytes(100));
}

// What /proc says of the mapping that holds an address: its flags (proc(5), VmFlags).
std::string mapping_flags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  bool is_inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2)
      is_inside = begin <= wanted && wanted < end;
    else if (is_inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

TEST(Secret, IsLeftOutOfCoreDumps) {
  for (std::size_t size : {40u, 520u, 4096u, 100'000u}) {
    const Secret secret = random_secret(size);
    EXPECT_NE(mapping_flags(secret.reveal().data()).find(" dd "), std::string::npos) << size;
  }
}

// In a child, because a limit once lowered may not be raised again.
TEST(Secret, WorksWhereMemoryCannotBeLocked) {
  const auto use_secrets_without_lock = [] {
    const rlimit nothing{0, 0};
    if (setrlimit(RLIMIT_MEMLOCK, &nothing) != 0) std::_Exit(2);
    if (geteuid() == 0 && setuid(65534) != 0) std::_Exit(3);
    std::vector<Secret> secrets;
    for (int i = 0; i < 5'000; ++i) secrets.emplace_back(Secret("a secret of a forked child"));
    std::_Exit(secrets.back() == Secret("a secret of a forked child") ? 0 : 4);
  };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  // The sanitizers replace mlock by a function that always succeeds.
  const char* const warning = "";
#else
  const char* const warning = "secrets_not_locked";
#endif
  EXPECT_EXIT(use_secrets_without_lock(), testing::ExitedWithCode(0), warning);
}

TEST(Secret, SurvivesAForkWhileOtherThreadsUseSecrets) {
  std::jthread busy([](std::stop_token stop) {
    while (!stop.stop_requested()) Secret("busy");
  });
  for (int i = 0; i < 50; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(20);  // a child that inherited a held lock would wait for ever
      _exit(Secret("child") == Secret("child") ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

TEST(Secret, GivesEveryThreadItsOwnMemory) {
  std::vector<std::jthread> threads;
  std::atomic<int> damaged_count = 0;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([thread, &damaged_count] {
      const Bytes mine(40, static_cast<std::byte>(thread + 1));
      for (int round = 0; round < 200; ++round) {
        std::vector<Secret> held(20, Secret(mine));
        for (const Secret& secret : held)
          if (!equal(secret.reveal(), mine)) ++damaged_count;
      }
    });
  threads.clear();
  EXPECT_EQ(damaged_count, 0);
}

TEST(RandomBytes, DifferEachTime) {
  EXPECT_FALSE(random_secret(32) == random_secret(32));
  EXPECT_NE(random_seed(), random_seed());
}

TEST(RandomBytes, FillEveryByte) {
  // Each byte is zero once in 256 draws: after 64 draws of each, all-zero columns mean unwritten ones (chance 2^-512).
  Bytes seen(100);
  for (int draw = 0; draw < 64; ++draw) {
    Bytes bytes(seen.size());
    fill_random(bytes);
    for (std::size_t i = 0; i < seen.size(); ++i) seen[i] |= bytes[i];
  }
  EXPECT_EQ(std::ranges::count(seen, std::byte{0}), 0);
}

}  // namespace
}  // namespace ghmesh::crypto
