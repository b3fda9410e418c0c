// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the store keeps, shares, forgets and hides.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "cache/cache.h"
#include "cache/eviction.h"
#include "cache/test_support.h"

namespace ghmesh::cache {
namespace {

using namespace test;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Any order of puts, lookups, erasures and restarts, by several principals, with little memory: always what a map would
// say.
TEST(StoreModel, AgreesWithAMap) {
  TemporaryDirectory folder;
  Random random(42);
  const std::vector<github::Principal> principals{principal_named("a"), principal_named("b"),
                                                  principal_named("c")};
  std::map<std::pair<std::size_t, std::string>, std::string> model;
  const auto open = [&](Durability durability) {
    return open_or_die(
        {.directory = folder.store(), .durability = durability, .memory_bytes_max = 20'000});
  };
  auto cache = open(Durability::fast);
  for (int step = 0; step < 2500; ++step) {
    const std::size_t who = random.below(principals.size());
    const std::string key = "k" + std::to_string(random.below(40));
    const std::uint64_t what = random.below(1000);
    if (what < 350) {
      // Bodies of all sizes; some the same for several principals, so that they share and unshare.
      std::string body =
          random.chance(0.5)
              ? std::string(4000, static_cast<char>('a' + random.below(5))) + noise(random, 0)
              : noise(random, random.below(6000));
      if (random.chance(0.3)) {
        Random shared(random.below(4));
        body = noise(shared, 3000);
      }
      ASSERT_TRUE(cache->put(principals[who], key, entry_with(body)));
      model[{who, key}] = body;
    } else if (what < 450) {
      cache->erase(principals[who], key);
      model.erase({who, key});
    } else if (what < 452) {
      cache->erase_all();
      model.clear();
    } else if (what < 460) {
      cache = nullptr;
      cache = open(random.chance(0.2) ? Durability::durable : Durability::fast);
    } else {
      const EntryRef found = cache->find(principals[who], key);
      const auto expected = model.find({who, key});
      ASSERT_EQ(found != nullptr, expected != model.end()) << "step " << step;
      if (found) {
        ASSERT_EQ(*found->body, expected->second) << "step " << step;
      }
    }
  }
  cache = nullptr;
  cache = open(Durability::fast);
  EXPECT_EQ(cache->stats().entries_count, model.size());
  for (const auto& [at, body] : model) {
    const EntryRef found = cache->find(principals[at.first], at.second);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found->body, body);
  }
  EXPECT_EQ(cache->stats().seal_failures, 0u);
  EXPECT_EQ(cache->stats().store_faults, 0u);
}

TEST(StoreThreads, MayAllUseOneCache) {
  TemporaryDirectory folder;
  auto cache = open_or_die({.directory = folder.store(), .memory_bytes_max = 50'000});
  std::atomic<int> wrong_count{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      const auto principal = principal_named(t % 2 == 0 ? "even" : "odd");
      Random random(static_cast<std::uint64_t>(t));
      for (int i = 0; i < 400; ++i) {
        const std::uint64_t number = random.below(30);
        // Whoever wrote last, a key's body is a function of the key and the principal.
        const std::string body = (t % 2 == 0 ? "even " : "odd ") + std::string(number * 100, 'x') +
                                 std::to_string(number);
        if (random.chance(0.4)) (void)cache->put(principal, key_number(number), entry_with(body));
        else if (random.chance(0.1)) cache->erase(principal, key_number(number));
        else if (const EntryRef found = cache->find(principal, key_number(number));
                 found && *found->body != body)
          ++wrong_count;
        if (random.chance(0.05)) (void)cache->find_candidate(principal, key_number(number));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong_count, 0);
}

TEST(StoreBodies, AreSharedByPrincipalsAndGoWithTheLast) {
  TemporaryDirectory folder;
  Random random(1);
  const EntryRef large = entry_with(noise(random, 400'000));
  auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  const auto used = [&] { return cache->stats().disk_bytes; };
  const std::uint64_t empty_bytes = used();
  ASSERT_TRUE(cache->put(principal_named("0"), "k", large));
  const std::uint64_t one_bytes = used();
  EXPECT_GT(one_bytes, empty_bytes + 400'000);
  for (int i = 1; i < 10; ++i)
    ASSERT_TRUE(cache->put(principal_named(std::to_string(i)), "k", large));
  EXPECT_LT(used(), one_bytes + 100'000);

  cache = nullptr;
  cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  // After a restart the sharing begins again with the first that is looked up.
  ASSERT_NE(cache->find(principal_named("3"), "k"), nullptr);
  ASSERT_TRUE(cache->put(principal_named("11"), "k", large));
  EXPECT_LT(used(), one_bytes + 100'000);

  for (int i = 0; i < 10; ++i) cache->erase(principal_named(std::to_string(i)), "k");
  ASSERT_TRUE(cache->flush());
  EXPECT_EQ(*cache->find(principal_named("11"), "k")->body, *large->body);
  cache->erase(principal_named("11"), "k");
  ASSERT_TRUE(cache->flush());
  EXPECT_LT(used(), empty_bytes + 20'000);
}

TEST(StoreBodies, AreNotWrittenAgainWhenOnlyTheTimesChange) {
  TemporaryDirectory folder;
  Random random(1);
  const auto alice = principal_named("alice");
  const EntryRef large = entry_with(noise(random, 400'000));
  auto cache = open_or_die({.directory = folder.store(), .durability = Durability::durable});
  ASSERT_TRUE(cache->put(alice, "k", large));
  const auto file_bytes = std::filesystem::file_size(folder.store() / "data.mdb");
  for (int i = 0; i < 20; ++i) {
    Entry proven = *large;
    proven.proven_at += Seconds(60 * i);
    ASSERT_TRUE(cache->put(alice, "k", finish_entry(std::move(proven))));
  }
  EXPECT_LT(std::filesystem::file_size(folder.store() / "data.mdb"), file_bytes + 100'000);
  cache = nullptr;
  cache = open_or_die({.directory = folder.store()});
  const EntryRef found = cache->find(alice, "k");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->proven_at, large->proven_at + Seconds(60 * 19));
  EXPECT_EQ(*found->body, *large->body);
}

TEST(StoreQuota, HoldsAndKeepsWhatWasUsedLast) {
  TemporaryDirectory folder;
  constexpr std::uint64_t kQuotaBytes = 3 << 19;
  constexpr std::uint64_t kEntriesCount = 4'000;  // two and a half times what fits
  const auto alice = principal_named("alice");
  std::int64_t now = 1'770'000'000;
  auto cache = open_or_die({.directory = folder.store(),
                            .disk_bytes_max = kQuotaBytes,
                            .memory_bytes_max = 0,
                            .clock = [&now] { return wall_time(now); }});
  for (std::uint64_t i = 0; i < kEntriesCount; ++i) {
    ASSERT_TRUE(cache->put(alice, key_number(i), entry_with(run_body(i))));
    if (i % 200 != 199) continue;
    ASSERT_TRUE(cache->flush());
    now += 2048;
    ASSERT_LE(cache->stats().disk_bytes, kQuotaBytes * 105 / 100) << "after " << i;
  }
  const Stats stats = cache->stats();
  EXPECT_EQ(stats.store_faults, 0u);
  EXPECT_EQ(stats.entries_count + stats.evictions_disk, kEntriesCount);
  EXPECT_GT(stats.disk_bytes, kQuotaBytes * 3 / 4) << "it threw away more than it had to";
  // Rows that came and went leave their pages half full: 1.4 KB for each of these where a new store needs 1.0.
  EXPECT_GT(stats.entries_count, kEntriesCount / 5);
  std::uint64_t new_count = 0, old_count = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    old_count += cache->find(alice, key_number(i)) != nullptr;
    new_count += cache->find(alice, key_number(kEntriesCount - 1 - i)) != nullptr;
  }
  EXPECT_GT(new_count, 350u);
  EXPECT_LT(old_count, 120u);
  // Twice the quota and a group of changes, which is written beside what it replaces; on a busy machine groups are
  // large.
  EXPECT_LT(std::filesystem::file_size(folder.store() / "data.mdb"), kQuotaBytes * 9 / 4);
}

TEST(StoreQuota, HoldsForLargeBodiesToo) {
  TemporaryDirectory folder;
  Random random(1);
  const auto alice = principal_named("alice");
  auto cache = open_or_die(
      {.directory = folder.store(), .durability = Durability::durable, .disk_bytes_max = 3 << 20});
  for (std::uint64_t i = 0; i < 30; ++i) {
    ASSERT_TRUE(cache->put(alice, key_number(i), entry_with(noise(random, 300'000))));
    ASSERT_LE(cache->stats().disk_bytes, 7u << 19) << i;
  }
  EXPECT_GE(cache->stats().entries_count, 5u);
}

class StoreCandidates : public ::testing::Test {
 protected:
  std::unique_ptr<Cache> open(Candidates candidates) {
    return open_or_die({.directory = folder_.store(),
                        .durability = Durability::durable,
                        .candidates = candidates,
                        .local_secret = secret_});
  }
  TemporaryDirectory folder_;
  crypto::Secret secret_{std::string_view("0123456789abcdef0123456789abcdef")};
  github::Principal alice_ = principal_named("alice");
  github::Principal bob_ = principal_named("bob");
};

TEST_F(StoreCandidates, AreTheOthersMostRecentEntries) {
  auto cache = open(Candidates::memory);
  EXPECT_EQ(cache->find_candidate(bob_, "k"), nullptr);
  ASSERT_TRUE(cache->put(alice_, "k", entry_with("alice's")));
  EXPECT_EQ(cache->find_candidate(alice_, "k"), nullptr) << "one's own is no candidate";
  ASSERT_NE(cache->find_candidate(bob_, "k"), nullptr);
  EXPECT_EQ(*cache->find_candidate(bob_, "k")->body, "alice's");
  EXPECT_EQ(cache->find_candidate(bob_, "other"), nullptr);
  EXPECT_EQ(cache->find(bob_, "k"), nullptr) << "a candidate is not an entry of the one who asks";
  ASSERT_TRUE(cache->put(principal_named("carol"), "k", entry_with("carol's")));
  EXPECT_EQ(*cache->find_candidate(bob_, "k")->body, "carol's");
  cache->erase(principal_named("carol"), "k");
  EXPECT_EQ(*cache->find_candidate(bob_, "k")->body, "alice's");
}

TEST_F(StoreCandidates, ComeFromTheDiskWithKeysHeldInMemory) {
  auto cache = open_or_die(
      {.directory = folder_.store(), .durability = Durability::durable, .memory_bytes_max = 0});
  ASSERT_TRUE(cache->put(alice_, "k", entry_with("alice's")));
  ASSERT_NE(cache->find_candidate(bob_, "k"), nullptr);
}

TEST_F(StoreCandidates, InMemoryModeDieWithTheProcess) {
  ASSERT_TRUE(open(Candidates::memory)->put(alice_, "k", entry_with("alice's")));
  EXPECT_EQ(open(Candidates::memory)->find_candidate(bob_, "k"), nullptr);
}

TEST_F(StoreCandidates, OnDiskModeSurviveARestartUnderTheLocalSecretOnly) {
  ASSERT_TRUE(open(Candidates::disk)->put(alice_, "k", entry_with("alice's")));
  {
    auto cache = open(Candidates::disk);
    const EntryRef found = cache->find_candidate(bob_, "k");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found->body, "alice's");
    EXPECT_EQ(cache->find_candidate(alice_, "k"), nullptr);
    EXPECT_EQ(cache->find(bob_, "k"), nullptr);
  }
  secret_ = crypto::Secret(std::string_view("another secret, of 32 bytes ....."));
  EXPECT_EQ(open(Candidates::disk)->find_candidate(bob_, "k"), nullptr);
}

TEST_F(StoreCandidates, AreOffWhenAskedToBe) {
  auto cache = open(Candidates::off);
  ASSERT_TRUE(cache->put(alice_, "k", entry_with("alice's")));
  EXPECT_EQ(cache->find_candidate(bob_, "k"), nullptr);
}

// Every spelling in which a canary could lie in a file; base64 depends on where in a group of three it begins.
std::vector<std::string> spellings(const std::string& canary) {
  std::vector<std::string> all{canary, hex(as_bytes(canary)),
                               std::string(canary.rbegin(), canary.rend())};
  for (std::size_t skip = 0; skip < 3; ++skip) {
    const std::string inner = base64(as_bytes(std::string(skip, ' ') + canary + "   "));
    all.push_back(inner.substr(4, (canary.size() - 4) / 3 * 4 - 4));
    const std::string url = base64url(as_bytes(std::string(skip, ' ') + canary + "   "));
    all.push_back(url.substr(4, (canary.size() - 4) / 3 * 4 - 4));
  }
  return all;
}

TEST(StoreFilesContent, TellNothingOfBodiesKeysOrPrincipals) {
  TemporaryDirectory folder;
  const std::string canary = "canary-body-5f3a9c71e2d84b06";
  const std::string key = "api.github.com/repos/canary-owner/canary-name-77c1/actions";
  const auto alice = principal_named("canary-principal");
  for (const Candidates candidates : {Candidates::memory, Candidates::disk}) {
    auto cache = open_or_die(
        {.directory = folder.store(),
         .durability = Durability::durable,
         .candidates = candidates,
         .local_secret = crypto::Secret(std::string_view("canary-local-secret-of-32-bytes!"))});
    ASSERT_TRUE(cache->put(alice, key, entry_with(canary)));
    ASSERT_TRUE(cache->put(alice, key + "/large",
                           entry_with(canary + std::string(10'000, 'x') + run_body(1))));
    ASSERT_TRUE(cache->put(alice, key + "/headers", [&] {
      Entry entry = *entry_with("x");
      entry.headers.add("link", canary);
      return finish_entry(std::move(entry));
    }()));
  }
  std::string everything;
  for (const auto& file : std::filesystem::directory_iterator(folder.store()))
    everything += read_file(file.path());
  ASSERT_GT(everything.size(), 10'000u);
  std::vector<std::string> secrets{canary,
                                   "canary-owner/canary-name-77c1",
                                   "canary-local-secret-of-32-bytes!",
                                   std::string(as_text(alice.seal_key.reveal())),
                                   std::string(as_text(alice.locate_key.reveal())),
                                   std::string(as_text(alice.id)),
                                   std::string(as_text(entry_with(canary)->body_digest))};
  for (const std::string& secret : secrets)
    for (const std::string& spelling : spellings(secret)) {
      ASSERT_GE(spelling.size(), 8u);
      EXPECT_EQ(everything.find(spelling), std::string::npos) << spelling;
    }
}

TEST(StoreFilesContent, ShowsThatTheSearchForCanariesFinds) {
  const std::string canary = "canary-body-5f3a9c71e2d84b06";
  for (const std::string& hidden :
       {canary, hex(as_bytes(canary)), base64(as_bytes("a" + canary + "b")),
        base64url(as_bytes("ab" + canary))}) {
    bool is_found = false;
    for (const std::string& spelling : spellings(canary))
      is_found |= hidden.find(spelling) != std::string::npos;
    EXPECT_TRUE(is_found) << hidden;
  }
}

}  // namespace
}  // namespace ghmesh::cache
