// SPDX-License-Identifier: Apache-2.0 OR MIT
// Crews of real processes: killed, and forked.
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <future>
#include <iostream>
#include <sstream>

#include "sim/crew/test_github.h"
#include "sim/crew/test_machine.h"
#include "sim/crew/test_process.h"

namespace ghmesh::sim {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Of all commands, in a process of its own:
//   join DIRECTORY SECRET|- UPSTREAM|- [PEER]    who leads: "leading" or "attached"
//   share NAME RECORD                            "told"
//   heard RECORD                                 "yes"; "no" after a long while
//   wait_for_lead                                "leading"; "attached" after a long while
//   role                                         "leading" or "attached"
//   wait_for_company                             "yes"
//   ask PATH                                     the status of the answer
//   fork                                         the id of a child that does nothing, and never ends by itself
//   dialable                                     a multiaddr
std::string obey(std::istringstream& line, std::unique_ptr<Machine>& machine,
                 std::unique_ptr<crew::Crew>& crew) {
  const auto role = [&] { return std::string(crew->status().is_leading ? "leading" : "attached"); };
  std::string word, one, two;
  line >> word;
  if (word == "join") {
    std::string directory, secret, upstream, peer;
    line >> directory >> secret >> upstream >> peer;
    machine = std::make_unique<Machine>(directory);
    CrewSettings settings{.rank = node::LeadRank::library};
    if (secret != "-") {
      settings.secret = mesh::SwarmSecret::parse(crypto::Secret(secret)).value();
      settings.rank = node::LeadRank::member;
    }
    if (upstream != "-") settings.upstream = upstream;
    if (!peer.empty()) settings.peers.push_back(peer);
    crew = machine->make_crew(settings);
    // On a machine that stands still for seconds the constructor does not wait for ever.
    static_cast<void>(wait_until([&] { return crew->status().leader.process != 0; }));
    return role();
  }
  line >> one >> two;
  if (word == "share") {
    crew->share(item(one, two));
    return "told";
  }
  if (word == "heard") return machine->table().wait_for(one) ? "yes" : "no";
  if (word == "wait_for_lead") {
    static_cast<void>(wait_until([&] { return crew->status().is_leading; }));
    return role();
  }
  if (word == "role") return role();
  if (word == "wait_for_company")
    return wait_until([&] { return is_in_company(*crew); }) ? "yes" : "no";
  if (word == "dialable") return dialable(*crew);
  if (word == "ask") {
    std::promise<std::string> told;
    crew::Question question{.target = one};
    question.authorization = crypto::Secret("token ghp_model_alice_1");
    crew->ask(std::move(question), 20s, [&](Result<http::Answer> answer) {
      told.set_value(answer ? std::to_string(answer->status) : answer.error().message());
    });
    return told.get_future().get();
  }
  if (word == "fork") {
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(STDIN_FILENO);
      ::close(kAnswerFd);
      ::poll(nullptr, 0, -1);
    }
    return std::to_string(child);
  }
  return "what?";
}

TEST(OtherProcess, DISABLED_Obeys) {
  log::set_level(log::Level::off);
  std::unique_ptr<Machine> machine;
  std::unique_ptr<crew::Crew> crew;
  for (std::string text; std::getline(std::cin, text);) {
    std::istringstream line(text);
    answer_parent(obey(line, machine, crew));
  }
}

class CrewProcessTest : public ::testing::Test {
 protected:
  CrewProcessTest() {
    std::string name = (fs::temp_directory_path() / "crews_XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~CrewProcessTest() override { fs::remove_all(folder); }

  std::string join(OtherProcess& process, const std::string& machine,
                   const std::string& peer = "") {
    return process.ask("join " + (folder / machine).string() + " " + secret() + " - " + peer);
  }
  std::string secret() const { return std::string(as_text(secret_.text().reveal())); }

  fs::path folder;
  const mesh::SwarmSecret secret_ = mesh::SwarmSecret::generate();
};

TEST_F(CrewProcessTest, ProcessesOfTwoMachinesShareAPut) {
  OtherProcess one, two;
  ASSERT_EQ(join(one, "one"), "leading");
  ASSERT_EQ(join(two, "two", one.ask("dialable")), "leading");
  ASSERT_EQ(one.ask("wait_for_company"), "yes");
  ASSERT_EQ(two.ask("wait_for_company"), "yes");
  one.ask("share name value-of-one");
  EXPECT_EQ(two.ask("heard value-of-one"), "yes");
  two.ask("share another value-of-two");
  EXPECT_EQ(one.ask("heard value-of-two"), "yes");
}

TEST_F(CrewProcessTest, WhenTheLeaderIsKilledAnotherLeadsAndPeersHearIt) {
  OtherProcess other, first, second, third;
  ASSERT_EQ(join(other, "other"), "leading");
  const std::string peer = other.ask("dialable");
  ASSERT_EQ(join(first, "one", peer), "leading");
  ASSERT_EQ(join(second, "one", peer), "attached");
  ASSERT_EQ(join(third, "one", peer), "attached");
  ASSERT_EQ(second.ask("wait_for_company"), "yes");
  const auto began = std::chrono::steady_clock::now();
  first.kill();
  const auto is_led = [&] {
    return second.ask("role") == "leading" || third.ask("role") == "leading";
  };
  ASSERT_TRUE(wait_until(is_led));
  const auto led = std::chrono::steady_clock::now();
  EXPECT_FALSE(second.ask("role") == "leading" && third.ask("role") == "leading");
  for (OtherProcess* process : {&second, &third})
    EXPECT_EQ(process->ask("wait_for_company"), "yes");
  second.ask("share one of-the-second");
  third.ask("share two of-the-third");
  EXPECT_EQ(other.ask("heard of-the-second"), "yes");
  EXPECT_EQ(other.ask("heard of-the-third"), "yes");
  const auto since_death = [&](auto at) {
    return static_cast<long long>(std::chrono::duration_cast<milliseconds>(at - began).count());
  };
  std::printf(
      "after the leader's death another led within %lld ms, and peers heard it within %lld\n",
      since_death(led), since_death(std::chrono::steady_clock::now()));
}

// Before: the child held the lock and the connections, and nobody saw that its parent was dead.
TEST_F(CrewProcessTest, AChildOfTheLeaderKeepsNothingOfItAlive) {
  OtherProcess first, second;
  ASSERT_EQ(join(first, "one"), "leading");
  ASSERT_EQ(join(second, "one"), "attached");
  const std::string child = first.ask("fork");
  ASSERT_NE(child, "-1");
  first.kill();
  EXPECT_EQ(second.ask("wait_for_lead"), "leading");
  int number = 0;
  std::istringstream(child) >> number;
  ASSERT_GT(number, 1);
  EXPECT_EQ(::kill(number, 0), 0);  // it was there all the time
  ::kill(number, SIGKILL);
}

TEST_F(CrewProcessTest, TwoProcessesAskTheSameAndGitHubIsAskedOnce) {
  TestGitHub github(50ms);
  OtherProcess one, two;
  const std::string line = "join " + (folder / "one").string() + " - " + github.url();
  ASSERT_EQ(one.ask(line), "leading");
  ASSERT_EQ(two.ask(line), "attached");
  for (OtherProcess* process : {&one, &two}) process->tell("ask /repos/octo-org/widgets");
  EXPECT_EQ(one.read(), "200");
  EXPECT_EQ(two.read(), "200");
  EXPECT_EQ(github.stat("charged_total"), 1);
}

// In the middle of a call of the other, whose answer comes all the same.
TEST_F(CrewProcessTest, ACallOutlivesALeaderThatIsKilled) {
  TestGitHub github(300ms);
  OtherProcess one, two;
  const std::string line = "join " + (folder / "one").string() + " - " + github.url();
  ASSERT_EQ(one.ask(line), "leading");
  ASSERT_EQ(two.ask(line), "attached");
  two.tell("ask /repos/octo-org/widgets");
  ASSERT_TRUE(wait_until([&] { return github.stat("calls_total") > 0; }));
  one.kill();
  EXPECT_EQ(two.read(), "200");
  EXPECT_EQ(two.ask("wait_for_lead"), "leading");
}

}  // namespace
}  // namespace ghmesh::sim
