// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/swarm_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace ghmesh::node {
namespace {

using crypto::Secret;
using mesh::SwarmSecret;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const WallTime kNow = wall_time(1'770'000'000);
// Random, and of no use at GitHub.
constexpr std::string_view kToken = "ghp_q8ZrT2mXw4Ld7Vb1Kc9Hs3Jn6Pf5Gy0AeUiO";
constexpr std::string_view kPassphrase = "vellum quartz trombone ossify glacier";

std::string text_of(const Secret& secret) { return std::string(as_text(secret.reveal())); }

class SwarmSecretTest : public testing::Test {
 protected:
  SwarmSecretTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ghmesh-swarm-XXXXXX").string();
    GHMESH_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    sources_.state_dir = directory_ + "/state/ghmesh";
  }
  ~SwarmSecretTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    GHMESH_CHECK(chmod(path.c_str(), mode) == 0);
    return path;
  }
  static std::string read(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    GHMESH_CHECK(stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
  }

  std::optional<SwarmMembership> load() { return load_swarm_secret(sources_, kNow); }
  std::string failure() {
    try {
      static_cast<void>(load());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no failure";
  }
  std::string failure_of_file(std::string_view text) {
    sources_.secret_file = write("secret", text);
    return failure();
  }

  std::string directory_;
  SwarmSources sources_;
};

TEST_F(SwarmSecretTest, IsNoneWhenNobodySaysOne) {
  EXPECT_FALSE(load());
  sources_.credentials_directory = directory_;  // of other credentials
  EXPECT_FALSE(load());
}

TEST_F(SwarmSecretTest, TheFirstSourceThatSpeaksIsHeard) {
  std::vector<SwarmSecret> secrets;
  for (int i = 0; i < 4; ++i) secrets.push_back(SwarmSecret::generate());
  sources_.token = Secret(kToken);
  sources_.token_variable = "GITHUB_TOKEN";
  const auto expect = [&](const SwarmSecret& secret, const std::string& source) {
    const auto loaded = load();
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->newest == secret) << source;
    EXPECT_EQ(loaded->source, source);
    EXPECT_EQ(loaded->is_kept, source.starts_with("state"));
  };
  EXPECT_FALSE(load());  // a token alone is no wish
  sources_.is_token_wanted = true;
  expect(*SwarmSecret::from_token(Secret(kToken)), "GitHub token of GITHUB_TOKEN");
  keep_swarm(sources_.state_dir, {.newest = secrets[0], .previous = std::nullopt});
  expect(secrets[0], "state directory " + sources_.state_dir);
  sources_.credentials_directory = directory_;
  // systemd lets the service in by an access list, which shows as a group that may read.
  write("ghmesh-swarm-secret", text_of(secrets[1].text()) + "\n", 0440);
  expect(secrets[1], "systemd credential ghmesh-swarm-secret");
  sources_.variable = secrets[2].text();
  expect(secrets[2], "environment GHMESH_SWARM_SECRET");
  sources_.secret_file = write("secret", text_of(secrets[3].text()) + "\n");
  expect(secrets[3], "file " + sources_.secret_file);
}

TEST_F(SwarmSecretTest, AWrongSourceDoesNotFallThroughToAWeakerOne) {
  keep_swarm(sources_.state_dir, {.newest = SwarmSecret::generate(), .previous = std::nullopt});
  sources_.credentials_directory = directory_;
  const std::string credential = write("ghmesh-swarm-secret", "");
  EXPECT_EQ(failure(), "no swarm secret from systemd credential ghmesh-swarm-secret: " +
                           credential + " is empty");
  sources_.variable = Secret("ghs1-");
  EXPECT_EQ(failure(),
            "no swarm secret from environment GHMESH_SWARM_SECRET: the swarm secret is "
            "cut off: characters are missing");
  sources_.secret_file = directory_ + "/absent";
  EXPECT_EQ(failure(), "no swarm secret from file " + sources_.secret_file + ": cannot read " +
                           sources_.secret_file + ": No such file or directory");
}

TEST_F(SwarmSecretTest, TellsATypingErrorFromACut) {
  std::string text = text_of(SwarmSecret::generate().text());
  EXPECT_EQ(failure_of_file(text), "no failure");
  EXPECT_THAT(failure_of_file(text.substr(0, 40)), HasSubstr("is cut off"));
  EXPECT_THAT(failure_of_file(text + "aa"), HasSubstr("more characters"));
  std::string mistyped = text;
  mistyped[10] = mistyped[10] == 'a' ? 'b' : 'a';
  EXPECT_THAT(failure_of_file(mistyped), HasSubstr("typing error"));
  EXPECT_THAT(failure_of_file(text.substr(0, 20) + "0" + text.substr(21)),
              HasSubstr("a character other than"));
  EXPECT_THAT(failure_of_file(kToken), HasSubstr("this is not a swarm secret"));
  EXPECT_THAT(failure_of_file(mistyped), Not(HasSubstr(mistyped.substr(5, 8))));
}

TEST_F(SwarmSecretTest, RefusesAFileThatOthersCanRead) {
  const std::string text = text_of(SwarmSecret::generate().text());
  for (mode_t mode : {0644u, 0640u, 0604u, 0660u, 0601u}) {
    sources_.secret_file = write("secret", text, mode);
    EXPECT_THAT(failure(), AllOf(HasSubstr("can be read by others (mode 06"),
                                 HasSubstr("run `chmod 600 " + sources_.secret_file + "`")));
  }
  sources_.secret_file = write("secret", text, 0400);
  EXPECT_EQ(failure(), "no failure");
  std::filesystem::create_symlink(sources_.secret_file,
                                  directory_ + "/link");  // as Kubernetes does
  sources_.secret_file = directory_ + "/link";
  EXPECT_EQ(failure(), "no failure");
}

TEST_F(SwarmSecretTest, RefusesWhatIsNoPlainFileWithoutWaitingForIt) {
  sources_.secret_file = directory_ + "/pipe";
  ASSERT_EQ(mkfifo(sources_.secret_file.c_str(), 0600), 0);
  EXPECT_THAT(failure(), HasSubstr("is not a plain file"));
  sources_.secret_file = directory_;
  EXPECT_THAT(failure(), HasSubstr("is not a plain file"));
  sources_.secret_file = "/dev/zero";
  EXPECT_THAT(failure(), HasSubstr("is not a plain file"));
}

TEST_F(SwarmSecretTest, RefusesFilesThatHoldNoSecret) {
  EXPECT_THAT(failure_of_file(""), HasSubstr("is empty"));
  EXPECT_THAT(failure_of_file("\n\n"), HasSubstr("this is not a swarm secret"));
  const std::size_t bytes_max = mesh::kSwarmSecretTextBytesMax;
  EXPECT_THAT(failure_of_file(std::string(bytes_max, 'x')),
              HasSubstr("this is not a swarm secret"));
  EXPECT_THAT(failure_of_file(std::string(bytes_max + 1, 'x')), HasSubstr("more than 4096 bytes"));
  sources_.secret_file = write("huge", "");
  ASSERT_EQ(truncate(sources_.secret_file.c_str(), off_t{1} << 40), 0);  // with a hole in it
  EXPECT_THAT(failure(), HasSubstr("more than 4096 bytes"));
}

TEST_F(SwarmSecretTest, TakesAnInvitationWithItsPassphrase) {
  const mesh::Invitation invitation = mesh::Invitation::generate();
  const SwarmSecret expected = *SwarmSecret::from_passphrase(Secret(kPassphrase), invitation);
  const std::string both = invitation.text() + "\r\n" + std::string(kPassphrase) + "\n";
  EXPECT_EQ(failure_of_file(both), "no failure");
  EXPECT_TRUE(load()->newest == expected);
  EXPECT_TRUE(*parse_swarm_input(Secret(invitation.text() + "\n"), Secret(kPassphrase)) ==
              expected);
  EXPECT_THAT(failure_of_file(invitation.text()), HasSubstr("the passphrase that goes with it"));
  EXPECT_THAT(failure_of_file(invitation.text() + "\nsecret\n"), HasSubstr("can be guessed"));
  EXPECT_THAT(failure_of_file(invitation.text().substr(0, 20)), HasSubstr("is cut off"));
  EXPECT_EQ(parse_swarm_input(SwarmSecret::generate().text(), Secret(kPassphrase)).error(),
            Errc::swarm_secret_unknown);
}

TEST_F(SwarmSecretTest, MakesASwarmOfTheTokenOnlyWhenAsked) {
  sources_.is_token_wanted = true;
  EXPECT_THAT(failure(), HasSubstr("neither GH_TOKEN nor GITHUB_TOKEN"));
  sources_.token_variable = "GH_TOKEN";
  for (std::string_view placeholder :
       {"${{ secrets.TOKEN }}", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "t"}) {
    sources_.token = Secret(placeholder);
    EXPECT_THAT(failure(), HasSubstr("no swarm secret from GH_TOKEN: this is no GitHub token"));
  }
  sources_.token = Secret(kToken);
  EXPECT_EQ(load()->warning, "");
  sources_.token = Secret("ghs_q8ZrT2mXw4Ld7Vb1Kc9Hs3Jn6Pf5Gy0AeUiO");
  EXPECT_THAT(load()->warning, HasSubstr("belongs to one job"));
}

TEST_F(SwarmSecretTest, TakesTheSecretOutOfTheEnvironment) {
  const std::string text = text_of(SwarmSecret::generate().text());
  setenv("GHMESH_SWARM_SECRET", text.c_str(), 1);
  const char* inherited = getenv("GHMESH_SWARM_SECRET");
  Config config;
  config.state_dir = "/s";
  const SwarmSources taken = SwarmSources::take_from_process(config);
  EXPECT_EQ(text_of(taken.variable), text);
  EXPECT_EQ(taken.state_dir, "/s");
  EXPECT_TRUE(taken.token.empty());
  EXPECT_EQ(getenv("GHMESH_SWARM_SECRET"), nullptr);
  EXPECT_EQ(inherited[0], '\0');  // its bytes are gone, too
  EXPECT_TRUE(SwarmSources::take_from_process(config).variable.empty());
}

TEST_F(SwarmSecretTest, FindsTheTokenInGhsOrder) {
  Config config;
  config.swarm_from_token = true;
  setenv("GITHUB_TOKEN", "second", 1);
  EXPECT_EQ(text_of(SwarmSources::take_from_process(config).token), "second");
  setenv("GH_TOKEN", "first", 1);
  const SwarmSources sources = SwarmSources::take_from_process(config);
  EXPECT_EQ(text_of(sources.token), "first");
  EXPECT_EQ(sources.token_variable, "GH_TOKEN");
  unsetenv("GH_TOKEN");
  unsetenv("GITHUB_TOKEN");
}

TEST_F(SwarmSecretTest, IsKeptInAFileOfOurOwn) {
  const SwarmSecret first = SwarmSecret::generate();
  const mode_t old_mask = umask(0);
  keep_swarm(sources_.state_dir, {.newest = first, .previous = std::nullopt});
  umask(old_mask);
  EXPECT_EQ(mode_of(sources_.state_dir), 0700u);
  EXPECT_EQ(mode_of(kept_swarm_file(sources_.state_dir)), 0600u);
  EXPECT_EQ(read(kept_swarm_file(sources_.state_dir)), text_of(first.text()) + "\n");
  EXPECT_TRUE(forget_kept_swarm(sources_.state_dir));
  EXPECT_FALSE(forget_kept_swarm(sources_.state_dir));
  EXPECT_FALSE(load());
}

TEST_F(SwarmSecretTest, OfAPassphraseIsKeptWithoutThePassphrase) {
  const SwarmSecret secret =
      *SwarmSecret::from_passphrase(Secret(kPassphrase), mesh::Invitation::generate());
  keep_swarm(sources_.state_dir, {.newest = secret, .previous = std::nullopt});
  EXPECT_THAT(read(kept_swarm_file(sources_.state_dir)),
              AllOf(testing::StartsWith("ghr1-"), Not(HasSubstr("vellum"))));
  EXPECT_TRUE(load()->newest == secret);
}

TEST_F(SwarmSecretTest, KeepsThePreviousOneForADayAfterARotation) {
  const SwarmSecret first = SwarmSecret::generate(), next = SwarmSecret::generate();
  const KeptSwarm joined{.newest = first, .previous = std::nullopt};
  EXPECT_FALSE(rotated(joined, first, kNow).previous);
  keep_swarm(sources_.state_dir, rotated(joined, next, kNow));
  EXPECT_EQ(read(kept_swarm_file(sources_.state_dir)),
            text_of(next.text()) + "\nprevious 1770086400 " + text_of(first.text()) + "\n");
  const auto loaded = load();
  EXPECT_TRUE(loaded->newest == next);
  ASSERT_TRUE(loaded->previous);
  EXPECT_TRUE(loaded->previous->secret == first);
  EXPECT_EQ(loaded->previous->until, kNow + mesh::kRotationOverlap);
  EXPECT_TRUE(load_kept_swarm(sources_.state_dir, kNow + mesh::kRotationOverlap - 1s)->previous);
  EXPECT_FALSE(load_kept_swarm(sources_.state_dir, kNow + mesh::kRotationOverlap)->previous);
}

TEST_F(SwarmSecretTest, SaysWhenWhatWasKeptIsDamaged) {
  keep_swarm(sources_.state_dir, {.newest = SwarmSecret::generate(), .previous = std::nullopt});
  const std::string file = kept_swarm_file(sources_.state_dir);
  const std::string good = read(file);
  const std::string line = good.substr(0, good.size() - 1);
  for (const std::string& bad :
       {line.substr(0, 30), line + "\nmore\n", line + "\nprevious\n", line + "\nprevious x " + line,
        line + "\nprevious 99999999999999999999 " + line, line + "\nprevious 1 ghs1-\n",
        line + "\nprevious 1 " + line + "\nmore"}) {
    std::ofstream(file) << bad;
    EXPECT_THAT(failure(), HasSubstr(file + " is damaged")) << bad.size();
  }
  std::ofstream(file) << good;
  EXPECT_EQ(failure(), "no failure");
  chmod(file.c_str(), 0644);
  EXPECT_THAT(failure(), HasSubstr("can be read by others"));
}

}  // namespace
}  // namespace ghmesh::node
