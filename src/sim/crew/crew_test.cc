// SPDX-License-Identifier: Apache-2.0 OR MIT
// Crews in one process: who leads, who is told what, and that GitHub is asked once for all.
#include "crew/crew.h"

#include <gtest/gtest.h>

#include <future>

#include "sim/crew/test_github.h"
#include "sim/crew/test_machine.h"

namespace ghmesh::sim {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class CrewTest : public ::testing::Test {
 protected:
  CrewTest() {
    std::string name = (fs::temp_directory_path() / "crew_XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~CrewTest() override { fs::remove_all(folder); }

  static std::future<Result<http::Answer>> ask(crew::Crew& crew, const std::string& target,
                                               const std::string& token = "ghp_model_alice_1",
                                               Duration patience = 20s,
                                               const std::string& upstream = "") {
    auto promise = std::make_shared<std::promise<Result<http::Answer>>>();
    auto future = promise->get_future();
    crew::Question question{.target = target, .upstream = upstream};
    if (!token.empty()) question.authorization = crypto::Secret("token " + token);
    crew.ask(std::move(question), patience,
             [promise](Result<http::Answer> answer) { promise->set_value(std::move(answer)); });
    return future;
  }
  static bool recall(crew::Crew& crew, const std::string& name, Duration patience) {
    auto promise = std::make_shared<std::promise<bool>>();
    auto future = promise->get_future();
    crew.recall(name, patience, [promise](bool was_found) { promise->set_value(was_found); });
    return future.get();
  }

  fs::path folder;
  const mesh::SwarmSecret secret = mesh::SwarmSecret::generate();
};

TEST_F(CrewTest, TheFirstLeadsAndTheSecondIsAttached) {
  Machine machine(folder / "one");
  auto first = machine.make_crew({.secret = secret});
  auto second = machine.make_crew({.secret = secret});
  const auto one = first->status(), two = second->status();
  EXPECT_TRUE(one.is_leading);
  EXPECT_FALSE(two.is_leading);
  EXPECT_TRUE(one.is_swarm_on && two.is_swarm_on);
  EXPECT_FALSE(one.leader.peer_id.empty());
  EXPECT_EQ(one.leader, two.leader);
  EXPECT_EQ(one.leader.addresses.size(), 1u);
}

TEST_F(CrewTest, TheHostListensWhenTheConstructorReturns) {
  Machine one(folder / "one"), two(folder / "two");
  auto leader = one.make_crew({.secret = secret});
  const auto began = std::chrono::steady_clock::now();
  auto other = two.make_crew({.secret = secret, .peers = {dialable(*leader)}});
  std::printf("a crew in a swarm is there after %lld us\n",
              static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(
                                         std::chrono::steady_clock::now() - began)
                                         .count()));
  EXPECT_EQ(other->status().leader.addresses.size(), 1u);
  EXPECT_NE(other->status().leader.peer_id, leader->status().leader.peer_id);
}

TEST_F(CrewTest, TwoMachinesShareAPut) {
  Machine one(folder / "one"), two(folder / "two");
  auto first = one.make_crew({.secret = secret});
  auto second = two.make_crew({.secret = secret, .peers = {dialable(*first)}});
  ASSERT_TRUE(wait_until([&] { return is_in_company(*first) && is_in_company(*second); }));
  first->share(item("name", "a value"));
  EXPECT_TRUE(two.table().wait_for("a value"));
  second->share(item("name", ""));
  EXPECT_TRUE(one.table().wait_for("name"));
}

// Put before anybody was there to hear it.
TEST_F(CrewTest, WhatWasPutAloneIsToldToWhoComes) {
  Machine one(folder / "one"), two(folder / "two");
  auto first = one.make_crew({.secret = secret});
  first->share(item("name", "a value"));
  auto second = two.make_crew({.secret = secret, .peers = {dialable(*first)}});
  second->share(item("other", "another value"));
  EXPECT_TRUE(two.table().wait_for("a value"));
  EXPECT_TRUE(one.table().wait_for("another value"));
}

TEST_F(CrewTest, WhoIsAttachedTellsAndAsksThroughItsLeader) {
  Machine one(folder / "one"), two(folder / "two");
  auto leader = one.make_crew({.secret = secret});
  auto attached = one.make_crew({.secret = secret});
  auto other = two.make_crew({.secret = secret, .peers = {dialable(*leader)}});
  ASSERT_TRUE(wait_until([&] { return is_in_company(*attached) && is_in_company(*other); }));
  for (int i = 0; i < 100; ++i)
    attached->share(item("name " + std::to_string(i), "value " + std::to_string(i)));
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(two.table().wait_for("value " + std::to_string(i))) << i;

  const std::string record = "what only the other machine has";
  mesh::Shared held{.said_at = item("", "").said_at, .record = http::make_body(record)};
  two.table().put("rare", held);
  EXPECT_TRUE(recall(*attached, "rare", 5s));
  EXPECT_TRUE(one.table().wait_for(record));
  EXPECT_FALSE(recall(*attached, "nothing", 5s));
  EXPECT_FALSE(recall(*leader, "nothing", 5s));
}

TEST_F(CrewTest, WhenTheLeaderStopsAnotherLeadsAndPeersHearIt) {
  Machine one(folder / "one"), two(folder / "two");
  auto other = two.make_crew({.secret = secret});
  auto first = one.make_crew({.secret = secret, .peers = {dialable(*other)}});
  auto second = one.make_crew({.secret = secret, .peers = {dialable(*other)}});
  ASSERT_TRUE(wait_until([&] { return is_in_company(*second); }));
  const std::string identity = first->status().leader.peer_id;
  first.reset();
  ASSERT_TRUE(wait_until([&] { return second->status().is_leading; }));
  EXPECT_EQ(second->status().leader.peer_id, identity);
  second->share(item("name", "of the second"));
  EXPECT_TRUE(two.table().wait_for("of the second"));
}

TEST_F(CrewTest, OneThatIsInNoSwarmYieldsToOneThatWantsTo) {
  Machine machine(folder / "one");
  auto plain = machine.make_crew({.rank = node::LeadRank::library});
  EXPECT_TRUE(plain->status().is_leading);
  auto member = machine.make_crew({.rank = node::LeadRank::member, .secret = secret});
  EXPECT_TRUE(member->status().is_leading);
  EXPECT_TRUE(member->status().is_swarm_on);
  ASSERT_TRUE(wait_until([&] { return plain->status().leader.process != 0; }));
  EXPECT_FALSE(plain->status().is_leading);
  EXPECT_FALSE(plain->status().is_swarm_on);  // it wants none
}

TEST_F(CrewTest, WhoseSecretIsAnotherSaysThatItIsInNoSwarm) {
  Machine machine(folder / "one"), two(folder / "two");
  auto leader = machine.make_crew({.secret = secret});
  auto stranger = machine.make_crew({.secret = mesh::SwarmSecret::generate()});
  EXPECT_FALSE(stranger->status().is_leading);
  EXPECT_FALSE(stranger->status().is_swarm_on);
  auto other = two.make_crew({.secret = secret, .peers = {dialable(*leader)}});
  ASSERT_TRUE(wait_until([&] { return is_in_company(*leader); }));
  stranger->share(item("name", "of the stranger"));
  leader->share(item("name", "of the leader"));
  EXPECT_TRUE(two.table().wait_for("of the leader"));
  EXPECT_FALSE(two.table().wait_for("of the stranger", milliseconds(0)));
}

TEST_F(CrewTest, AnAddressThatCannotBeListenedOnIsAnErrorOfTheConstructor) {
  Machine machine(folder / "one");
  crew::CrewOptions options{.rank = node::LeadRank::member};
  fs::create_directory(folder / "one" / "other");
  options.config.cache_dir = (folder / "one" / "other").string();
  options.config.state_dir = (folder / "one" / "state").string();
  options.config.threads = 1;
  options.config.p2p_listen = {"/ip4/192.0.2.1/tcp/1"};
  options.membership = node::SwarmMembership{.newest = secret, .previous = {}};
  EXPECT_THROW(crew::Crew{std::move(options)}, node::StartError);
}

// --- GitHub ---

TEST_F(CrewTest, AllAskAndGitHubIsAskedOnce) {
  TestGitHub github(20ms);
  Machine machine(folder / "one");
  auto leader = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  auto attached = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  std::vector<std::future<Result<http::Answer>>> answers;
  for (int i = 0; i < 500; ++i) {
    answers.push_back(ask(*leader, "/repos/octo-org/widgets"));
    answers.push_back(ask(*attached, "/repos/octo-org/widgets"));
  }
  for (auto& future : answers) {
    auto answer = future.get();
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 200);
  }
  EXPECT_EQ(github.stat("charged_total"), 1);
}

TEST_F(CrewTest, EachTokenIsAPrincipalOfItsOwn) {
  TestGitHub github;
  Machine machine(folder / "one");
  auto crew = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  EXPECT_EQ(ask(*crew, "/user", "ghp_model_alice_1").get()->status, 200);
  EXPECT_EQ(ask(*crew, "/user", "").get()->status, 401);
  EXPECT_EQ(ask(*crew, "/user", "ghp_nobody_has_this_token").get()->status, 401);
}

TEST_F(CrewTest, AnotherUpstreamIsAnotherCache) {
  TestGitHub github, other;
  Machine machine(folder / "one");
  auto crew = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(*crew, "/repos/octo-org/widgets").get()->status, 200);
    EXPECT_EQ(
        ask(*crew, "/repos/octo-org/widgets", "ghp_model_alice_1", 20s, other.url()).get()->status,
        200);
  }
  EXPECT_EQ(github.stat("charged_total"), 1);
  EXPECT_EQ(other.stat("charged_total"), 1);
  EXPECT_EQ(ask(*crew, "/user", "", 20s, "ftp://nowhere").get()->status, 421);
}

TEST_F(CrewTest, WhatIsNotAnsweredInTimeSaysSo) {
  TestGitHub github(5s);
  Machine machine(folder / "one");
  auto crew = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  EXPECT_EQ(ask(*crew, "/user", "", 50ms).get().error(), Errc::timed_out);
}

TEST_F(CrewTest, WhatIsUnderWayEndsWithTheCrew) {
  TestGitHub github(5s);
  Machine machine(folder / "one");
  auto crew = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  auto attached = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  auto one = ask(*crew, "/user"), two = ask(*attached, "/user");
  attached->stop();
  crew->stop();
  EXPECT_EQ(one.get().error(), Errc::cancelled);
  EXPECT_EQ(two.get().error(), Errc::cancelled);
  EXPECT_EQ(ask(*crew, "/user").get().error(), Errc::cancelled);
  EXPECT_FALSE(recall(*crew, "name", 1s));
}

// The call that its leader's end cuts off is made again, by the next one.
TEST_F(CrewTest, ACallOutlivesItsLeader) {
  TestGitHub github(300ms);
  Machine machine(folder / "one");
  auto leader = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  auto attached = machine.make_crew({.rank = node::LeadRank::library, .upstream = github.url()});
  auto answer = ask(*attached, "/user");
  ASSERT_TRUE(wait_until([&] { return github.stat("calls_total") > 0; }));
  leader.reset();
  auto told = answer.get();
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_EQ(told->status, 200);
  EXPECT_TRUE(attached->status().is_leading);
}

}  // namespace
}  // namespace ghmesh::sim
