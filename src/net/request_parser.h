// SPDX-License-Identifier: Apache-2.0 OR MIT
// The head of a request, out of bytes, as RFC 9112 means it and stricter where attackers are creative: CRLF and nothing
// else ends a line, no folding, no blank before a colon, one framing, one Host. What two parsers could read differently
// is refused.
//
// A machine without I/O: it keeps no bytes, the caller gives the same ones again with more at the end. The views of the
// RequestHead point into that input. Why not Beast's parser: docs/decisions/, "a request parser of our own".
#pragma once

#include <cstddef>
#include <string_view>

#include "http/message.h"

namespace ghmesh::net {

// The longest registered one (UPDATEREDIRECTREF) has 17.
inline constexpr std::size_t kMethodBytesMax = 32;

// Why a request is refused, as HttpServerStats counts it.
enum class RejectReason { malformed, head_too_large, body_too_large, timeout, unsupported };

struct Rejection {
  int status = 400;
  RejectReason reason = RejectReason::malformed;
  std::string_view message;  // static text: it never repeats what the client sent
};

class RequestParser {
 public:
  enum class Outcome { needs_more, complete, rejected };

  // `input` begins with the head and may go on behind it. After needs_more, call again with the same bytes and more.
  // After complete or rejected, reset() before the next head.
  Outcome parse(std::string_view input, http::RequestHead& head);
  void reset() { *this = RequestParser(); }

  std::size_t head_bytes() const {
    return head_bytes_;
  }  // after complete, with an empty line before it
  bool expects_continue() const { return expects_continue_; }  // after complete
  const Rejection& rejection() const { return rejection_; }    // after rejected

 private:
  struct Scan;

  // Whether parsing again is worth it: the head's end is there, or nothing can come of it any more.
  bool is_worth_parsing(std::string_view input);
  Outcome reject(Rejection rejection);

  // No end of a head begins before these; keeps slow senders from costing a square.
  std::size_t searched_bytes_ = 0;
  std::size_t head_bytes_ = 0;
  bool expects_continue_ = false;
  Rejection rejection_;
};

}  // namespace ghmesh::net
