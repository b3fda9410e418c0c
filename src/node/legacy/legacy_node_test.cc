// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/legacy/legacy_node.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace ghmesh::node {
namespace {

constexpr std::string_view kSecret = "ghp_a_token_that_both_have";

LegacyOptions options(std::vector<std::string> peers = {}, std::string_view secret = kSecret) {
  return {.secret = crypto::Secret(secret),
          .listen = {"/ip4/127.0.0.1/tcp/0"},
          .peers = std::move(peers)};
}

std::unique_ptr<library::LocalCache> memory_cache() { return *library::LocalCache::open({}); }

template <class Condition>
bool wait_until(Condition condition) {
  for (int i = 0; i < 4000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

TEST(LegacyNode, SendsAnEntryAndHearsOk) {
  std::promise<library::LegacyEntry> came;
  LegacyNode one(options(),
                 [&](const library::LegacyEntry& entry) { return came.set_value(entry), true; });
  LegacyNode two(options(one.addresses()), [](const library::LegacyEntry&) { return true; });
  ASSERT_TRUE(wait_until([&] { return two.peers_count() == 1; }));
  const auto cache = memory_cache();
  const Key key("get_repo_info", {"octocat/Hello-World"});
  ASSERT_TRUE(cache->put(key, R"({"updatedAt":"u","pushedAt":"p"})", {}));
  two.send(key, *cache->find(key.text()));
  const auto entry = came.get_future().get();
  EXPECT_EQ(entry.joined_key, "get_repo_info:octocat/Hello-World");
  EXPECT_EQ(entry.data, R"({"updatedAt":"u","pushedAt":"p"})");
  EXPECT_TRUE(wait_until([&] { return two.counters().answered == 1; }));
  EXPECT_EQ(one.counters().received, 1u);
}

TEST(LegacyNode, DropsWhatAnotherSecretHasSealed) {
  LegacyNode one(options(), [](const library::LegacyEntry&) { return ADD_FAILURE(), true; });
  LegacyNode two(options(one.addresses(), "another"),
                 [](const library::LegacyEntry&) { return true; });
  ASSERT_TRUE(wait_until([&] { return two.peers_count() == 1; }));
  const auto cache = memory_cache();
  ASSERT_TRUE(cache->put({"op"}, "1", {}));
  two.send({"op"}, *cache->find(Key("op").text()));
  EXPECT_TRUE(wait_until([&] { return one.counters().refused == 1; }));
  EXPECT_EQ(two.counters().answered, 0u);
}

TEST(LegacyNode, SendsNothingThatThePredecessorWouldReadInPart) {
  LegacyNode one(options(), [](const library::LegacyEntry&) { return true; });
  const auto cache = memory_cache();
  ASSERT_TRUE(cache->put({"op"}, '"' + std::string(100'000, 'x') + '"', {}));
  one.send({"op"}, *cache->find(Key("op").text()));
  EXPECT_EQ(one.counters().too_large, 1u);
}

TEST(LegacyNode, SaysWhereItCannotListen) {
  LegacyOptions bad = options();
  bad.listen = {"/ip4/203.0.113.1/tcp/1"};
  EXPECT_THROW(LegacyNode(std::move(bad), [](const library::LegacyEntry&) { return true; }),
               std::runtime_error);
}

}  // namespace
}  // namespace ghmesh::node
