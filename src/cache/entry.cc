// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/entry.h"

#include <algorithm>

#include "base/text.h"
#include "http/date.h"

namespace ghmesh::cache {

std::string write_head_text(const Entry& entry, const http::Headers& headers,
                            std::size_t body_bytes) {
  std::string head = "HTTP/1.1 " + std::to_string(entry.status) + ' ';
  head += http::reason_phrase(entry.status);
  head += "\r\nDate: " + http::write_date(entry.upstream_date) + "\r\n";
  if (!entry.etag.empty()) head += "ETag: \"" + entry.etag + "\"\r\n";
  for (const http::Header& header : headers) {
    // Ours to say: what we keep is decoded, so the upstream's length would be wrong.
    if (equal_ignoring_case(header.name, "content-length") ||
        equal_ignoring_case(header.name, "etag") || equal_ignoring_case(header.name, "date"))
      continue;
    head += header.name + ": " + header.value + "\r\n";
  }
  head += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
  return head;
}

EntryRef finish_entry(Entry entry) {
  if (!entry.body) entry.body = http::make_body({});
  entry.body_digest = crypto::sha256(as_bytes(*entry.body));
  entry.head_text = write_head_text(entry, entry.headers, entry.body->size());
  return std::make_shared<const Entry>(std::move(entry));
}

Seconds age(const Entry& entry, WallTime now) {
  return std::max(Seconds(0), now - entry.proven_at);
}

Seconds time_left(const Entry& entry, WallTime now) {
  const Seconds since_proof = now - entry.proven_at;
  if (since_proof < Seconds(0)) return Seconds(0);
  return entry.ttl - since_proof;
}

}  // namespace ghmesh::cache
