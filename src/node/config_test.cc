// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "node/config_file.h"
#include "node/settings.h"
#include "node/values.h"

namespace ghmesh::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kPeer = "12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5";

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "ghmesh-config-XXXXXX").string();
    GHMESH_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    environment_.home = directory_ + "/home";
    environment_.working_directory = directory_ + "/cwd";
    environment_.user = 1000;
    environment_.processors_count = 2;
    environment_.variables = {{"XDG_CONFIG_HOME", directory_ + "/xdg"}};
  }
  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, std::string_view text) {
    const std::string path = directory_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  void set(const std::string& name, const std::string& value) {
    environment_.variables.emplace_back(name, value);
  }
  LoadedConfig load(const std::vector<FlagValue>& flags = {}) {
    return load_config(flags, environment_);
  }
  Config load_file(std::string_view text) {
    return load({{"config", {write("given.toml", text)}}}).config;
  }

  std::string failure(const std::vector<FlagValue>& flags = {}) {
    try {
      static_cast<void>(load(flags));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no failure";
  }
  std::string failure_of_file(std::string_view text) {
    return failure({{"config", {write("given.toml", text)}}});
  }
  std::string origin(const LoadedConfig& loaded, std::string_view key) {
    const auto found = std::ranges::find(loaded.values, key, &SettingValue::key);
    return found == loaded.values.end() ? "no such key" : found->origin;
  }

  std::string directory_;
  Environment environment_;
};

TEST_F(ConfigTest, HasUsefulDefaults) {
  const Config config = load().config;
  EXPECT_EQ(config.socket, directory_ + "/home/.local/state/ghmesh/gh.sock");
  EXPECT_EQ(config.admin, directory_ + "/home/.local/state/ghmesh/admin.sock");
  EXPECT_EQ(config.cache_dir, directory_ + "/home/.cache/ghmesh");
  EXPECT_EQ(config.state_dir, directory_ + "/home/.local/state/ghmesh");
  EXPECT_EQ(config.upstream, "https://api.github.com");
  EXPECT_THAT(config.listen, IsEmpty());
  EXPECT_EQ(config.disk_size, 1ull << 30);
  EXPECT_EQ(config.memory_size, 256ull << 20);
  EXPECT_EQ(config.threads, 2u);
  EXPECT_EQ(config.durability, cache::Durability::fast);
  EXPECT_FALSE(config.share_public);
  EXPECT_FALSE(config.stale_if_error);
  EXPECT_THAT(config.allow_hosts, testing::Contains("*.githubusercontent.com"));
}

TEST_F(ConfigTest, PutsTheSocketWhereOnlyItsUserCan) {
  environment_.has_run_user = true;
  EXPECT_EQ(load().config.socket, "/run/user/1000/ghmesh/gh.sock");
  environment_.user = 0;
  EXPECT_EQ(load().config.socket, "/run/ghmesh/gh.sock");
  set("XDG_RUNTIME_DIR", "/run/user/0");
  EXPECT_EQ(load().config.socket, "/run/user/0/ghmesh/gh.sock");
  EXPECT_EQ(load({{"socket", {"/srv/a.sock"}}}).config.admin, "/srv/admin.sock");
}

TEST_F(ConfigTest, IgnoresRelativeBaseDirectoriesAsTheirSpecificationAsks) {
  set("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(load().config.cache_dir, directory_ + "/home/.cache/ghmesh");
}

TEST_F(ConfigTest, SaysWhatToSetWithoutAHomeDirectory) {
  environment_.home.clear();
  environment_.variables.clear();
  EXPECT_THAT(failure(), HasSubstr("set --socket or GHMESH_SOCKET"));
  EXPECT_THAT(failure({{"socket", {"/a/b"}}}), HasSubstr("set --cache-dir or GHMESH_CACHE_DIR"));
}

// Every subset of the four sources: the strongest that speaks is heard, and named.
TEST_F(ConfigTest, TakesFlagsBeforeEnvironmentBeforeFilesBeforeDefaults) {
  for (int sources = 0; sources < 8; ++sources) {
    environment_.variables = {{"XDG_CONFIG_HOME", directory_ + "/xdg"}};
    std::filesystem::remove_all(directory_ + "/xdg");
    std::vector<FlagValue> flags;
    std::string expected = "info", expected_origin = "default";
    if (sources & 1) {
      write("xdg/ghmesh/config.toml", "\nlog_level = \"warn\"\n");
      expected = "warn", expected_origin = "file " + directory_ + "/xdg/ghmesh/config.toml:2";
    }
    if (sources & 2) {
      set("GHMESH_LOG_LEVEL", "error");
      expected = "error", expected_origin = "environment GHMESH_LOG_LEVEL";
    }
    if (sources & 4) {
      flags = {{"log_level", {"trace"}}};
      expected = "trace", expected_origin = "flag --log-level";
    }
    const LoadedConfig loaded = load(flags);
    EXPECT_EQ(show(loaded.config, *find_setting("log_level")), "\"" + expected + "\"") << sources;
    EXPECT_EQ(origin(loaded, "log_level"), expected_origin) << sources;
  }
}

TEST_F(ConfigTest, ReadsTheNamedFileInsteadOfTheUsersOwn) {
  write("xdg/ghmesh/config.toml", "threads = 7\n");
  EXPECT_EQ(load().config.threads, 7u);
  const std::string other = write("other.toml", "connections = 5\n");
  EXPECT_EQ(load({{"config", {other}}}).config.threads, 2u);
  set("GHMESH_CONFIG", other);
  EXPECT_EQ(load().config.connections, 5u);
  EXPECT_THAT(failure({{"config", {directory_ + "/absent.toml"}}}),
              HasSubstr("there is no configuration file"));
}

TEST_F(ConfigTest, EverySettingIsKnownToAllSources) {
  for (const Setting& setting : all_settings()) {
    if (setting.fallback.empty()) continue;
    const std::string value(setting.fallback.substr(0, setting.fallback.find(',')));
    const LoadedConfig by_flag = load({{std::string(setting.key), {value}}});
    EXPECT_EQ(origin(by_flag, setting.key), "flag " + flag_of(setting.key));

    const std::string toml = std::string(setting.key) + " = " + as_toml(value) + "\n";
    const std::string path = write("given.toml", toml);
    EXPECT_EQ(origin(load({{"config", {path}}}), setting.key), "file " + path + ":1");

    const auto before = environment_.variables;
    set(variable_of(setting.key), value);
    EXPECT_EQ(origin(load(), setting.key), "environment " + variable_of(setting.key));
    environment_.variables = before;
  }
}

TEST_F(ConfigTest, WhatItShowsCanBeReadBack) {
  const LoadedConfig first = load({{"listen", {"127.0.0.1:1", "[::1]:2"}},
                                   {"disk_size", {"1500MB"}},
                                   {"share_public", {"on"}}});
  std::string text;
  for (const SettingValue& value : first.values) text += value.key + " = " + value.value + "\n";
  // What was found out empty is not set at all.
  for (std::string_view empty :
       {"upstream_proxy = \"\"\n", "ca_file = \"\"\n", "swarm_secret_file = \"\"\n",
        "webhook_secret_file = \"\"\n", "peer_directory = \"\"\n", "peer_list_file = \"\"\n"})
    text.erase(text.find(empty), empty.size());
  const LoadedConfig second = load({{"config", {write("again.toml", text)}}});
  for (std::size_t i = 0; i < first.values.size(); ++i)
    EXPECT_EQ(first.values[i].value, second.values[i].value);
}

TEST_F(ConfigTest, NamesTheNeighbourOfAnUnknownKey) {
  EXPECT_THAT(failure_of_file("threads = 1\nsokcet = \"/x\"\n"),
              testing::AllOf(HasSubstr("unknown key `sokcet` in "),
                             HasSubstr("given.toml:2; did you mean `socket`?")));
  EXPECT_THAT(failure_of_file("[store]\nsize = 1\n"), HasSubstr("unknown key `store`"));
  EXPECT_THAT(failure_of_file("zzzzzzzzzzzz = 1\n"), HasSubstr("`ghmesh config list` shows all"));
  EXPECT_THAT(failure_of_file("cache-dir = \"/x\"\n"), HasSubstr("did you mean `cache_dir`?"));
}

TEST_F(ConfigTest, NamesTheNeighbourOfAnUnknownVariable) {
  set("GHMESH_CACHEDIR", "/x");
  EXPECT_EQ(
      failure(),
      "unknown variable `GHMESH_CACHEDIR` in the environment; did you mean `GHMESH_CACHE_DIR`?");
}

TEST_F(ConfigTest, DoesNotTakeAVariableInAnotherCase) {
  set("GHMESH_threads", "3");
  EXPECT_THAT(failure(), HasSubstr("did you mean `GHMESH_THREADS`?"));
}

struct BadValue {
  std::string key, value, message;
};

const std::vector<BadValue> kBadSwarmValues{
    {"mesh_memory", "1MiB", "is too small"},
    {"swarm_secret_file", "", "the path is empty"},
    {"webhook_secret_file", "", "the path is empty"},
    {"stale_while_revalidate", "86401", "86400"},
    {"p2p_listen", "127.0.0.1:4001", "is not a multiaddr, such as /ip4/0.0.0.0/tcp/4001"},
    {"p2p_listen", "/ip4/127.0.0.1", "is not a numeric address with a TCP port"},
    {"p2p_listen", "/ip4/127.0.0.1/udp/4001/quic-v1", "is not a numeric address with a TCP port"},
    {"p2p_listen", "/dns4/localhost/tcp/4001", "is not a numeric address with a TCP port"},
    {"p2p_listen", "/ip4/127.0.0.1/tcp/65536", "is not a multiaddr"},
    {"p2p_listen", "/ip4/127.0.0.1/tcp/1/p2p/" + kPeer, "names a peer"},
    {"peer", "example.com", "is not a multiaddr, such as /ip4/192.0.2.1/tcp/4001"},
    {"peer", "/ip4/192.0.2.1/tcp/0", "cannot be dialed"},
    {"peer", "/ip4/192.0.2.1/udp/4001/quic-v1", "cannot be dialed"},
    {"peer", "/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo", "is not a multiaddr"},
    {"peer", "/p2p/" + kPeer, "cannot be dialed"},
    {"trust", "all", "\"all\" is not one of swarm, verify"},
};

TEST_F(ConfigTest, EveryBadValueHasItsMessage) {
  std::vector<BadValue> table{
      {"socket", "", "the path is empty"},
      {"socket", "/" + std::string(120, 'a'), "is too long for a unix socket (at most 107 bytes)"},
      {"socket", "/run/x/", "is a directory"},
      {"socket", std::string("/a\nb"), "control characters"},
      {"cache_dir", "~other/x", "names another user's home"},
      {"cache_dir", "/" + std::string(5000, 'a'), "too long"},
      {"listen", "8418", "is not an address with a port"},
      {"listen", ":8418", "is not an address with a port"},
      {"listen", "127.0.0.1", "is not an address with a port"},
      {"listen", "127.0.0.1:65536", "is not an address with a port"},
      {"listen", "[::g]:1", "is not an address with a port"},
      {"listen", "example.com:1", "is not an address with a port"},
      {"listen", "0.0.0.0:8418", "other machines reach"},
      {"admin", "192.168.0.1:80", "is not on loopback"},
      {"host_names", "a b", "is not a host name"},
      {"upstream", "api.github.com", "begins with https://"},
      {"upstream", "ftp://api.github.com", "begins with https://"},
      {"upstream", "http://api.github.com", "would send tokens unencrypted"},
      {"upstream", "https://ghe.example/api/v3", "no path, no query"},
      {"upstream", "https://user:pass@ghe.example", "must not hold a user or a password"},
      {"upstream", "https://", "has no valid host"},
      {"upstream", "https://a..b", "has no valid host"},
      {"upstream_proxy", "proxy:3128", "begins with http://"},
      {"upstream_proxy", "http://u:p@proxy", "must not hold a user or a password"},
      {"upstream_proxy", "http://:80", "has no valid host"},
      {"http1_only", "maybe", "is not true or false"},
      {"upstream_concurrent", "0", "is not a number from 1 to 1000"},
      {"upstream_concurrent", "-1", "is not a number from 1 to 1000"},
      {"threads", "two", "is not a number from 1 to 256"},
      {"connections", "99999999999999999999", "is not a number from 1 to 1000000"},
      {"allow_hosts", "*", "is not a host"},
      {"allow_hosts", "*.com", "whole top-level domain"},
      {"allow_hosts", "host:80", "is not a host"},
      {"allow_hosts", "*.a.b=https://c", "gives one origin to many hosts"},
      {"allow_hosts", "a=http://c.example", "would send tokens unencrypted"},
      {"durability", "safe", "\"safe\" is not one of fast, durable"},
      {"candidates", "all", "\"all\" is not one of memory, disk, off"},
      {"log_level", "loud", "is not one of trace, debug, info, warn, error, off"},
      {"disk_size", "big", "is not a size"},
      {"disk_size", "1XB", "is not a size"},
      {"disk_size", "1KiB", "is too small"},
      {"memory_size", "99999999999TiB", "is too large"},
  };
  table.insert(table.end(), kBadSwarmValues.begin(), kBadSwarmValues.end());
  std::set<std::string> keys;
  for (const BadValue& bad : table) {
    EXPECT_THAT(failure({{bad.key, {bad.value}}}), HasSubstr(bad.message))
        << bad.key << " = " << bad.value;
    keys.insert(bad.key);
  }
  // Paths of three settings are one function; switches are one function.
  for (std::string_view same :
       {"ca_file", "state_dir", "peer_directory", "peer_list_file", "allow_remote", "share_public",
        "stale_if_error", "offline", "swarm_from_token", "mdns"})
    keys.emplace(same);
  for (const Setting& setting : all_settings())
    EXPECT_TRUE(keys.contains(std::string(setting.key)))
        << setting.key << " has no bad value in this table";
}

TEST_F(ConfigTest, SaysWhereABadValueStands) {
  EXPECT_THAT(failure_of_file("\n\nthreads = \"x\"\n"), HasSubstr("given.toml:3"));
  EXPECT_THAT(failure({{"threads", {"x"}}}), HasSubstr("(flag --threads)"));
  set("GHMESH_THREADS", "x");
  EXPECT_THAT(failure(), HasSubstr("(environment GHMESH_THREADS)"));
}

TEST_F(ConfigTest, DoesNotRepeatPasswordsInItsMessages) {
  EXPECT_THAT(failure({{"upstream", {"https://user:s3cret@ghe.example"}}}),
              testing::Not(HasSubstr("s3cret")));
  EXPECT_THAT(failure({{"upstream_proxy", {"http://user:s3cret@ghe.example"}}}),
              testing::Not(HasSubstr("s3cret")));
  EXPECT_THAT(failure({{"allow_hosts", {"a=https://user:s3cret@ghe.example"}}}),
              testing::Not(HasSubstr("s3cret")));
}

TEST_F(ConfigTest, RefusesFilesThatAreNotWhatTheySeem) {
  EXPECT_THAT(failure_of_file("threads = \n"), HasSubstr("given.toml:1"));
  EXPECT_THAT(failure_of_file("threads = 1\nthreads = 2\n"), HasSubstr("given.toml:2"));
  EXPECT_THAT(failure_of_file("threads = 1.5\n"), HasSubstr("a value here is a text, a number"));
  EXPECT_THAT(failure_of_file("threads = [1, 2]\n"),
              HasSubstr("`threads` takes one value, not a list"));
  EXPECT_THAT(failure_of_file("listen = [[\"a\"]]\n"), HasSubstr("a value here is a text"));
  EXPECT_THAT(failure_of_file(std::string(kConfigFileBytesMax + 1, '#')),
              HasSubstr("is larger than"));
  EXPECT_THAT(failure({{"config", {directory_}}}), HasSubstr("cannot read the configuration"));
}

TEST_F(ConfigTest, ReadsRelativePathsFromWhereTheyAreWritten) {
  EXPECT_EQ(load_file("cache_dir = \"c/../d/\"\n").cache_dir, directory_ + "/d");
  EXPECT_EQ(load({{"cache_dir", {"c"}}}).config.cache_dir, directory_ + "/cwd/c");
  EXPECT_EQ(load({{"cache_dir", {"~/c"}}}).config.cache_dir, directory_ + "/home/c");
  EXPECT_EQ(load({{"cache_dir", {"~"}}}).config.cache_dir, directory_ + "/home");
  set("HOME", "/h");
  EXPECT_EQ(load({{"cache_dir", {"~/c"}}}).config.cache_dir, "/h/c");
}

TEST_F(ConfigTest, AListReplacesTheListOfAWeakerSource) {
  set("GHMESH_ALLOW_HOSTS", "a.example, *.b.example ,");
  EXPECT_THAT(load().config.allow_hosts, ElementsAre("a.example", "*.b.example"));
  EXPECT_THAT(load({{"allow_hosts", {"C.example=https://d.example:8443/"}}}).config.allow_hosts,
              ElementsAre("c.example=https://d.example:8443"));
  environment_.variables.pop_back();
  EXPECT_THAT(load_file("allow_hosts = []\n").allow_hosts, IsEmpty());
  EXPECT_THAT(load_file("listen = \"localhost:80\"\n").listen, ElementsAre("127.0.0.1:80"));
}

TEST_F(ConfigTest, NormalisesAddressesAndOrigins) {
  EXPECT_EQ(load({{"upstream", {"HTTPS://API.GitHub.com/"}}}).config.upstream,
            "https://api.github.com");
  EXPECT_EQ(load({{"upstream", {"http://127.0.0.1:9000"}}}).config.upstream,
            "http://127.0.0.1:9000");
  EXPECT_EQ(load({{"upstream", {"http://[::1]:9000"}}}).config.upstream, "http://[::1]:9000");
  EXPECT_EQ(load({{"admin", {"localhost:9418"}}}).config.admin, "127.0.0.1:9418");
  EXPECT_THAT(load({{"listen", {"0.0.0.0:1"}}, {"allow_remote", {"true"}}}).config.listen,
              ElementsAre("0.0.0.0:1"));
}

TEST_F(ConfigTest, IsReachedByPeersOnLoopbackUnlessToldOtherwise) {
  const Config config = load().config;
  EXPECT_THAT(config.p2p_listen, ElementsAre("/ip4/127.0.0.1/tcp/0"));
  EXPECT_THAT(config.peers, IsEmpty());
  EXPECT_EQ(config.trust, Trust::swarm);
  EXPECT_FALSE(config.mdns);
  EXPECT_FALSE(config.swarm_from_token);
  EXPECT_EQ(config.swarm_secret_file, "");
  EXPECT_EQ(config.mesh_memory, 64ull << 20);
}

TEST_F(ConfigTest, TakesThePeersOfASwarm) {
  const std::vector<std::string> peers{"/ip4/192.0.2.1/tcp/4001/p2p/" + kPeer,
                                       "/dns4/runner-1.example/tcp/4001",
                                       "/dnsaddr/swarm.example/p2p/" + kPeer};
  const Config config =
      load({{"peer", peers}, {"p2p_listen", {"/ip4/0.0.0.0/tcp/4001", "/ip6/::0/tcp/0"}}}).config;
  EXPECT_EQ(config.peers, peers);
  EXPECT_THAT(config.p2p_listen, ElementsAre("/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/0"));
  EXPECT_EQ(
      load_file("trust = \"verify\"\nmdns = true\npeer_directory = \"peers\"\n").peer_directory,
      directory_ + "/peers");
  set("GHMESH_PEER", peers[0] + "," + peers[1]);
  EXPECT_THAT(load().config.peers, ElementsAre(peers[0], peers[1]));
}

TEST_F(ConfigTest, NeitherReadsNorShowsTheSecretOfASwarm) {
  set(std::string(kSwarmSecretVariable), "ghs1-secret");
  for (const SettingValue& value : load().values)
    EXPECT_THAT(value.value, testing::Not(HasSubstr("ghs1-secret")));
  setenv("GHMESH_SWARM_SECRET", "ghs1-secret", 1);
  EXPECT_EQ(Environment::of_process().get(kSwarmSecretVariable), "");
  unsetenv("GHMESH_SWARM_SECRET");
}

TEST_F(ConfigTest, RefusesTwoDoorsInOnePlace) {
  EXPECT_THAT(failure({{"admin", {"/a/s"}}, {"socket", {"/a/s"}}}),
              HasSubstr("`admin` and `socket` are the same"));
  EXPECT_THAT(failure({{"admin", {"127.0.0.1:80"}}, {"listen", {"localhost:80"}}}),
              HasSubstr("are the same address"));
  EXPECT_EQ(failure({{"admin", {"127.0.0.1:0"}}, {"listen", {"127.0.0.1:0"}}}), "no failure");
}

constexpr std::string_view kLabel = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

TEST_F(ConfigTest, ReadsGroups) {
  const Config config = load_file(
      "[[group]]\nname = \"ci\"\naudit_labels = [\"" + std::string(kLabel) +
      "\"]\ntoken_files = [\"tokens\", \"~/t\"]\n[[group]]\nname = \"b\"\ntoken_files = \"/t\"\n");
  ASSERT_EQ(config.groups.size(), 2u);
  EXPECT_EQ(config.groups[0].name, "ci");
  EXPECT_THAT(config.groups[0].audit_labels, ElementsAre(kLabel));
  EXPECT_THAT(config.groups[0].token_files,
              ElementsAre(directory_ + "/tokens", directory_ + "/home/t"));
  EXPECT_THAT(config.groups[1].token_files, ElementsAre("/t"));
}

TEST_F(ConfigTest, RefusesGroupsThatMergeByMistake) {
  EXPECT_THAT(failure_of_file("[[group]]\nname = \"a\"\n"), HasSubstr("the group has no members"));
  EXPECT_THAT(failure_of_file("[[group]]\ntoken_files = \"/t\"\n"),
              HasSubstr("a group needs a name"));
  EXPECT_THAT(failure_of_file("[[group]]\nname = \"A b\"\ntoken_files = \"/t\"\n"),
              HasSubstr("a group needs a name"));
  EXPECT_THAT(failure_of_file("[group]\nname = \"a\"\n"), HasSubstr("written as [[group]]"));
  EXPECT_THAT(failure_of_file("[[group]]\nname = \"a\"\ntokens = \"/t\"\n"),
              HasSubstr("unknown key `tokens` of a group"));
  EXPECT_THAT(failure_of_file("[[group]]\nname = \"a\"\naudit_labels = \"c2hvcnQ=\"\n"),
              HasSubstr("base64 of 32 bytes"));
  EXPECT_THAT(failure_of_file("[[group]]\nname = \"a\"\ntoken_files = \"/t\"\n[[group]]\nname = "
                              "\"a\"\ntoken_files = \"/u\"\n"),
              HasSubstr("a second group is called \"a\""));
}

TEST(ConfigSizes, AreReadAndWrittenInHumanUnits) {
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("1k"), 1024u);
  EXPECT_EQ(parse_size("1 KiB"), 1024u);
  EXPECT_EQ(parse_size("2GB"), 2'000'000'000u);
  EXPECT_EQ(write_size(3ull << 30), "3GiB");
  EXPECT_EQ(write_size(1537), "1537B");
  EXPECT_EQ(write_size(1536 << 10), "1536KiB");
}

TEST(ConfigSettings, DescribeThemselves) {
  for (const Setting& setting : all_settings()) {
    EXPECT_FALSE(setting.fallback.empty() && setting.fallback_words.empty())
        << setting.key << " has no word on its default";
    EXPECT_TRUE(setting.help.ends_with('.')) << setting.key;
    EXPECT_EQ(setting.is_switch(), setting.placeholder.empty()) << setting.key;
  }
}

std::string read(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// tools/manual writes the tables into these files.
TEST(ConfigManual, TheDocumentsSayWhatTheTableSays) {
  EXPECT_THAT(read("docs/CONFIGURATION.md"), HasSubstr(settings_as_markdown()))
      << "run tools/manual";
  EXPECT_THAT(read("docs/man/ghmesh.1"), HasSubstr(settings_as_man())) << "run tools/manual";
}

}  // namespace
}  // namespace ghmesh::node
