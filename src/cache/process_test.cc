// SPDX-License-Identifier: Apache-2.0 OR MIT
// Several processes on one store: what each sees of the others, and what is left when they are killed.
//
// The other processes are this test binary, started again to run one test of its own, which obeys commands on its
// standard input and answers on descriptor 3.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "base/time.h"
#include "cache/cache.h"
#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;

constexpr int kAnswerFd = 3;
constexpr const char* kDirectoryVariable = "GHMESH_CACHE_TEST_DIRECTORY";

// A process of its own with a cache on the same directory. Commands are lines; so are answers.
class OtherProcess {
 public:
  explicit OtherProcess(const std::filesystem::path& directory) {
    int commands[2], answers[2];
    GHMESH_CHECK(::pipe2(commands, O_CLOEXEC) == 0 && ::pipe2(answers, O_CLOEXEC) == 0);
    pid_ = ::fork();
    GHMESH_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      // Above the numbers it is to be known by, or a copy onto itself would keep its close-on-exec mark.
      const int answer = ::fcntl(answers[1], F_DUPFD, 10);
      ::dup2(commands[0], STDIN_FILENO);
      ::dup2(answer, kAnswerFd);
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, STDOUT_FILENO);
      ::setenv(kDirectoryVariable, directory.c_str(), 1);
      ::execl("/proc/self/exe", "cache_test", "--gtest_filter=OtherProcess.DISABLED_Obeys",
              "--gtest_also_run_disabled_tests", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(commands[0]);
    ::close(answers[1]);
    commands_ = commands[1];
    answers_ = answers[0];
  }
  ~OtherProcess() {
    if (commands_ >= 0) ::close(commands_);
    if (answers_ >= 0) ::close(answers_);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  OtherProcess(OtherProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        commands_(std::exchange(other.commands_, -1)),
        answers_(std::exchange(other.answers_, -1)),
        rest_(std::move(other.rest_)) {}
  OtherProcess& operator=(OtherProcess&&) = delete;

  void tell(const std::string& command) {
    const std::string line = command + "\n";
    GHMESH_CHECK(::write(commands_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
  std::string ask(const std::string& command) {
    tell(command);
    std::string line;
    GHMESH_CHECK(read_line(line));
    return line;
  }
  // Everything it answered before it ended.
  std::vector<std::string> kill_and_read() {
    ::kill(pid_, SIGKILL);
    std::vector<std::string> lines;
    for (std::string line; read_line(line);) lines.push_back(line);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    return lines;
  }

 private:
  bool read_line(std::string& line) {
    for (;;) {
      if (const auto end = rest_.find('\n'); end != std::string::npos) {
        line = rest_.substr(0, end);
        rest_.erase(0, end + 1);
        return true;
      }
      char buffer[4096];
      const ssize_t bytes_count = ::read(answers_, buffer, sizeof(buffer));
      if (bytes_count <= 0) return false;
      rest_.append(buffer, static_cast<std::size_t>(bytes_count));
    }
  }

  pid_t pid_ = -1;
  int commands_ = -1;
  int answers_ = -1;
  std::string rest_;
};

void answer(const std::string& text) {
  const std::string line = text + "\n";
  GHMESH_CHECK(::write(kAnswerFd, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
}

constexpr std::uint64_t kKeysPerWriter = 40;

// Some bodies lie inside their rows and some apart; what they say can be told from the writer and the number alone.
std::string numbered_body(std::uint64_t writer, std::uint64_t number) {
  Random random(writer * 1'000'003 + number);
  const std::size_t bytes_count = number % 3 == 0 ? 5000 : 300;
  return std::to_string(writer) + " " + std::to_string(number) + " " + noise(random, bytes_count);
}

std::string numbered_key(std::uint64_t writer, std::uint64_t number) {
  return "writer " + std::to_string(writer) + " key " + std::to_string(number % kKeysPerWriter);
}

// Puts for ever, from this number on; answers with each number when its put has returned.
void write_until_killed(Cache& cache, std::uint64_t writer, std::uint64_t number) {
  const auto alice = principal_named("alice");
  for (;; ++number) {
    const auto put =
        cache.put(alice, numbered_key(writer, number), entry_with(numbered_body(writer, number)));
    answer(put ? std::to_string(number) : "failed");
  }
}

TEST(OtherProcess, DISABLED_Obeys) {
  const char* directory = std::getenv(kDirectoryVariable);
  ASSERT_NE(directory, nullptr)
      << "this test is the other process of the others, and runs by their command only";
  auto cache = open_or_die({.directory = directory, .durability = Durability::durable});
  const auto alice = principal_named("alice");
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, key, body;
    words >> verb >> key >> body;
    if (verb == "put") {
      answer(cache->put(alice, key, entry_with(body)) ? "ok" : "failed");
    } else if (verb == "find") {
      const EntryRef found = cache->find(alice, key);
      answer(found ? *found->body : "absent");
    } else if (verb == "erase") {
      cache->erase(alice, key);
      answer(cache->flush() ? "ok" : "failed");
    } else if (verb == "erase_all") {
      cache->erase_all();
      answer("ok");
    } else if (verb == "write") {
      write_until_killed(*cache, std::stoull(key), std::stoull(body));
    }
  }
}

TEST(TwoProcesses, SeeEachOthersPutsAndErasures) {
  TemporaryDirectory folder;
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  OtherProcess other(folder.store());

  ASSERT_TRUE(cache->put(alice, "k", entry_with("one")));
  EXPECT_EQ(other.ask("find k"), "one");
  EXPECT_EQ(other.ask("put k two"), "ok");
  // It lies in our memory, where it was put; only the generations tell that it is old.
  EXPECT_EQ(*cache->find(alice, "k")->body, "two");
  EXPECT_EQ(other.ask("erase k"), "ok");
  EXPECT_EQ(cache->find(alice, "k"), nullptr);
  ASSERT_TRUE(cache->put(alice, "k", entry_with("three")));
  EXPECT_EQ(other.ask("find k"), "three");
  cache->erase(alice, "k");
  ASSERT_TRUE(cache->flush());
  EXPECT_EQ(other.ask("find k"), "absent");
  ASSERT_TRUE(cache->put(alice, "k", entry_with("four")));
  EXPECT_EQ(other.ask("find k"), "four");
  EXPECT_EQ(other.ask("erase_all k"), "ok");
  EXPECT_EQ(cache->find(alice, "k"), nullptr);
}

TEST(TwoProcesses, LastWriteWinsHoweverTheyTakeTurns) {
  TemporaryDirectory folder;
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  OtherProcess other(folder.store());
  Random random(7);
  std::map<std::string, std::string> model;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "k" + std::to_string(random.below(8));
    const std::string body = "v" + std::to_string(i);
    if (random.chance(0.5)) {
      ASSERT_TRUE(cache->put(alice, key, entry_with(body)));
      model[key] = body;
    } else if (random.chance(0.8)) {
      ASSERT_EQ(other.ask("put " + key + " " + body), "ok");
      model[key] = body;
    } else {
      ASSERT_EQ(other.ask("erase " + key), "ok");
      model.erase(key);
    }
    const std::string asked = "k" + std::to_string(random.below(8));
    const std::string expected = model.contains(asked) ? model[asked] : "absent";
    const EntryRef found = cache->find(alice, asked);
    ASSERT_EQ(found ? *found->body : "absent", expected) << "step " << i;
    ASSERT_EQ(other.ask("find " + asked), expected) << "step " << i;
  }
}

// What a killed writer left: for each key, the newest number that was acknowledged.
struct Acknowledged {
  std::uint64_t next = 0;  // the number to go on from
  std::map<std::string, std::uint64_t> by_key;

  void read(std::uint64_t writer, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      ASSERT_NE(line, "failed");
      const std::uint64_t number = std::stoull(line);
      by_key[numbered_key(writer, number)] = number;
      next = number + 1;
    }
  }
};

// Every key holds a whole value: the last acknowledged one, or one that was under way when its writer was killed.
void expect_nothing_lost_or_torn(Cache& cache, std::uint64_t writer,
                                 const Acknowledged& acknowledged) {
  const auto alice = principal_named("alice");
  for (const auto& [key, number] : acknowledged.by_key) {
    const EntryRef found = cache.find(alice, key);
    ASSERT_NE(found, nullptr) << key << " lost " << number;
    std::istringstream words(*found->body);
    std::uint64_t found_writer = 0, found_number = 0;
    words >> found_writer >> found_number;
    ASSERT_EQ(found_writer, writer);
    ASSERT_GE(found_number, number) << key << " went back";
    ASSERT_EQ(*found->body, numbered_body(writer, found_number)) << key << " is torn";
  }
}

TEST(KilledProcesses, LoseNothingThatDurableAcknowledged) {
  constexpr std::uint64_t kWritersCount = 8;
  constexpr Duration kTestTime = 9s;  // GHMESH_KILL_SECONDS makes it longer, for a night
  const char* seconds = std::getenv("GHMESH_KILL_SECONDS");
  const Duration time = seconds != nullptr ? Duration(1s) * std::atoi(seconds) : kTestTime;

  TemporaryDirectory folder;
  Random random(11);
  std::vector<Acknowledged> acknowledged(kWritersCount);
  const Instant end = read_clocks().instant + time;
  std::uint64_t kills_count = 0, numbers_count = 0, rounds_count = 0;
  for (; read_clocks().instant < end || rounds_count < 2; ++rounds_count) {
    std::vector<OtherProcess> writers;
    for (std::uint64_t writer = 0; writer < kWritersCount; ++writer) {
      writers.emplace_back(folder.store());
      writers.back().tell("write " + std::to_string(writer) + " " +
                          std::to_string(acknowledged[writer].next));
    }
    ::usleep(static_cast<useconds_t>(700'000 + random.below(600'000)));
    for (std::uint64_t writer = 0; writer < kWritersCount; ++writer) {
      // Not all at once: the others must go on when one of them dies with the write lock in its hands.
      ::usleep(static_cast<useconds_t>(random.below(30'000)));
      acknowledged[writer].read(writer, writers[writer].kill_and_read());
      ++kills_count;
    }
    auto cache = open_or_die({.directory = folder.store()});
    EXPECT_TRUE(cache->stats().is_on_disk);
    EXPECT_EQ(cache->stats().quarantines, 0u);
    for (std::uint64_t writer = 0; writer < kWritersCount; ++writer)
      expect_nothing_lost_or_torn(*cache, writer, acknowledged[writer]);
    EXPECT_EQ(cache->stats().seal_failures, 0u);
  }
  for (const Acknowledged& one : acknowledged) numbers_count += one.next;
  EXPECT_GT(numbers_count, 100u) << "the writers hardly wrote, so this proved nothing";
  std::printf("  %lu kills in %lu rounds, %lu acknowledged puts\n",
              static_cast<unsigned long>(kills_count), static_cast<unsigned long>(rounds_count),
              static_cast<unsigned long>(numbers_count));
}

TEST(ForkedProcess, ReopensAndLeavesTheParentAlone) {
  TemporaryDirectory folder;
  const auto alice = principal_named("alice");
  auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  ASSERT_TRUE(cache->put(alice, "parent's", entry_with("p")));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const EntryRef found = cache->find(alice, "parent's");
    const bool is_right = found && *found->body == "p" &&
                          cache->put(alice, "child's", entry_with("c")).has_value() &&
                          cache->stats().memory_entries_count == 2;
    cache = nullptr;
    ::_exit(is_right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  ASSERT_NE(cache->find(alice, "child's"), nullptr);
  EXPECT_EQ(*cache->find(alice, "child's")->body, "c");
  EXPECT_TRUE(cache->put(alice, "parent's", entry_with("still here")));
}

TEST(ForkedProcess, LeavesNoDescriptorsToProgramsItStarts) {
  TemporaryDirectory folder;
  auto cache = open_or_die({.directory = folder.store()});
  int checked_count = 0;
  for (const auto& link : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(link.path(), error);
    if (error || !target.string().starts_with(folder.path().string())) continue;
    const int fd = std::atoi(link.path().filename().c_str());
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << target;
    ++checked_count;
  }
  EXPECT_GE(checked_count, 2);
}

}  // namespace
}  // namespace ghmesh::cache
