// SPDX-License-Identifier: Apache-2.0 OR MIT
// The mesh as serving threads meet it: nobody is left waiting, whatever becomes of it.
#include "node/mesh/mesh_node.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <thread>

#include "crypto/random.h"
#include "github/route.h"

namespace ghmesh::node {
namespace {

namespace fs = std::filesystem;
namespace asio = net::asio;

constexpr auto kPatience = std::chrono::seconds(20);
constexpr std::string_view kPath = "/repos/octo-org/widgets";

class MeshNodeTest : public ::testing::Test {
 protected:
  MeshNodeTest() {
    std::string name = (fs::temp_directory_path() / "mesh_node_XXXXXX").string();
    folder = mkdtemp(name.data());
    server = std::thread([this] { context.run(); });
  }
  ~MeshNodeTest() override {
    work.reset();
    server.join();
    fs::remove_all(folder);
  }

  std::unique_ptr<MeshNode> make_node(
      const std::string& name, const std::vector<std::string>& peers = {},
      std::function<mesh::NodeFigures()> figures = [] { return mesh::NodeFigures(); }) {
    fs::create_directory(folder / name);
    MeshOptions options{.secret = secret, .previous_secret = {}};
    options.listen = {multiformats::Multiaddr::parse_text("/ip4/127.0.0.1/tcp/0").value()};
    for (const std::string& peer : peers)
      options.peers.push_back(multiformats::Multiaddr::parse_text(peer).value());
    options.state_dir = (folder / name).string();
    options.version = "test";
    options.upstream_origin = "https://api.github.com";
    return std::make_unique<MeshNode>(options, std::move(figures));
  }

  template <class T>
  std::future<T> begin(net::awaitable<T> coroutine) {
    return asio::co_spawn(context, std::move(coroutine), asio::use_future);
  }
  template <class T>
  static T end(std::future<T> future) {
    if (future.wait_for(kPatience) != std::future_status::ready)
      throw std::runtime_error("it hangs");
    return future.get();
  }

  void connect(MeshNode& one, MeshNode& two) {
    one.start();
    two.start();
    for (int i = 0; i < 2'000; ++i) {
      if (one.status().members.size() == 1 && two.status().members.size() == 1) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("they do not meet");
  }

  proxy::Subject subject(std::string_view key = "key") const {
    return {.caller = *caller, .key = key, .route = route, .path = kPath, .accept = ""};
  }
  net::awaitable<std::unique_ptr<proxy::Turn>> turn(MeshNode& node, std::string key = "key") const {
    const proxy::Subject what = subject(key);
    co_return co_await node.take_turn(what, false);
  }
  cache::EntryRef entry(const std::string& body) const {
    cache::Entry made;
    made.status = 200;
    made.headers = {{"content-type", "application/json; charset=utf-8"}};
    made.body = http::make_body(body);
    const WallTime now = read_clocks().wall;
    made.upstream_date = made.fetched_at = made.proven_at = now;
    made.ttl = Seconds(60);
    return cache::finish_entry(std::move(made));
  }

  const mesh::SwarmSecret secret = mesh::SwarmSecret::generate();
  proxy::Callers callers{crypto::random_secret(32), {}};
  proxy::CallerRef caller = callers.find("token ghp_some_token_of_somebody").value();
  const github::Route route = github::classify_route(kPath);
  fs::path folder;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread server;
};

TEST_F(MeshNodeTest, GrantsAtOnceWhereThereIsNobody) {
  auto node = make_node("one");
  node->start();
  EXPECT_TRUE(end(begin(turn(*node)))->may_ask());
}

// What waits when the mesh stops goes on, and so does what comes when it has stopped.
TEST_F(MeshNodeTest, NobodyWaitsForAMeshThatHasStopped) {
  auto one = make_node("one");
  auto two = make_node("two", one->addresses());
  connect(*one, *two);
  // Of one of many keys the other is the home, and holds it.
  std::vector<std::string> keys;
  for (int i = 0; i < 16; ++i) keys.push_back("key " + std::to_string(i));
  std::vector<std::unique_ptr<proxy::Turn>> held;
  for (const std::string& key : keys) held.push_back(end(begin(turn(*two, key))));
  std::vector<std::future<std::unique_ptr<proxy::Turn>>> waiting;
  for (const std::string& key : keys) waiting.push_back(begin(turn(*one, key)));
  one->stop();
  for (auto& turn : waiting) EXPECT_TRUE(end(std::move(turn))->may_ask());
  EXPECT_TRUE(end(begin(turn(*one)))->may_ask());
  const auto bring = [&]() -> net::awaitable<int> {
    const std::string key = "key";
    const proxy::Subject what = subject(key);
    co_await one->bring_body(what);
    co_return 1;
  };
  EXPECT_EQ(end(begin(bring())), 1);
  const auto ping = [&]() -> net::awaitable<int> {
    auto pinged = co_await one->ping(two->status().self);
    co_return pinged ? 1 : 2;
  };
  EXPECT_EQ(end(begin(ping())), 2);
  one->tell(subject(), proxy::Learned::gone, nullptr);
  one->rotate(mesh::SwarmSecret::generate());
  held.clear();
}

// A bug on the mesh's thread ends the mesh, and no request.
TEST_F(MeshNodeTest, AnExceptionOnItsThreadEndsTheMeshOnly) {
  auto one = make_node("one");
  std::atomic<bool> is_broken{false};
  auto two = make_node("two", one->addresses(), [&is_broken] {
    if (is_broken) throw std::runtime_error("a bug");
    return mesh::NodeFigures();
  });
  connect(*one, *two);
  is_broken = true;
  static_cast<void>(two->status());  // asks for figures
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(end(begin(turn(*two, "key " + std::to_string(i))))->may_ask());
  two->stop();
  one->stop();
}

TEST_F(MeshNodeTest, AnAuditIsTakenOnceHoweverManyWereServed) {
  auto one = make_node("one");
  auto two = make_node("two", one->addresses());
  connect(*one, *two);
  one->tell(subject(), proxy::Learned::fetched, entry(R"({"a":1})"));
  proxy::Word word;
  for (int i = 0; i < 1'000 && !word.entry; ++i) {
    word = two->look(subject(), nullptr, read_clocks().wall);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(word.entry);
  EXPECT_TRUE(word.wants_audit);  // of a newcomer's first words, each
  // Looked at twice before it is taken: the decision stands.
  EXPECT_TRUE(two->look(subject(), nullptr, read_clocks().wall).wants_audit);
  EXPECT_TRUE(two->take_audit(subject(), word.entry));
  EXPECT_FALSE(two->take_audit(subject(), word.entry));
  EXPECT_FALSE(two->look(subject(), nullptr, read_clocks().wall).wants_audit);
}

// Its 304 keeps fresh what this node holds itself: that is somebody's word too, and is audited.
TEST_F(MeshNodeTest, WhatAnotherCallsCurrentIsAuditedAsWell) {
  auto one = make_node("one");
  auto two = make_node("two", one->addresses());
  connect(*one, *two);
  const cache::EntryRef told = entry(R"({"a":1})");
  cache::Entry old = *told;
  old.upstream_date = old.fetched_at = old.proven_at = told->upstream_date - Seconds(600);
  const cache::EntryRef own = cache::finish_entry(std::move(old));
  two->tell(subject(), proxy::Learned::fetched, own);
  one->tell(subject(), proxy::Learned::fetched, told);
  one->tell(subject(), proxy::Learned::confirmed, told);
  proxy::Word word;
  for (int i = 0; i < 1'000 && !word.entry; ++i) {
    word = two->look(subject(), own, read_clocks().wall);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(word.entry);
  EXPECT_TRUE(word.wants_audit);
}

}  // namespace
}  // namespace ghmesh::node
