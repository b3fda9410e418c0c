// SPDX-License-Identifier: Apache-2.0 OR MIT
// Webhooks: GitHub says that something has happened. A hint and nothing more: it tells what to ask for again, and not
// one byte of it is ever an answer. Events can be lost, repeated and come in any order, so lifetimes stay as they are.
//
// GitHub's documentation, "Validating webhook deliveries" and "Webhook events and payloads".
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/secret.h"
#include "github/invalidation.h"

namespace ghmesh::github {

// GitHub caps payloads at 25 MB ("Webhook events and payloads", Payload cap).
inline constexpr std::size_t kWebhookBytesMax = 25 << 20;

// X-Hub-Signature-256 is "sha256=" and the HMAC of the body, in hexadecimal digits. Compared in constant time.
bool is_signed(const crypto::Secret& secret, std::string_view body, std::string_view signature);

enum class EventKind {
  unknown,  // not in our table: nothing is concluded
  ignored,  // says nothing about anything that is kept, or is about what the API does not show
  doubts,
};
struct EventVerdict {
  EventKind kind = EventKind::unknown;
  std::vector<Doubt> doubts;
};
// `event` is X-GitHub-Event. Errors: malformed (not an object, or without the repository, organization or account that
// its event always has), too_large.
Result<EventVerdict> judge_event(std::string_view event, std::string_view body);

}  // namespace ghmesh::github
