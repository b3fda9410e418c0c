// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh::Cache in a swarm and ghmesh::GitHub, as a program has them.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/log.h"
#include "ghmesh/cache.h"
#include "ghmesh/github.h"
#include "mesh/secret/swarm_secret.h"
#include "node/node.h"
#include "sim/crew/test_github.h"

namespace ghmesh {
namespace {

namespace fs = std::filesystem;
using sim::TestGitHub;
using namespace std::chrono_literals;

constexpr auto kLong = 20s;

template <class Condition>
bool wait_until(Condition is_so, std::chrono::milliseconds patience = kLong) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

class CacheSwarmTest : public ::testing::Test {
 protected:
  CacheSwarmTest() {
    log::set_level(log::Level::error);
    std::string name = (fs::temp_directory_path() / "cache_swarm_XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~CacheSwarmTest() override { fs::remove_all(folder); }

  CacheOptions options(const std::string& machine, const std::vector<std::string>& peers = {},
                       const std::string& text = "") const {
    CacheOptions made;
    made.directory = (folder / machine / "cache").string();
    made.state_directory = (folder / machine / "state").string();
    made.swarm.is_on = true;
    made.swarm.secret = SecretText(text.empty() ? secret : text);
    made.swarm.peers = peers;
    return made;
  }
  CacheOptions plain(const std::string& machine) const {
    CacheOptions made = options(machine);
    made.swarm = {};
    return made;
  }
  // Without the peer id: it is learned in the handshake.
  static std::string dialable(const Cache& cache) {
    const std::string address = cache.stats().addresses.at(0);
    return address.substr(0, address.find("/p2p/"));
  }
  static bool meet(const Cache& one, const Cache& two) {
    return wait_until([&] { return one.stats().peers_count == 1 && two.stats().peers_count == 1; });
  }

  fs::path folder;
  const std::string secret = std::string(as_text(mesh::SwarmSecret::generate().text().reveal()));
};

TEST_F(CacheSwarmTest, TwoCachesShareAPutAndTheSecondReallyGetsIt) {
  Cache one(options("one"));
  Cache two(options("two", {dialable(one)}));
  ASSERT_TRUE(meet(one, two));
  const Key key("get_repo_info", {"octocat/Hello-World"});
  ASSERT_FALSE(two.get(key));
  ASSERT_FALSE(one.put(key, R"({"id":1296269})"));
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(wait_until([&] { return two.get_stale(key).has_value(); }));
  std::printf("a put is there after %lld us\n",
              static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(
                                         std::chrono::steady_clock::now() - began)
                                         .count()));
  const auto value = two.get(key);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->data(), R"({"id":1296269})");
  EXPECT_TRUE(value->is_of_peer());
  EXPECT_EQ(two.stats().peer_hits, 1u);
  EXPECT_EQ(one.stats().peer_hits, 0u);
  two.invalidate(key);
  EXPECT_TRUE(wait_until([&] { return !one.get_stale(key); }));
}

TEST_F(CacheSwarmTest, TheHostListensWhenTheConstructorReturns) {
  const auto began = std::chrono::steady_clock::now();
  const Cache cache(options("one"));
  const auto taken = std::chrono::steady_clock::now() - began;
  const CacheStats stats = cache.stats();
  EXPECT_TRUE(stats.is_swarm_on);
  EXPECT_TRUE(stats.is_leading);
  EXPECT_TRUE(stats.peer_id.starts_with("12D3KooW"));
  EXPECT_EQ(stats.addresses.size(), 1u);
  std::printf(
      "a cache in a swarm is there after %lld us\n",
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(taken).count()));
}

TEST_F(CacheSwarmTest, APassphraseAloneMakesASwarm) {
  const std::string passphrase = "correct horse battery staple and seventeen green bottles";
  const auto began = std::chrono::steady_clock::now();
  Cache one(options("one", {}, passphrase));
  std::printf("with a passphrase after %lld us\n",
              static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(
                                         std::chrono::steady_clock::now() - began)
                                         .count()));
  Cache two(options("two", {dialable(one)}, passphrase));
  EXPECT_TRUE(meet(one, two));
}

TEST_F(CacheSwarmTest, WhatIsNoSecretNoMultiaddrOrNoSwarmSaysSo) {
  const auto failure_of = [](CacheOptions options) {
    try {
      const Cache cache(std::move(options));
      return std::error_code();
    } catch (const std::system_error& error) {
      return error.code();
    }
  };
  EXPECT_EQ(failure_of(options("one", {}, "abc")), Failure::malformed);
  EXPECT_EQ(failure_of(options("one", {"127.0.0.1:1"})), Failure::malformed);
  CacheOptions none = options("one");
  none.swarm.secret = SecretText();
  EXPECT_EQ(failure_of(std::move(none)), Failure::swarm_failed);
  CacheOptions elsewhere = options("one");
  elsewhere.swarm.listen = {"/ip4/192.0.2.1/tcp/1"};
  EXPECT_EQ(failure_of(std::move(elsewhere)), Failure::swarm_failed);
}

TEST_F(CacheSwarmTest, AMissIsAskedOfTheSwarmUntilTheDeadline) {
  const Key key("rare", {"thing"});
  Cache one(options("one"));
  ASSERT_FALSE(one.put(key, "\"put before the other was there\""));
  ASSERT_FALSE(one.flush());
  one.close();  // the next leader of this directory has an empty board, and the store
  Cache again(options("one"));
  Cache two(options("two", {dialable(again)}));
  ASSERT_TRUE(meet(again, two));
  const auto value = two.get_within(key, 5s);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->data(), "\"put before the other was there\"");
  EXPECT_EQ(two.stats().peer_hits, 1u);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(two.get_within(Key("nothing"), 10s));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);  // all said that they have it not
}

// The loop goes on while the cache starts, is asked and is told.
TEST_F(CacheSwarmTest, WorksInsideOfAnEventLoop) {
  boost::asio::io_context loop;
  boost::asio::steady_timer timer(loop);
  std::optional<Cache> one, two;
  bool is_found = false;
  int ticks = 0;
  const Key key("name", {"of", "loop"});
  std::function<void()> tick = [&] {
    if (++ticks == 1) one.emplace(options("one"));
    if (ticks == 2) two.emplace(options("two", {dialable(*one)}));
    if (ticks > 2 && two->stats().peers_count == 1) static_cast<void>(one->put(key, "\"value\""));
    if (ticks > 2) is_found = two->get(key).has_value();
    if (is_found || ticks > 2'000) return;
    timer.expires_after(5ms);
    timer.async_wait([&](const boost::system::error_code&) { tick(); });
  };
  boost::asio::post(loop, [&] { tick(); });
  loop.run();
  EXPECT_TRUE(is_found);
}

TEST_F(CacheSwarmTest, TheSecondOfADirectoryIsAttachedAndLeadsWhenTheFirstIsClosed) {
  Cache other(options("other"));
  const std::vector<std::string> peers{dialable(other)};
  Cache one(options("one", peers)), two(options("one", peers));
  EXPECT_TRUE(one.stats().is_leading);
  EXPECT_FALSE(two.stats().is_leading);
  EXPECT_TRUE(two.stats().is_swarm_on);
  EXPECT_EQ(one.stats().peer_id, two.stats().peer_id);
  ASSERT_TRUE(wait_until([&] { return two.stats().peers_count == 1; }));
  const Key key("of", {"the", "attached"});
  ASSERT_FALSE(two.put(key, "1"));
  EXPECT_TRUE(wait_until([&] { return other.get_stale(key).has_value(); }));
  one.close();
  EXPECT_TRUE(wait_until([&] { return two.stats().is_leading; }));
  ASSERT_TRUE(wait_until([&] { return two.stats().peers_count == 1; }));
  const Key later("of", {"the", "leader"});
  ASSERT_FALSE(two.put(later, "2"));
  EXPECT_TRUE(wait_until([&] { return other.get_stale(later).has_value(); }));
}

TEST_F(CacheSwarmTest, TheChildOfTheLeaderIsAttachedWithItsNextCall) {
  Cache other(options("other"));
  Cache cache(options("one", {dialable(other)}));
  ASSERT_TRUE(meet(other, cache));
  const Key key("of", {"the", "child"});
  const pid_t child = ::fork();
  if (child == 0) {
    bool is_right = !cache.put(key, "1");
    const CacheStats stats = cache.stats();
    is_right = is_right && stats.is_swarm_on && !stats.is_leading;
    // What waits to be told leaves with the process.
    for (int i = 0; i < 400 && is_right && !cache.get(Key("heard")); ++i) ::usleep(10'000);
    ::_exit(is_right ? 0 : 1);
  }
  EXPECT_TRUE(wait_until([&] { return other.get_stale(key).has_value(); }));
  EXPECT_FALSE(cache.put(Key("heard"), "1"));
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(cache.stats().is_leading);
}

TEST_F(CacheSwarmTest, ACacheInMemoryIsAMemberToo) {
  CacheOptions in_memory = options("one");
  in_memory.is_persistent = false;
  Cache one(std::move(in_memory));
  Cache two(options("two", {dialable(one)}));
  ASSERT_TRUE(meet(one, two));
  ASSERT_FALSE(two.put(Key("name"), "1"));
  EXPECT_TRUE(wait_until([&] { return one.get_stale(Key("name")).has_value(); }));
}

// --- beside a daemon ---

class Daemon {
 public:
  // `secret` empty: in no swarm.
  Daemon(const fs::path& machine, const std::string& secret) : node_(config_of(machine, secret)) {
    node_.start();
    thread_ = std::thread([this] { node_.run(); });
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    node_.request_stop();
    thread_.join();
  }

 private:
  static node::Config config_of(const fs::path& machine, const std::string& secret) {
    node::Config config;
    config.cache_dir = (machine / "cache").string();
    config.state_dir = (machine / "state").string();
    config.socket = (machine / "gh.sock").string();
    config.admin = (machine / "admin.sock").string();
    config.upstream = "http://127.0.0.1:1";
    config.disk_size = 64 << 20;
    config.memory_size = config.mesh_memory = 8 << 20;
    config.threads = 1;
    config.connections = 100;
    config.p2p_listen = {"/ip4/127.0.0.1/tcp/0"};
    if (!secret.empty()) {
      config.swarm_secret_file = (machine / "secret").string();
      std::ofstream(config.swarm_secret_file) << secret;
      fs::permissions(config.swarm_secret_file, fs::perms::owner_read);
    }
    return config;
  }

  node::Node node_;
  std::thread thread_;
};

TEST_F(CacheSwarmTest, ADaemonLeadsRatherThanAProgramAndIsInTheSwarmForIt) {
  Cache program(options("one"));
  const std::string identity = program.stats().peer_id;
  {
    const Daemon daemon(folder / "one", secret);
    ASSERT_TRUE(
        wait_until([&] { return program.stats().is_swarm_on && !program.stats().is_leading; }));
    EXPECT_NE(program.stats().peer_id, identity);  // two nodes, with two identities
    Cache other(options("other", {dialable(program)}));
    ASSERT_TRUE(meet(program, other));
    const Key key("by", {"way", "of", "the", "daemon"});
    ASSERT_FALSE(program.put(key, "1"));
    EXPECT_TRUE(wait_until([&] { return other.get_stale(key).has_value(); }));
    const Key answer("and", {"back"});
    ASSERT_FALSE(other.put(answer, "2"));
    EXPECT_TRUE(wait_until([&] { return program.get_stale(answer).has_value(); }));
  }
  EXPECT_TRUE(wait_until([&] { return program.stats().is_leading; }));
  EXPECT_EQ(program.stats().peer_id, identity);
}

TEST_F(CacheSwarmTest, BesideADaemonInNoSwarmAProgramIsInNone) {
  Cache(plain("one")).close();  // makes the directories
  const Daemon daemon(folder / "one", "");
  Cache program(options("one"));
  EXPECT_FALSE(program.stats().is_swarm_on);
  EXPECT_FALSE(program.stats().is_leading);
  EXPECT_TRUE(program.stats().peer_id.empty());
  const Key key("of", {"this", "machine"});
  EXPECT_FALSE(program.put(key, "1"));
  EXPECT_TRUE(program.get(key));
  EXPECT_FALSE(program.get_within(Key("nothing"), 5s));
}

// --- GitHub ---

GitHubOptions as_alice(const TestGitHub& github) {
  return {.token = SecretText("ghp_model_alice_1"), .upstream = github.url()};
}

TEST_F(CacheSwarmTest, GitHubIsAskedOnceAndSaysHow) {
  TestGitHub model;
  Cache cache(plain("one"));
  GitHub github(cache, as_alice(model));
  const GitHubAnswer first = github.get("/repos/octo-org/widgets");
  ASSERT_FALSE(first.error) << first.error.message();
  EXPECT_EQ(first.status, 200);
  EXPECT_NE(first.body.find("octo-org/widgets"), std::string::npos);
  EXPECT_TRUE(first.header("content-type").starts_with("application/json"));
  EXPECT_NE(first.how.find("detail=fetched"), std::string::npos) << first.how;
  const GitHubAnswer second = github.get("/repos/octo-org/widgets");
  EXPECT_NE(second.how.find("detail=fresh"), std::string::npos) << second.how;
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(model.stat("charged_total"), 1);
  EXPECT_EQ(github.get_future("/repos/octo-org/widgets").get().status, 200);
  EXPECT_EQ(github.get("/no/such/thing").status, 404);
}

TEST_F(CacheSwarmTest, OneTokenSeesNothingOfAnothers) {
  TestGitHub model;
  Cache cache(plain("one"));
  GitHub alice(cache, as_alice(model));
  GitHub nobody(cache, {.upstream = model.url()});
  EXPECT_EQ(alice.get("/repos/alice/private").status, 200);
  EXPECT_EQ(nobody.get("/repos/alice/private").status, 404);
}

TEST_F(CacheSwarmTest, GraphqlPassesThrough) {
  TestGitHub model;
  Cache cache(plain("one"));
  GitHub github(cache, as_alice(model));
  const GitHubAnswer answer =
      github.graphql("query($o: String!) { repository(owner: $o, name: \"widgets\") { name } }",
                     R"({"o": "octo-org"})");
  ASSERT_FALSE(answer.error) << answer.error.message();
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("widgets"), std::string::npos) << answer.body;
}

TEST_F(CacheSwarmTest, WhatIsFetchedOnOneMachineIsAnsweredOnTheOther) {
  TestGitHub model;
  Cache one(options("one"));
  Cache two(options("two", {dialable(one)}));
  ASSERT_TRUE(meet(one, two));
  GitHub here(one, as_alice(model)), there(two, as_alice(model));
  EXPECT_EQ(here.get("/repos/octo-org/widgets").status, 200);
  const GitHubAnswer answer = there.get("/repos/octo-org/widgets");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(model.stat("charged_total"), 1) << answer.how;
}

TEST_F(CacheSwarmTest, FailuresOfTheWaySayWhich) {
  TestGitHub slow(5s);
  Cache cache(plain("one"));
  GitHub github(cache, as_alice(slow));
  EXPECT_EQ(github.get("/user", 50ms).error, Failure::timed_out);
  EXPECT_EQ(github.get("user").error, Failure::malformed);
  GitHub nowhere(cache, {.upstream = "http://127.0.0.1:1"});
  EXPECT_EQ(nowhere.get("/user").error, Failure::unreachable);
  cache.close();
  EXPECT_EQ(github.get("/user").error, Failure::closed);
}

TEST_F(CacheSwarmTest, CallbacksRunOnAThreadOfTheCacheAndMayAskAgain) {
  TestGitHub model;
  Cache cache(plain("one"));
  GitHub github(cache, as_alice(model));
  std::promise<std::pair<int, std::thread::id>> told;
  github.get_async("/user", [&](GitHubAnswer answer) {
    const GitHubAnswer again = github.get("/user");
    told.set_value({answer.status + again.status, std::this_thread::get_id()});
  });
  auto future = told.get_future();
  ASSERT_EQ(future.wait_for(kLong), std::future_status::ready);
  const auto [sum, thread] = future.get();
  EXPECT_EQ(sum, 400);
  EXPECT_NE(thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace ghmesh
