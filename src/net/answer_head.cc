// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/answer_head.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ghmesh::net {
namespace {

constexpr std::array<std::string_view, 9> kConnectionFields = {"connection",
                                                               "keep-alive",
                                                               "proxy-connection",
                                                               "proxy-authenticate",
                                                               "proxy-authorization",
                                                               "te",
                                                               "trailer",
                                                               "transfer-encoding",
                                                               "upgrade"};

bool is_token_character(char c) {
  const bool is_alphanumeric =
      (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_connection_field(std::string_view name) {
  return std::any_of(kConnectionFields.begin(), kConnectionFields.end(),
                     [name](std::string_view field) { return equal_ignoring_case(name, field); });
}

Result<void> AnswerHead::receive_line(std::string_view line) {
  if (is_complete_) {
    // Nobody reads trailers, but they are bounded like everything else.
    trailer_bytes_ += line.size();
    if (trailer_bytes_ > kTrailerLineBytesMax) return Errc::upstream_broken;
    return {};
  }
  head_bytes_ += line.size();
  if (head_bytes_ > kHeadBytesMax) return Errc::upstream_broken;
  if (line.size() < 2 || !line.ends_with("\r\n")) return Errc::upstream_broken;
  line.remove_suffix(2);

  bool is_valid = false;
  if (!has_status_) is_valid = receive_status_line(line);
  else if (line.empty()) is_valid = finish();
  else is_valid = receive_field(line);
  if (!is_valid) return Errc::upstream_broken;
  return {};
}

// "HTTP/1.1 200 OK"; curl writes "HTTP/2 200 " for HTTP/2. The reason phrase means nothing.
bool AnswerHead::receive_status_line(std::string_view text) {
  const std::string_view version = take_until(text, ' ');
  is_http2_ = version == "HTTP/2";
  if (!is_http2_ && version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  const std::string_view digits = take_until(text, ' ');
  const auto status = parse_decimal(digits);
  if (digits.size() != 3 || !status || *status < 100 || *status > 599 || !is_field_value(text))
    return false;
  if (*status == 101) return false;  // we never ask to switch protocols
  status_ = static_cast<int>(*status);
  has_status_ = true;
  return true;
}

bool AnswerHead::receive_field(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || headers_.size() >= kFieldsCountMax) return false;
  const std::string_view name = text.substr(0, colon);
  const std::string_view value = trim(text.substr(colon + 1));
  // A folded line begins with a blank and a badly spaced one has it before the colon: neither is a token.
  if (!is_token(name) || !is_field_value(value)) return false;
  if (equal_ignoring_case(name, "content-length")) {
    const auto length = parse_decimal(value);
    if (!length || (content_length_ && *content_length_ != *length)) return false;
    content_length_ = length;
  } else if (equal_ignoring_case(name, "transfer-encoding")) {
    if (is_chunked_ || is_http2_ || !equal_ignoring_case(value, "chunked")) return false;
    is_chunked_ = true;
  }
  headers_.add(name, value);
  return true;
}

bool AnswerHead::finish() {
  if (status_ < 200) {
    const int interim_count = interim_count_ + 1;
    const std::size_t head_bytes = head_bytes_;
    *this = AnswerHead();
    interim_count_ = interim_count;
    head_bytes_ = head_bytes;
    return interim_count <= kInterimHeadsMax;
  }
  if (is_chunked_ && content_length_)
    return false;  // RFC 9112, 6.3: ought to be handled as an error
  if (is_http2_) framing_ = Framing::stream;
  else if (is_chunked_) framing_ = Framing::chunked;
  else if (content_length_) framing_ = Framing::content_length;
  is_complete_ = true;
  return true;
}

}  // namespace ghmesh::net
