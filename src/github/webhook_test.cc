// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/webhook.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ghmesh::github {
namespace {

// The vector of GitHub's documentation, "Validating webhook deliveries".
TEST(Webhook, VerifiesThePublishedSignature) {
  const crypto::Secret secret("It's a Secret to Everybody");
  constexpr std::string_view kSignature =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  EXPECT_TRUE(is_signed(secret, "Hello, World!", kSignature));
  EXPECT_FALSE(is_signed(secret, "Hello, World", kSignature));
  EXPECT_FALSE(is_signed(crypto::Secret("another"), "Hello, World!", kSignature));
  EXPECT_FALSE(is_signed(secret, "Hello, World!", kSignature.substr(7)));
  for (std::size_t size = 0; size < kSignature.size(); ++size)
    EXPECT_FALSE(is_signed(secret, "Hello, World!", kSignature.substr(0, size))) << size;
}

TEST(Webhook, FindsARenamedRepositoryUnderBothNames) {
  const auto verdict = judge_event(
      "repository", R"({"action":"renamed","changes":{"repository":{"name":{"from":"Before"}}},)"
                    R"("repository":{"id":7,"full_name":"O/After"}})");
  ASSERT_TRUE(verdict);
  for (const char* scope : {"repos/o/after", "repos/o/before", "repositories/7"})
    EXPECT_TRUE(std::ranges::any_of(verdict->doubts, [&](const Doubt& doubt) {
      return concerns(doubt, scope, "issues");
    })) << scope;
}

TEST(Webhook, RefusesWhatIsLargerThanGitHubSends) {
  EXPECT_EQ(judge_event("push", std::string(kWebhookBytesMax + 1, ' ')).error(),
            make_error_code(Errc::too_large));
}

}  // namespace
}  // namespace ghmesh::github
