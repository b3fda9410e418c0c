// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "ghmesh/cache.h"

namespace ghmesh {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = fs::temp_directory_path() / "ghmesh-api-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  fs::path path() const { return path_; }

 private:
  fs::path path_;
};

struct CacheTest : testing::Test {
  TemporaryFolder folder;
  CacheOptions options() const {
    CacheOptions options;
    options.directory = folder.path() / "cache";
    options.state_directory = folder.path() / "state";
    return options;
  }
  CacheOptions in_memory() const {
    CacheOptions all = options();
    all.is_persistent = false;
    return all;
  }
};

std::string data_of(const std::optional<Value>& value) {
  return value ? std::string(value->data()) : "(nothing)";
}

template <class Condition>
bool wait_until(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

TEST_F(CacheTest, ReturnsWhatWasPut) {
  for (const bool is_persistent : {true, false}) {
    CacheOptions all = options();
    all.is_persistent = is_persistent;
    Cache cache(std::move(all));
    EXPECT_FALSE(cache.get({"op", {"a"}}));
    EXPECT_FALSE(cache.put({"op", {"a"}}, R"({"x":1})"));
    const auto value = cache.get({"op", {"a"}});
    ASSERT_TRUE(value);
    EXPECT_EQ(value->data(), R"({"x":1})");
    EXPECT_EQ(value->ttl(), Milliseconds(300'000));
    EXPECT_FALSE(value->is_of_peer());
    EXPECT_FALSE(cache.get({"op", {"b"}}));
    EXPECT_FALSE(cache.get({"op", {}, {{"a", ""}}}));
    const CacheStats stats = cache.stats();
    EXPECT_EQ(stats.hits, 1u);
    EXPECT_EQ(stats.misses, 3u);
    EXPECT_EQ(stats.entries_count, 1u);
    EXPECT_EQ(stats.is_on_disk, is_persistent);
    EXPECT_FALSE(stats.is_swarm_on);
  }
}

TEST_F(CacheTest, OutlivesTheProcessAndTheObject) {
  { Cache(options()).put({"op", {"a"}}, "1"); }
  Cache cache(options());
  EXPECT_EQ(data_of(cache.get({"op", {"a"}})), "1");
}

TEST_F(CacheTest, EndsWithItsTimeToLive) {
  Cache cache(options());
  cache.put({"op"}, "1", {.ttl = Milliseconds(30), .validation_fields = {}});
  EXPECT_TRUE(wait_until([&] { return !cache.get({"op"}); }));
  EXPECT_EQ(data_of(cache.get_stale({"op"})), "1");
  EXPECT_GE(cache.stats().expirations, 1u);
}

TEST_F(CacheTest, MissesWhereTheValidationFieldsDiffer) {
  Cache cache(options());
  cache.put({"get_repo_info", {"o/r"}}, R"({"updatedAt":"1","pushedAt":"2","name":"r"})");
  EXPECT_TRUE(cache.get({"get_repo_info", {"o/r"}}, R"({"pushedAt":"2","updatedAt":"1"})"));
  EXPECT_FALSE(cache.get({"get_repo_info", {"o/r"}}, R"({"pushedAt":"3","updatedAt":"1"})"));
  EXPECT_TRUE(cache.get({"get_repo_info", {"o/r"}}));
}

TEST_F(CacheTest, ForgetsOneAPrefixOrAll) {
  Cache cache(options());
  for (const char* name : {"a", "b", "c"}) cache.put({"list", {name}}, name);
  cache.put({"other"}, "x");
  EXPECT_TRUE(cache.invalidate({"list", {"a"}}));
  EXPECT_FALSE(cache.invalidate({"list", {"a"}}));
  EXPECT_FALSE(cache.get({"list", {"a"}}));
  EXPECT_EQ(cache.invalidate_prefix("list:"), 2u);
  EXPECT_FALSE(cache.get({"list", {"b"}}));
  EXPECT_TRUE(cache.get({"other"}));
  EXPECT_EQ(cache.clear(), 1u);
  EXPECT_EQ(cache.stats().entries_count, 0u);
  EXPECT_FALSE(cache.get({"other"}));
}

TEST_F(CacheTest, ListsWhatItHolds) {
  Cache cache(options());
  std::set<std::string> put, seen;
  for (int i = 0; i < 3000; ++i) {
    const Key key("op", {std::to_string(i)});
    cache.put(key, std::to_string(i));
    put.insert(key.joined());
  }
  cache.for_each([&](const Key& key, const Value&) { return seen.insert(key.joined()).second; });
  EXPECT_EQ(seen, put);
  EXPECT_EQ(cache.stats().entries_count, 3000u);
}

TEST_F(CacheTest, KeepsNoMoreEntriesThanItWasTold) {
  for (const bool is_persistent : {true, false}) {
    CacheOptions all = options();
    all.is_persistent = is_persistent;
    all.entries_max = 3;
    Cache cache(std::move(all));
    for (int i = 0; i < 10; ++i) {
      cache.put({"op", {std::to_string(i)}}, "x");
      // Ages are counted in milliseconds: of one, any may go.
      const auto written = cache.get({"op", {std::to_string(i)}})->written_at();
      while (std::chrono::system_clock::now() < written + Milliseconds(2))
        std::this_thread::yield();
    }
    EXPECT_EQ(cache.stats().entries_count, 3u);
    EXPECT_TRUE(cache.get({"op", {"9"}}));
    EXPECT_FALSE(cache.get({"op", {"0"}}));
    EXPECT_EQ(cache.stats().evictions, 7u);
    cache.clear();
  }
}

TEST_F(CacheTest, RefusesWhatIsTooLarge) {
  Cache cache(options());
  EXPECT_EQ(cache.put({"op"}, std::string(kDataBytesMax + 1, 'x')), Failure::too_large);
  EXPECT_EQ(cache.put({"op", {std::string(kKeyBytesMax, 'x')}}, "1"), Failure::too_large);
  EXPECT_FALSE(cache.get({"op"}));
}

TEST_F(CacheTest, TakesManyAtOnce) {
  Cache cache(options());
  const std::vector<PutItem> items{{{"op", {"a"}}, "1", {}}, {{"op", {"b"}}, "2", {}}};
  EXPECT_FALSE(cache.put_many(items));
  const std::vector<Key> keys{{"op", {"a"}}, {"op", {"c"}}, {"op", {"b"}}};
  const auto values = cache.get_many(keys);
  EXPECT_EQ(data_of(values[0]) + data_of(values[1]) + data_of(values[2]), "1(nothing)2");
}

TEST_F(CacheTest, CallsBackAndKeepsPromises) {
  Cache cache(options());
  EXPECT_FALSE(cache.put_future({"op"}, "1").get());
  EXPECT_EQ(data_of(cache.get_future({"op"}, Milliseconds(0)).get()), "1");
  std::promise<std::pair<std::thread::id, std::string>> called;
  cache.get_async({"op"}, Milliseconds(0), [&](std::error_code, std::optional<Value> value) {
    called.set_value({std::this_thread::get_id(), data_of(value)});
  });
  const auto [thread, data] = called.get_future().get();
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(data, "1");
  EXPECT_FALSE(cache.flush());
}

TEST_F(CacheTest, AnswersEveryCallbackWhenItIsClosed) {
  std::atomic<int> answered = 0;
  {
    Cache cache(options());
    for (int i = 0; i < 1000; ++i)
      cache.put_async({"op", {std::to_string(i)}}, "x", {}, [&](std::error_code) { ++answered; });
  }
  EXPECT_EQ(answered, 1000);
}

TEST_F(CacheTest, IsQuietAfterItWasClosed) {
  Cache cache(options());
  cache.put({"op"}, "1");
  cache.close();
  cache.close();
  EXPECT_FALSE(cache.get({"op"}));
  EXPECT_EQ(cache.put({"op"}, "2"), Failure::closed);
  EXPECT_EQ(cache.flush(), Failure::closed);
  EXPECT_EQ(cache.put_future({"op"}, "2").get(), Failure::closed);
  EXPECT_EQ(cache.stats().hits, 0u);
}

TEST_F(CacheTest, GoesOnFromMemoryWhereTheDirectoryCannotBeUsed) {
  CacheOptions all = options();
  std::ofstream(folder.path() / "file") << "x";
  all.directory = folder.path() / "file" / "cache";
  Cache cache(std::move(all));
  EXPECT_FALSE(cache.put({"op"}, "1"));
  EXPECT_EQ(data_of(cache.get({"op"})), "1");
  EXPECT_FALSE(cache.stats().is_on_disk);
}

TEST_F(CacheTest, RefusesADirectoryThatOthersMayWriteTo) {
  fs::create_directories(folder.path() / "cache");
  fs::permissions(folder.path() / "cache", fs::perms::all);
  EXPECT_THROW(Cache{options()}, std::system_error);
}

TEST_F(CacheTest, ServesThreadsThatDoEverythingAtOnce) {
  Cache cache(options());
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 500; ++i) {
        const Key key("op", {std::to_string(i % 50)});
        switch ((i + thread) % 5) {
          case 0: cache.put(key, std::to_string(i % 50)); break;
          case 1: cache.invalidate(key); break;
          case 2: static_cast<void>(cache.put_future(key, std::to_string(i % 50))); break;
          case 3:
            if (i % 100 == 3) cache.invalidate_prefix("op:4");
            break;
          default:
            if (const auto value = cache.get(key); value && value->data() != std::to_string(i % 50))
              ++wrong;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// ThreadSanitizer lets no thread of a child take the place of one that the parent has. Forks under it are in
// sim/crew/contexts_test.cc.
#ifndef __SANITIZE_THREAD__

// Runs `body` in the child of a fork, and says whether it ended well.
template <class Body>
bool in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(CacheTest, GoesOnInTheChildOfAFork) {
  for (const bool is_persistent : {true, false}) {
    CacheOptions all = options();
    all.is_persistent = is_persistent;
    Cache cache(std::move(all));
    cache.put({"before"}, "1");
    static_cast<void>(cache.put_future({"worker"}, "started").get());
    EXPECT_TRUE(in_child([&] {
      // What is in memory only is not there, and nothing hangs.
      if (is_persistent != cache.get({"before"}).has_value()) return false;
      if (cache.put_future({"child"}, "2").get()) return false;
      if (data_of(cache.get({"child"})) != "2") return false;
      cache.close();
      return true;
    }));
    if (is_persistent) {
      EXPECT_TRUE(wait_until([&] { return data_of(cache.get({"child"})) == "2"; }));
    }
    EXPECT_EQ(data_of(cache.get({"before"})), "1");
    cache.clear();
  }
}

// AddressSanitizer's allocator is left locked in the child of a fork if another thread was inside of it; glibc's is
// not. So under it the others do nothing, and have begun, and the cache's own have come to rest, before the first fork.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kMayAllocateMeanwhile = false;
#else
constexpr bool kMayAllocateMeanwhile = true;
#endif

TEST_F(CacheTest, ForksWhileOtherThreadsAreInside) {
  Cache cache(options());
  std::atomic<bool> is_done = false;
  std::atomic<int> begun_count = 0;
  std::vector<std::thread> threads;
  const Key key("op");
  cache.put(key, "x");
  cache.flush();
  for (int thread = 0; thread < 3; ++thread)
    threads.emplace_back([&] {
      ++begun_count;
      while (!is_done) {
        if (kMayAllocateMeanwhile) cache.put(key, "x");
        if (kMayAllocateMeanwhile) cache.get(key);
        std::this_thread::yield();
      }
    });
  while (begun_count < 3) std::this_thread::yield();
  if (!kMayAllocateMeanwhile) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(in_child(
        [&] { return !cache.put({"child"}, "1") && cache.get({"child"}) && !cache.flush(); }));
  is_done = true;
  for (std::thread& thread : threads) thread.join();
}

#endif

// What the Python predecessor gets wrong (its own module, run).

TEST_F(CacheTest, PredecessorDefectKeysWithColonsAndSlashesHitAfterARestart) {
  { Cache(options()).put({"get_repo_info", {"a/b:c"}}, "1"); }
  EXPECT_EQ(data_of(Cache(options()).get({"get_repo_info", {"a/b:c"}})), "1");
}

TEST_F(CacheTest, PredecessorDefectNamesThatLookAlikeInAFileDoNotCollide) {
  {
    Cache cache(options());
    cache.put({"get", {"a/b_c"}}, "1");
    cache.put({"get", {"a_b/c"}}, "2");
    cache.put({"get", {"a:b"}}, "3");
    cache.put({"get", {"a", "b"}}, "4");
  }
  Cache cache(options());
  EXPECT_EQ(data_of(cache.get({"get", {"a/b_c"}})), "1");
  EXPECT_EQ(data_of(cache.get({"get", {"a_b/c"}})), "2");
  EXPECT_EQ(data_of(cache.get({"get", {"a:b"}})), "3");
  EXPECT_EQ(data_of(cache.get({"get", {"a", "b"}})), "4");
}

TEST_F(CacheTest, PredecessorDefectLongKeysArePersistent) {
  const Key key("search", {std::string(3000, 'q')});
  { Cache(options()).put(key, "1"); }
  EXPECT_EQ(data_of(Cache(options()).get(key)), "1");
}

TEST_F(CacheTest, PredecessorDefectWhatIsExpiredCanStillBeHadAfterItWasMissed) {
  Cache cache(options());
  cache.put({"op"}, "1", {.ttl = Milliseconds(0), .validation_fields = {}});
  EXPECT_FALSE(cache.get({"op"}));
  EXPECT_EQ(data_of(cache.get_stale({"op"})), "1");
}

TEST_F(CacheTest, PredecessorDefectCountersGoOnAfterClear) {
  Cache cache(options());
  cache.put({"op"}, "1");
  cache.get({"op"});
  cache.clear();
  cache.get({"op"});
  EXPECT_EQ(cache.stats().hits, 1u);
  EXPECT_EQ(cache.stats().misses, 1u);
}

#ifndef __SANITIZE_THREAD__
TEST_F(CacheTest, PredecessorDefectTwoInstancesSeeEachOthersPutsAndInvalidations) {
  Cache one(options()), two(options());
  one.put({"op"}, "1");
  EXPECT_EQ(data_of(two.get({"op"})), "1");
  two.put({"op"}, "2");
  EXPECT_EQ(data_of(one.get({"op"})), "2");
  one.invalidate({"op"});
  EXPECT_FALSE(two.get({"op"}));
  // In two processes, within the milliseconds of a commit.
  EXPECT_TRUE(in_child([&] {
    Cache child(options());
    return !child.put({"from child"}, "3") && !child.flush();
  }));
  EXPECT_TRUE(wait_until([&] { return data_of(two.get({"from child"})) == "3"; }));
  EXPECT_TRUE(in_child([&] {
    Cache child(options());
    return child.invalidate({"from child"}) && !child.flush();
  }));
  EXPECT_TRUE(wait_until([&] { return !two.get({"from child"}); }));
}
#endif

}  // namespace
}  // namespace ghmesh
