// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/secret/swarm_secret.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "base/text.h"
#include "mesh/secret/secret_text.h"
#include "mesh/secret/strength.h"

namespace ghmesh::mesh {
namespace {

using crypto::Secret;

std::string text_of(const Secret& secret) { return std::string(as_text(secret.reveal())); }

Error error_of(std::string_view text) {
  auto parsed = SwarmSecret::parse(Secret(text));
  return parsed ? Error() : parsed.error();
}

TEST(SwarmSecret, IsTheSameAfterItWasWritten) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const SwarmSecret secret = SwarmSecret::generate();
    const std::string text = text_of(secret.text());
    EXPECT_TRUE(text.starts_with("ghs1-"));
    EXPECT_EQ(text.size(), 63u);
    EXPECT_TRUE(seen.insert(text).second);
    auto parsed = SwarmSecret::parse(Secret(text));
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(*parsed == secret);
    EXPECT_EQ(text_of(parsed->text()), text);
  }
}

TEST(SwarmSecret, IsReadWithBlanksAroundItAndInCapitals) {
  const SwarmSecret secret = SwarmSecret::generate();
  std::string text = text_of(secret.text());
  EXPECT_TRUE(*SwarmSecret::parse(Secret(" \t" + text + "\r\n")) == secret);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  EXPECT_TRUE(*SwarmSecret::parse(Secret(text)) == secret);
}

TEST(SwarmSecret, TellsWhatIsWrongWithItsText) {
  const std::string text = text_of(SwarmSecret::generate().text());
  EXPECT_EQ(error_of(text), Error());
  for (std::size_t size = 0; size < 5; ++size)
    EXPECT_EQ(error_of(text.substr(0, size)), Errc::swarm_secret_unknown) << size;
  for (std::size_t size = 5; size < text.size(); ++size)
    EXPECT_EQ(error_of(text.substr(0, size)), Errc::swarm_secret_cut) << size;
  EXPECT_EQ(error_of(text + "a"), Errc::swarm_secret_long);
  EXPECT_EQ(error_of(text + text), Errc::swarm_secret_character);  // the second hyphen
  EXPECT_EQ(error_of(text.substr(0, 20) + " " + text.substr(20)), Errc::swarm_secret_character);
  EXPECT_EQ(error_of("ghp_abcdefghijklmnopqrstuvwxyz0123456789"), Errc::swarm_secret_unknown);
  EXPECT_EQ(error_of(Invitation::generate().text()), Errc::swarm_secret_unknown);
  EXPECT_EQ(error_of(std::string(kSwarmSecretTextBytesMax + 1, 'a')), Errc::swarm_secret_long);
}

TEST(SwarmSecret, FindsEveryTypingErrorOfOneCharacter) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  const std::string text = text_of(SwarmSecret::generate().text());
  for (std::size_t at = 5; at < text.size(); ++at) {
    for (char c : kAlphabet) {
      std::string wrong = text;
      wrong[at] = c;
      if (wrong == text) continue;
      EXPECT_EQ(error_of(wrong), Errc::swarm_secret_mistyped) << at << c;
    }
    for (char c : {'0', '1', '8', '9', '-', '\0', '\xff'}) {
      std::string wrong = text;
      wrong[at] = c;
      EXPECT_EQ(error_of(wrong), Errc::swarm_secret_character) << at;
    }
  }
  for (std::size_t at = 5; at + 1 < text.size(); ++at) {
    std::string swapped = text;
    std::swap(swapped[at], swapped[at + 1]);
    if (swapped == text) continue;
    EXPECT_EQ(error_of(swapped), Errc::swarm_secret_mistyped) << at;
  }
}

TEST(SwarmSecret, IsTheSameAfterItWasKept) {
  const SwarmSecret generated = SwarmSecret::generate();
  EXPECT_TRUE(generated.kept_text() == generated.text());
  const SwarmSecret of_token =
      *SwarmSecret::from_token(Secret("ghp_q8ZrT2mXw4Ld7Vb1Kc9Hs3Jn6Pf5Gy0AeUiO"));
  EXPECT_TRUE(text_of(of_token.kept_text()).starts_with("ghr1-"));
  for (const SwarmSecret& secret : {generated, of_token}) {
    auto kept = SwarmSecret::parse_kept(secret.kept_text());
    ASSERT_TRUE(kept);
    EXPECT_TRUE(*kept == secret);
    EXPECT_TRUE(kept->text() == secret.text());
  }
  std::string text = text_of(of_token.kept_text());
  EXPECT_EQ(error_of(text), Errc::swarm_secret_unknown);  // not a text that people pass on
  text.pop_back();
  EXPECT_EQ(SwarmSecret::parse_kept(Secret(text)).error(), Errc::swarm_secret_cut);
  EXPECT_EQ(SwarmSecret::parse_kept(Secret("x")).error(), Errc::swarm_secret_unknown);
}

TEST(SwarmSecret, HasAFingerprintOfItsOwn) {
  const SwarmSecret secret = SwarmSecret::generate();
  const std::string fingerprint = secret.fingerprint();
  EXPECT_EQ(fingerprint, SwarmSecret::parse(secret.text())->fingerprint());
  EXPECT_NE(fingerprint, SwarmSecret::generate().fingerprint());
  ASSERT_EQ(fingerprint.size(), 19u);
  for (std::size_t at : {4u, 9u, 14u}) EXPECT_EQ(fingerprint[at], '-');
}

TEST(Invitation, IsTheSameAfterItWasWritten) {
  const Invitation invitation = Invitation::generate();
  EXPECT_TRUE(invitation.text().starts_with("ghp1-"));
  EXPECT_EQ(invitation.text().size(), 37u);
  auto parsed = Invitation::parse(invitation.text() + "\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->text(), invitation.text());
  EXPECT_EQ(Invitation::parse(text_of(SwarmSecret::generate().text())).error(),
            Errc::swarm_secret_unknown);
  EXPECT_EQ(Invitation::parse(invitation.text().substr(0, 30)).error(), Errc::swarm_secret_cut);
}

TEST(Passphrase, MakesOneSwarmUnderOneInvitation) {
  const Invitation invitation = Invitation::generate();
  constexpr std::string_view kPassphrase = "gravel umbrella nineteen cosmos tadpole";
  auto one = SwarmSecret::from_passphrase(Secret(kPassphrase), invitation);
  auto same = SwarmSecret::from_passphrase(Secret(std::string(kPassphrase) + "\n"), invitation);
  auto other = SwarmSecret::from_passphrase(Secret(kPassphrase), Invitation::generate());
  ASSERT_TRUE(one && same && other);
  EXPECT_TRUE(*one == *same);
  EXPECT_FALSE(*one == *other);
  EXPECT_TRUE(one->text().empty());
}

TEST(Passphrase, IsRefusedWhenItCanBeGuessed) {
  for (std::string_view weak : {"",
                                " ",
                                "password",
                                "P@ssw0rd!",
                                "correct horse battery staple",
                                "aaaaaaaaaaaaaaaaaaaaaaaa",
                                "abcdefghijklmnopqrstuvwxyz",
                                "qwertyuiopasdfghjkl",
                                "12345678901234567890",
                                "Summer2026!",
                                "github runner swarm secret",
                                "dragondragondragondragon",
                                "trustno1trustno1",
                                "my voice is my",
                                "0123456789abcdef",
                                "zyxwvutsrqponmlkjihgfedcba",
                                "letmein!!!!!!!!!!",
                                "2024-2025-2026",
                                "changeme changeme changeme",
                                "tr0ub4dor&3"}) {
    auto secret = SwarmSecret::from_passphrase(Secret(weak), Invitation::generate());
    ASSERT_FALSE(secret) << weak << guess_bits(Secret(weak));
    EXPECT_EQ(secret.error(), Errc::swarm_passphrase_weak) << weak;
  }
  auto secret = SwarmSecret::from_passphrase(Secret(Bytes(crypto::kPassphraseBytesMax + 1)),
                                             Invitation::generate());
  EXPECT_EQ(secret.error(), Errc::too_large);
}

TEST(Passphrase, IsStrongEnoughWithFiveRareWordsOrTwelveRandomCharacters) {
  for (std::string_view strong :
       {"gravel umbrella nineteen cosmos tadpole", "Vellum-Quartz-Brisket-Oyster-Nomad",
        "k8V#q2Lw!zR4", "x7fkq9ztw2mp4vbn", "8c1f0ae3b97d42c6ffa1",
        "jede woche regnet es in tokyo zweimal"})
    EXPECT_GE(guess_bits(Secret(strong)), kPassphraseBitsMin) << strong;
}

TEST(GuessBits, NeverGrowWhenSomethingIsRepeated) {
  const double once = guess_bits(Secret("k8V#q2Lw"));
  const double twice = guess_bits(Secret("k8V#q2Lwk8V#q2Lw"));
  EXPECT_GT(twice, once);
  EXPECT_LT(twice, once + 2);
  EXPECT_LT(guess_bits(Secret(std::string(1'000, 'x'))), 50);
}

std::string random_text(Random& random, std::string_view alphabet, std::size_t chars) {
  std::string text;
  while (text.size() < chars) text += alphabet[random.below(alphabet.size())];
  return text;
}

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

TEST(Token, IsTakenInEveryFormThatGitHubHas) {
  Random random(4);
  for (int i = 0; i < 300; ++i) {
    for (const std::string& token :
         {"ghp_" + random_text(random, kBase62, 36), "ghs_" + random_text(random, kBase62, 36),
          "github_pat_" + random_text(random, kBase62, 22) + "_" + random_text(random, kBase62, 59),
          random_text(random, "0123456789abcdef", 40)}) {
      auto secret = SwarmSecret::from_token(Secret(token));
      ASSERT_TRUE(secret) << token << " " << guess_bits(Secret(token));
      EXPECT_TRUE(*secret == *SwarmSecret::from_token(Secret(token + "\n")));
    }
  }
}

TEST(Token, IsRefusedWhenItIsAPlaceholder) {
  for (std::string_view placeholder :
       {"", "token", "<your-token-here>", "your_github_token_here", "changeme", "REPLACE_ME",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_0000000000000000000000000000000000000000",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_1234567890abcdefghijklmnopqrstuvwxyz",
        "github_pat_EXAMPLEEXAMPLEEXAMPLEEXAMPLE", "${{ secrets.GITHUB_TOKEN }}",
        "ghp_ placeholder with blanks 4Kq8ZtRw92LmXv7cNbYsD1fG",
        "GITHUB_TOKEN_PLACEHOLDER_SECRET"}) {
    auto secret = SwarmSecret::from_token(Secret(placeholder));
    ASSERT_FALSE(secret) << placeholder;
    EXPECT_EQ(secret.error(), Errc::swarm_token_placeholder);
  }
}

TEST(Token, OfOneJobIsKnown) {
  EXPECT_TRUE(is_job_token(Secret("ghs_16C7e42F292c6912E7710c838347Ae178B4a")));
  EXPECT_TRUE(is_job_token(Secret("\nghs_12345_eyJhbGciOi")));
  EXPECT_FALSE(is_job_token(Secret("ghp_16C7e42F292c6912E7710c838347Ae178B4a")));
}

}  // namespace
}  // namespace ghmesh::mesh
