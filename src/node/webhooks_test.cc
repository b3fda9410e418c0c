// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/webhooks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/hash.h"

namespace ghmesh::node {
namespace {

constexpr std::string_view kSecret = "It's a Secret to Everybody";

std::string signature_of(std::string_view body) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "sha256=";
  for (const std::byte byte : crypto::hmac_sha256(as_bytes(kSecret), as_bytes(body))) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

struct WebhooksTest : testing::Test {
  std::vector<github::Doubt> noted;
  Webhooks webhooks{crypto::Secret(kSecret), [this](std::span<const github::Doubt> doubts) {
                      noted.insert(noted.end(), doubts.begin(), doubts.end());
                    }};

  Webhooks::Receipt deliver(std::string_view event, std::string_view body,
                            std::string_view delivery, std::string signature = "") {
    if (signature.empty()) signature = signature_of(body);
    http::RequestHead head;
    for (const http::FieldView& field : {http::FieldView{"X-GitHub-Event", event},
                                         {"X-GitHub-Delivery", delivery},
                                         {"X-Hub-Signature-256", signature},
                                         {"Content-Type", "application/json"}})
      head.fields[head.fields_count++] = field;
    return webhooks.take(head, body);
  }
};

constexpr std::string_view kPush = R"({"repository":{"id":7,"full_name":"o/r"}})";

TEST_F(WebhooksTest, SignedEventsAreNotedOnce) {
  EXPECT_EQ(deliver("push", kPush, "a").status, 202);
  const std::size_t count = noted.size();
  EXPECT_GT(count, 3U);
  EXPECT_EQ(deliver("push", kPush, "a").outcome, "duplicate");
  EXPECT_EQ(noted.size(), count);
  EXPECT_EQ(deliver("push", kPush, "b").status, 202);
  EXPECT_EQ(webhooks.counts().accepted, 2U);
  EXPECT_EQ(webhooks.counts().duplicate, 1U);
}

TEST_F(WebhooksTest, UnsignedOnesNoteNothingAndUseUpNoDelivery) {
  std::string wrong = signature_of(kPush);
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(deliver("push", kPush, "a", wrong).status, 401);
  EXPECT_EQ(deliver("push", kPush, "a", "sha256=").status, 401);
  EXPECT_TRUE(noted.empty());
  EXPECT_EQ(deliver("push", kPush, "a").status, 202);
}

TEST_F(WebhooksTest, ARepairedDeliveryIsTakenAfterABrokenOne) {
  EXPECT_EQ(deliver("push", "[]", "a").status, 400);
  EXPECT_EQ(deliver("push", kPush, "a").status, 202);
  EXPECT_EQ(deliver("push", kPush, std::string(kDeliveryIdBytesMax + 1, 'x')).status, 400);
  EXPECT_EQ(deliver("push", kPush, "").status, 400);
}

TEST_F(WebhooksTest, RemembersABoundedNumberOfDeliveries) {
  for (std::size_t i = 0; i <= kDeliveriesMax; ++i) deliver("ping", "{}", std::to_string(i));
  EXPECT_EQ(deliver("ping", "{}", "0").outcome, "ignored");
  EXPECT_EQ(deliver("ping", "{}", std::to_string(kDeliveriesMax)).outcome, "duplicate");
}

}  // namespace
}  // namespace ghmesh::node
