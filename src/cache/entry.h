// SPDX-License-Identifier: Apache-2.0 OR MIT
// Entry: what we keep of one answer. Immutable once made, so that any number of threads may serve it.
//
// The life of an entry          who moves it           may be served?
//   absent  -> fetched          proxy                  yes, while fresh
//   fetched -> stale            time                   after asking (304), or as a marked exception
//   stale   -> fetched          a 304                  yes: same body, new times
//   any     -> absent           eviction, purge        -
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "cache/rendition.h"
#include "crypto/hash.h"
#include "http/message.h"

namespace ghmesh::cache {

struct Entry {
  int status = 0;
  // The kept ones only (an allow-list): never rate limits, cookies, scopes or dates.
  http::Headers headers;
  http::Body body;   // identity-encoded, never null
  std::string etag;  // opaque part of what the upstream gave this principal; empty: none
  // The upstream's ETag was the one we would have computed (github/etag.h).
  bool is_etag_computed = false;
  bool is_public = false;    // proven public: may be served to anyone, if the operator allows it
  WallTime upstream_date{};  // the Date of the answer that brought or last proved this body
  WallTime fetched_at{};     // when the body came
  WallTime proven_at{};      // when a 200 or 304 last proved it, on this node's clock
  Seconds ttl{0};            // fresh until proven_at + ttl

  // Filled by finish_entry(): what serving needs, computed once.
  crypto::Digest body_digest{};
  // Status line and kept headers with the body's length, ready to send; no final blank line.
  std::string head_text;
  // Not counted by memory_bytes_max: at most one, and only for entries asked for by TCP.
  RenditionSlot rendition;
};
using EntryRef = std::shared_ptr<const Entry>;

EntryRef finish_entry(Entry entry);

// The status line and fields of this entry with other headers or another body: Date is when the upstream last vouched
// for it, ETag is the entry's. No final blank line.
std::string write_head_text(const Entry& entry, const http::Headers& headers,
                            std::size_t body_bytes);

// Age of what is served, by our clock since the last proof (RFC 9111, 5.1). Never negative: clocks step backwards.
Seconds age(const Entry& entry, WallTime now);
// Positive while fresh. An entry from the future (a clock that stepped back) counts as stale, never as immortal.
Seconds time_left(const Entry& entry, WallTime now);

}  // namespace ghmesh::cache
