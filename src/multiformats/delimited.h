// SPDX-License-Identifier: Apache-2.0 OR MIT
// Messages behind their lengths: uvarint(length) | message, again and again, as most libp2p protocols frame them.
//
// This is the one reader of such streams (GHSA-xqvc-92cf-94j4 was a protocol that had its own). A length is compared
// with its limit as soon as it is known, and memory grows with the bytes that arrive, never with what was claimed.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::multiformats {

void append_delimited(Bytes& out, ByteView message);

class DelimitedReader {
 public:
  // Of one message, without its length.
  explicit DelimitedReader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // The next message at the front of `bytes`, which it takes away; nullopt when its end is missing and what there is of
  // it was kept. Call it until then. The view is valid until the next call, or as long as `bytes`. A message may be
  // empty. Errors (final): malformed (the length is not the shortest varint), too_large.
  Result<std::optional<ByteView>> next(ByteView& bytes);

  // No message has begun: the stream may end here.
  bool is_empty() const { return partial_.empty() || is_taken_; }

 private:
  const std::size_t message_bytes_max_;
  Bytes partial_;          // a message that arrived in parts, with its length
  bool is_taken_ = false;  // partial_ was complete and given away
};

}  // namespace ghmesh::multiformats
