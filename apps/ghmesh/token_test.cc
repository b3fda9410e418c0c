// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gh_directory.h"

namespace ghmesh::app {
namespace {

constexpr std::string_view kHosts =
    "ghe.example:\n    user: a\n    oauth_token: other\ngithub.com:\n    user: b\n    oauth_token: "
    "gho_mine\n    git_protocol: https\n";

TEST(HostsFile, GivesTheTokenOfGithubOnly) {
  EXPECT_EQ(token_of_hosts_file(kHosts), "gho_mine");
  EXPECT_EQ(token_of_hosts_file("github.com:\n  oauth_token: \"quoted\"\r\n"), "quoted");
  EXPECT_EQ(
      token_of_hosts_file(
          "github.com:\n    users:\n        b:\n            oauth_token: deep\n    user: b\n"),
      "deep");
  EXPECT_EQ(token_of_hosts_file("# github.com:\nghe.example:\n    oauth_token: other\n"), "");
  EXPECT_EQ(token_of_hosts_file("github.com:\n    user: b\nghe.example:\n    oauth_token: other\n"),
            "");
  EXPECT_EQ(token_of_hosts_file("github.com:\n    oauth_token:\n"), "");
  EXPECT_EQ(token_of_hosts_file(""), "");
}

TEST(HostsFile, GivesNoMoreThanWhatIsThereWhereverItIsCut) {
  for (std::size_t bytes = 0; bytes < kHosts.size(); ++bytes) {
    const std::string_view token = token_of_hosts_file(kHosts.substr(0, bytes));
    EXPECT_TRUE(std::string_view("gho_mine").starts_with(token)) << bytes;
  }
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<Token>);
static_assert(!std::is_copy_constructible_v<Token>);

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ghmesh-token-XXXXXX").string();
    GHMESH_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    std::filesystem::create_directories(directory_ + "/gh");
    std::filesystem::create_directories(directory_ + "/private");
    environment_.variables = {{"XDG_CONFIG_HOME", directory_}};
  }
  ~DirectoryTest() override { std::filesystem::remove_all(directory_); }
  static std::string read(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  std::string directory_;
  node::Environment environment_;
};

TEST_F(DirectoryTest, FindsTheTokenInGhsOwnOrder) {
  EXPECT_TRUE(find_token(environment_).empty());
  std::ofstream(directory_ + "/gh/hosts.yml") << kHosts;
  EXPECT_EQ(find_token(environment_).reveal(), "gho_mine");
  environment_.variables.emplace_back("GITHUB_TOKEN", "second");
  EXPECT_EQ(find_token(environment_).reveal(), "second");
  environment_.variables.emplace_back("GH_TOKEN", "first");
  EXPECT_EQ(find_token(environment_).reveal(), "first");
}

TEST_F(DirectoryTest, LooksWhereGhLooks) {
  EXPECT_EQ(gh_config_directory(environment_), directory_ + "/gh");
  environment_.variables.emplace_back("GH_CONFIG_DIR", "/elsewhere");
  EXPECT_EQ(gh_config_directory(environment_), "/elsewhere");
  environment_.variables = {{"HOME", "/h"}};
  EXPECT_EQ(gh_config_directory(environment_), "/h/.config/gh");
}

TEST_F(DirectoryTest, KeepsEverythingOfTheUserButTheSocket) {
  std::ofstream(directory_ + "/gh/config.yml")
      << "editor: vi\nhttp_unix_socket: /old\naliases:\n    co: pr checkout\n";
  std::ofstream(directory_ + "/gh/hosts.yml") << kHosts;
  for (int times = 0; times < 2; ++times) {
    fill_gh_directory(directory_ + "/private", "/run/gh.sock", environment_);
    EXPECT_EQ(read(directory_ + "/private/config.yml"),
              "editor: vi\naliases:\n    co: pr checkout\nhttp_unix_socket: \"/run/gh.sock\"\n");
    EXPECT_TRUE(std::filesystem::is_symlink(directory_ + "/private/hosts.yml"));
    EXPECT_EQ(read(directory_ + "/private/hosts.yml"), kHosts);
  }
  EXPECT_EQ(read(directory_ + "/gh/config.yml"),
            "editor: vi\nhttp_unix_socket: /old\naliases:\n    co: pr checkout\n");
}

TEST_F(DirectoryTest, NeedsNoConfigurationOfTheUser) {
  fill_gh_directory(directory_ + "/private", "/run/\"gh\".sock", environment_);
  EXPECT_EQ(read(directory_ + "/private/config.yml"),
            "http_unix_socket: \"/run/\\\"gh\\\".sock\"\n");
  EXPECT_FALSE(
      std::filesystem::exists(std::filesystem::symlink_status(directory_ + "/private/hosts.yml")));
}

TEST_F(DirectoryTest, DoesNotWriteThroughALinkThatSomebodyLeft) {
  std::filesystem::create_symlink(directory_ + "/victim", directory_ + "/private/config.yml");
  EXPECT_ANY_THROW(fill_gh_directory(directory_ + "/private", "/run/gh.sock", environment_));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/victim"));
}

}  // namespace
}  // namespace ghmesh::app
