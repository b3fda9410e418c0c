// SPDX-License-Identifier: Apache-2.0 OR MIT
// The head of an upstream's answer, out of the lines that curl hands over: status, fields, and how the body is framed.
//
// curl is lenient with what real servers send; here a head that can be read in two ways is refused, because what
// follows it is kept and shown to others: conflicting Content-Length, Content-Length beside Transfer-Encoding, folded
// lines, blanks before a colon, control characters. A machine without I/O. Interim heads (1xx) are counted and dropped,
// trailers dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/headers.h"

namespace ghmesh::net {

inline constexpr int kInterimHeadsMax = 16;                    // a storm of 1xx; GitHub sends none
inline constexpr std::size_t kTrailerLineBytesMax = 8 * 1024;  // all trailers together

class AnswerHead {
 public:
  // How the end of the body is known. until_close: not at all, so a short body looks like a whole one.
  enum class Framing { content_length, chunked, stream, until_close };

  // One line with its CRLF; the empty line ends a head. Error: upstream_broken, after which this object is finished.
  [[nodiscard]] Result<void> receive_line(std::string_view line);

  bool is_complete() const { return is_complete_; }
  // A status line of HTTP/1.x has come; false while nothing has.
  bool is_http1() const { return has_status_ && !is_http2_; }
  // The rest is valid once complete.
  int status() const { return status_; }
  const http::Headers& headers() const { return headers_; }
  http::Headers take_headers() { return std::move(headers_); }
  Framing framing() const { return framing_; }
  std::optional<std::uint64_t> content_length() const { return content_length_; }

 private:
  bool receive_status_line(std::string_view text);
  bool receive_field(std::string_view text);
  bool finish();

  http::Headers headers_;
  int status_ = 0;
  int interim_count_ = 0;
  std::size_t head_bytes_ = 0;  // of all heads, interim ones included
  std::size_t trailer_bytes_ = 0;
  bool has_status_ = false;
  bool is_complete_ = false;
  bool is_http2_ = false;
  bool is_chunked_ = false;
  Framing framing_ = Framing::until_close;
  std::optional<std::uint64_t> content_length_;
};

// RFC 9110, 5.6.2 and 5.5: what may stand in a field, so that nothing is smuggled into a neighbouring line.
bool is_token(std::string_view text);
bool is_field_value(std::string_view text);

// Fields that concern one connection only (RFC 9110, 7.6.1) and never travel on.
bool is_connection_field(std::string_view name);

}  // namespace ghmesh::net
