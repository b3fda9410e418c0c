// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as a webhook's payload, under each of some events: no crash, and never a doubt about nothing.
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "github/webhook.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = ghmesh::as_text(std::as_bytes(std::span(data, size)));
  for (const char* event :
       {"push", "installation", "team", "repository", "ping", "no_such_event"}) {
    const auto verdict = ghmesh::github::judge_event(event, body);
    if (!verdict) continue;
    GHMESH_CHECK(verdict->doubts.empty() == (verdict->kind != ghmesh::github::EventKind::doubts));
    for (const auto& doubt : verdict->doubts) GHMESH_CHECK(!doubt.place.scope.empty());
  }
  return 0;
}
