// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/credential.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::github {
namespace {

const std::string kToken = "ghp_" + std::string(36, 'a');
const std::string kClassicToken = "0123456789abcdef0123456789abcdef01234567";
const std::string kJwt = "eyJhbGciOiJSUzI1NiJ9.eyJpYXQiOjF9.c2lnbmF0dXJl";

std::string basic(std::string_view pair) { return "Basic " + base64(as_bytes(pair)); }

struct Read {
  CredentialKind kind;
  std::string identity;
  std::string authorization;
  bool operator==(const Read&) const = default;
};
void PrintTo(const Read& read, std::ostream* out) {
  *out << static_cast<int>(read.kind) << " " << read.identity << " | " << read.authorization;
}

Read read(std::string_view authorization) {
  auto credential = parse_credential(authorization);
  EXPECT_TRUE(credential) << authorization;
  if (!credential) return {};
  return {credential->kind, std::string(as_text(credential->identity.reveal())),
          std::string(as_text(credential->authorization.reveal()))};
}

Read a_token(const std::string& token) { return {CredentialKind::token, token, "Bearer " + token}; }

void expect_error(std::string_view authorization, Errc error) {
  auto credential = parse_credential(authorization);
  ASSERT_FALSE(credential) << authorization;
  EXPECT_EQ(credential.error(), error) << authorization;
}

TEST(Credential, IsAnonymousWithoutAuthorization) {
  for (std::string_view nothing : {"", " ", "\t "})
    EXPECT_EQ(read(nothing), (Read{CredentialKind::anonymous, "", ""}));
}

TEST(Credential, IsOneTokenInEverySpelling) {
  const std::string spellings[] = {
      "token " + kToken,
      "Bearer " + kToken,
      "bearer " + kToken,
      "TOKEN " + kToken,
      "  Bearer   " + kToken + " \t",
      basic("octocat:" + kToken),
      basic(":" + kToken),
      basic("x-access-token:" + kToken),
      basic(kToken + ":x-oauth-basic"),
      basic(kToken + ":"),
      "bAsIc " + base64(as_bytes("octocat:" + kToken)),
  };
  for (const auto& spelling : spellings) EXPECT_EQ(read(spelling), a_token(kToken)) << spelling;
}

TEST(Credential, KnowsEveryPrefixOfATokenInABasicPair) {
  for (const char* prefix : {"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}) {
    const std::string token = prefix + std::string(30, 'Z');
    EXPECT_EQ(read(basic("octocat:" + token)), a_token(token));
  }
  EXPECT_EQ(read(basic("octocat:" + kClassicToken)), a_token(kClassicToken));
}

TEST(Credential, TakesAnyWordAsAToken) {
  // What a token looks like is GitHub's affair; gh runs with GH_TOKEN=anything when the model answers.
  EXPECT_EQ(read("token anything"), a_token("anything"));
  EXPECT_EQ(read(basic("x-access-token:anything")), a_token("anything"));
  EXPECT_EQ(read(basic("anything:x-oauth-basic")), a_token("anything"));
}

TEST(Credential, KeepsCaseOfTheTokenItself) {
  EXPECT_NE(read("token ghp_Abc").identity, read("token ghp_abC").identity);
}

TEST(Credential, StaysABasicPairWhenNeitherHalfIsAToken) {
  for (const char* pair :
       {"octocat:hunter2", "octocat:", ":", "a:b:c", "octocat:ghp_", "o:two words",
        "x-access-token:", "x-access-token:two words", ":x-oauth-basic"})
    EXPECT_EQ(read(basic(pair)), (Read{CredentialKind::basic, pair, basic(pair)}));
}

TEST(Credential, KeepsAnAppsIdAndSecretTogether) {
  // The secret alone has the shape of a classic token, and GitHub would refuse it.
  for (const char* client_id : {"0123456789abcdef0123", "Iv1.0123456789abcdef",
                                "Iv23liABCDEFGHIJKLMN", "Ov23liABCDEFGHIJKLMN"}) {
    const std::string pair = std::string(client_id) + ":" + kClassicToken;
    EXPECT_EQ(read(basic(pair)), (Read{CredentialKind::basic, pair, basic(pair)}));
  }
}

TEST(Credential, KnowsAnAppJwt) {
  EXPECT_EQ(read("Bearer " + kJwt), (Read{CredentialKind::app_jwt, kJwt, "Bearer " + kJwt}));
  EXPECT_EQ(read("token " + kJwt).kind, CredentialKind::app_jwt);
  EXPECT_EQ(read(basic("x-access-token:" + kJwt)).kind, CredentialKind::app_jwt);
}

TEST(Credential, TakesAStatelessInstallationTokenForAToken) {
  const std::string token = "ghs_123456_eyJ" + std::string(100, 'h') + ".eyJ" +
                            std::string(300, 'c') + "." + std::string(86, 's');
  ASSERT_GT(token.size(), 500u);
  EXPECT_EQ(read("token " + token), a_token(token));
  EXPECT_EQ(read("Bearer " + token), a_token(token));
  EXPECT_EQ(read(basic("x-access-token:" + token)), a_token(token));
}

TEST(Credential, TakesOnlyThreePartsOfBase64UrlForAJwt) {
  for (const char* word :
       {"eyJhbGci", "eyJhbGci.eyJpYXQ", "eyJhbGci.eyJpYXQ.", "eyJhbGci..c2ln",
        "eyJhbGci.eyJpYXQ.c2ln.more", "eyJhbGci.eyJp+XQ.c2ln", "abc.def.ghi", "..", "eyJ.."})
    EXPECT_EQ(read(std::string("Bearer ") + word), a_token(word));
}

TEST(Credential, RefusesWhatItCannotRead) {
  for (const char* text :
       {"token", "Bearer", "Bearer ", "Basic", "Basic ", "ghp_without_a_scheme",
        "Digest username=x", "Negotiate YII=", "Bearer two words", "Bearer tab\there",
        "Bearer line\r\nX-Evil: 1", "Bearer del\x7f", "Bearer caf\xc3\xa9", "Bearer,x",
        "Basic !!!!", "Basic YQ", "Basic bm9jb2xvbg==", "tokenghp_x"})
    expect_error(text, Errc::malformed);
  expect_error(std::string_view("Bearer nul\0nul", 14), Errc::malformed);
}

TEST(Credential, RefusesOneByteMoreThanItsLimit) {
  const std::string largest = "token " + std::string(kAuthorizationBytesMax - 6, 'x');
  EXPECT_EQ(read(largest), a_token(largest.substr(6)));
  expect_error(largest + "x", Errc::too_large);
}

TEST(Credential, ReadsItsOwnUpstreamSpelling) {
  for (const auto& text :
       {"token " + kToken, "Bearer " + kJwt, basic("octocat:hunter2"), basic("u:" + kToken)}) {
    const Read once = read(text);
    EXPECT_EQ(read(once.authorization), once);
  }
}

TEST(AuditLabel, MatchesThePublishedVectors) {
  // base64(SHA-256("hunter2")) and what GitHub's audit log calls hashed_token.
  EXPECT_EQ(audit_label(*parse_credential("Bearer hunter2")),
            "9S+9MrKzuG/4jvbEkGKChfSCrxXdyylUH5S89Saj9sc=");
  EXPECT_EQ(audit_label(*parse_credential("token hunter2")),
            "9S+9MrKzuG/4jvbEkGKChfSCrxXdyylUH5S89Saj9sc=");
}

TEST(AuditLabel, IsEmptyForAnonymous) { EXPECT_EQ(audit_label(Credential{}), ""); }

}  // namespace
}  // namespace ghmesh::github
