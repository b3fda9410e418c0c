// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/principal.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "crypto/aead.h"

namespace ghmesh::github {
namespace {

constexpr std::string_view kSalt = "the salt of one installation";

Principal principal_of(std::string_view authorization, std::string_view salt = kSalt) {
  return derive_principal(*parse_credential(authorization), as_bytes(salt));
}

bool same_keys(const Principal& a, const Principal& b) {
  return a.id == b.id && a.locate_key == b.locate_key && a.seal_key == b.seal_key;
}

bool share_a_key(const Principal& a, const Principal& b) {
  return a.id == b.id || a.locate_key == b.locate_key || a.seal_key == b.seal_key;
}

TEST(Principal, IsOneForEverySpellingOfOneToken) {
  const Principal principal = principal_of("token ghp_aaaaaaaa");
  EXPECT_TRUE(same_keys(principal, principal_of("Bearer ghp_aaaaaaaa")));
  EXPECT_TRUE(
      same_keys(principal, principal_of("Basic " + base64(as_bytes("octocat:ghp_aaaaaaaa")))));
}

TEST(Principal, SharesNothingWithAnotherCredential) {
  const std::string credentials[] = {"",
                                     "token a",
                                     "token b",
                                     "token a:b",
                                     "token anonymous:",
                                     "Basic " + base64(as_bytes("a:b")),
                                     "Basic " + base64(as_bytes("a:c"))};
  for (const auto& a : credentials)
    for (const auto& b : credentials)
      if (a != b) {
        EXPECT_FALSE(share_a_key(principal_of(a), principal_of(b))) << a << " | " << b;
      }
}

TEST(Principal, SharesNothingWithTheSameCredentialElsewhere) {
  EXPECT_FALSE(
      share_a_key(principal_of("token a"), principal_of("token a", "the salt of another")));
  EXPECT_FALSE(share_a_key(principal_of(""), principal_of("", "the salt of another")));
}

TEST(Principal, UsesOneKeyForOnePurpose) {
  const Principal principal = principal_of("token a");
  EXPECT_EQ(principal.seal_key.size(), crypto::kSealKeyBytes);
  EXPECT_FALSE(principal.locate_key == principal.seal_key);
  EXPECT_FALSE(equal(principal.locate_key.reveal().first(principal.id.size()), principal.id));
  EXPECT_FALSE(equal(principal.seal_key.reveal().first(principal.id.size()), principal.id));
}

TEST(Principal, SaysWhetherItIsAnonymous) {
  EXPECT_TRUE(principal_of("").is_anonymous);
  EXPECT_FALSE(principal_of("token a").is_anonymous);
  EXPECT_FALSE(derive_group_principal(crypto::Secret("a"), as_bytes(kSalt)).is_anonymous);
}

TEST(Principal, OfAGroupDependsOnItsSecretAlone) {
  const auto group = [](std::string_view secret) {
    return derive_group_principal(crypto::Secret(secret), as_bytes(kSalt));
  };
  EXPECT_TRUE(same_keys(group("a"), group("a")));
  EXPECT_FALSE(share_a_key(group("a"), group("b")));
  // A member's token that happens to be the group's secret is still not the group.
  EXPECT_FALSE(share_a_key(group("a"), principal_of("token a")));
}

// What is on disk stays readable after an update: these values may change only together with the store's version.
TEST(Principal, IsDerivedInTheSameWayForEver) {
  const Principal principal = principal_of("token hunter2", "salt");
  EXPECT_EQ(hex(principal.id), "8a01c38b3f9e76b0c025c868b214c4fd");
  EXPECT_EQ(hex(principal.locate_key.reveal()),
            "4d7a0653a1d3cd37d41a337fba56d88e1b45066618aa2ceedbcb6d3cf84d6af3");
  EXPECT_EQ(hex(principal.seal_key.reveal()),
            "f64365c37ea6e2b299b8840d1a0c875c1a531bd14ddfef2df8201533dd075b89");
}

}  // namespace
}  // namespace ghmesh::github
