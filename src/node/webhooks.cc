// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/webhooks.h"

#include "base/text.h"
#include "github/webhook.h"

namespace ghmesh::node {

Webhooks::Webhooks(crypto::Secret secret, Note note)
    : secret_(std::move(secret)), note_(std::move(note)) {}

Webhooks::Receipt Webhooks::take(const http::RequestHead& head, std::string_view body) {
  if (!github::is_signed(secret_, body, head.get("x-hub-signature-256"))) {
    ++counters_.unsigned_;
    return {.status = 401, .outcome = "the signature is missing or wrong"};
  }
  const std::string_view delivery = head.get("x-github-delivery");
  const std::string_view event = head.get("x-github-event");
  if (delivery.empty() || delivery.size() > kDeliveryIdBytesMax || event.empty()) {
    ++counters_.malformed;
    return {.status = 400, .outcome = "X-GitHub-Delivery and X-GitHub-Event are missing"};
  }
  if (!starts_with_ignoring_case(head.get("content-type"), "application/json")) {
    ++counters_.malformed;
    return {.status = 415, .outcome = "set the webhook's content type to application/json"};
  }
  auto verdict = github::judge_event(event, body);
  if (!verdict) {
    ++counters_.malformed;
    return {.status = 400, .outcome = "the payload is not that of such an event"};
  }
  if (!is_new(std::string(delivery))) {
    ++counters_.duplicate;
    return {.status = 200, .outcome = "duplicate"};
  }
  switch (verdict->kind) {
    case github::EventKind::unknown: ++counters_.unknown; return {200, "unknown", 0};
    case github::EventKind::ignored: ++counters_.ignored; return {200, "ignored", 0};
    case github::EventKind::doubts: break;
  }
  note_(verdict->doubts);
  ++counters_.accepted;
  return {.status = 202, .outcome = "accepted", .doubts_count = verdict->doubts.size()};
}

bool Webhooks::is_new(const std::string& delivery) {
  const std::lock_guard lock(mutex_);
  if (!deliveries_.insert(delivery).second) return false;
  in_order_.push_back(delivery);
  if (in_order_.size() > kDeliveriesMax) {
    deliveries_.erase(in_order_.front());
    in_order_.pop_front();
  }
  return true;
}

WebhookCounts Webhooks::counts() const {
  return {.accepted = counters_.accepted,
          .duplicate = counters_.duplicate,
          .ignored = counters_.ignored,
          .unknown = counters_.unknown,
          .unsigned_ = counters_.unsigned_,
          .malformed = counters_.malformed};
}

}  // namespace ghmesh::node
