// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/body_decoder.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::net {
namespace {

constexpr std::size_t kSizeDigitsMax = 15;  // 60 bits: no sum of it overflows

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_text(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

bool is_name_byte(char c) {
  return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f &&
         std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
}

}  // namespace

BodyDecoder::BodyDecoder(const http::RequestHead& head, std::uint64_t body_bytes_max)
    : state_(head.is_chunked ? State::size_digits : State::length),
      body_bytes_max_(body_bytes_max) {
  if (head.is_chunked) return;
  remaining_bytes_ = head.content_length.value_or(0);
  if (remaining_bytes_ == 0) {
    state_ = State::end;
  } else if (remaining_bytes_ > body_bytes_max_) {
    reject(413, RejectReason::body_too_large, "The request's body is too large.");
  }
}

BodyDecoder::Step BodyDecoder::decode(std::string_view input) {
  std::size_t at = 0;
  while (state_ != State::end && state_ != State::rejected) {
    if (at == input.size()) return {Outcome::needs_more, at, {}};
    if (state_ != State::length && state_ != State::data) {
      step(input[at++]);
      continue;
    }
    const auto bytes_count =
        static_cast<std::size_t>(std::min<std::uint64_t>(remaining_bytes_, input.size() - at));
    const std::string_view part = input.substr(at, bytes_count);
    remaining_bytes_ -= bytes_count;
    if (remaining_bytes_ == 0) state_ = state_ == State::length ? State::end : State::data_return;
    return {Outcome::part, at + bytes_count, part};
  }
  return {state_ == State::end ? Outcome::end : Outcome::rejected, at, {}};
}

// Everything but data is walked byte by byte: it is short by the limits above.
void BodyDecoder::step(char c) {
  switch (state_) {
    case State::size_digits: {
      const int digit = hex_digit(c);
      if (digit >= 0) {
        if (++size_digits_count_ > kSizeDigitsMax) return reject_malformed();
        remaining_bytes_ = remaining_bytes_ * 16 + static_cast<std::uint64_t>(digit);
        return;
      }
      if (size_digits_count_ == 0) return reject_malformed();
      if (c == '\r') {
        state_ = State::size_line_feed;
      } else if (c == ';') {  // no blank before it: what to make of one is where parsers differ
        state_ = State::extension;
        line_bytes_ = 1;
      } else {
        reject_malformed();
      }
      return;
    }
    case State::extension:
      if (c == '\r') {
        state_ = State::size_line_feed;
      } else if (!is_text(c) || ++line_bytes_ > kChunkLineBytesMax ||
                 ++overhead_bytes_ > kChunkOverheadBytesMax) {
        reject_malformed();
      }
      return;
    case State::size_line_feed:
      if (c != '\n') return reject_malformed();
      return size_line_ended();
    case State::data_return:
      if (c != '\r') return reject_malformed();
      state_ = State::data_line_feed;
      return;
    case State::data_line_feed:
      if (c != '\n') return reject_malformed();
      state_ = State::size_digits;
      size_digits_count_ = 0;
      return;
    default: return trailer_step(c);
  }
}

void BodyDecoder::size_line_ended() {
  if (remaining_bytes_ == 0) {
    state_ = State::trailer_begin;
    return;
  }
  body_bytes_ += remaining_bytes_;
  if (body_bytes_ > body_bytes_max_) {
    return reject(413, RejectReason::body_too_large, "The request's body is too large.");
  }
  state_ = State::data;
}

void BodyDecoder::trailer_step(char c) {
  if (++trailer_bytes_ > kTrailerBytesMax) {
    return reject(431, RejectReason::head_too_large, "The request's trailers are too large.");
  }
  switch (state_) {
    case State::trailer_begin:
      if (c == '\r') state_ = State::last_line_feed;
      else if (is_name_byte(c)) state_ = State::trailer_name;
      else reject_malformed();
      return;
    case State::trailer_name:
      if (c == ':') state_ = State::trailer_value;
      else if (!is_name_byte(c)) reject_malformed();
      return;
    case State::trailer_value:
      if (c == '\r') state_ = State::trailer_line_feed;
      else if (!is_text(c)) reject_malformed();
      return;
    case State::trailer_line_feed:
      if (c != '\n') return reject_malformed();
      state_ = State::trailer_begin;
      return;
    default:  // last_line_feed
      if (c != '\n') return reject_malformed();
      state_ = State::end;
      return;
  }
}

void BodyDecoder::reject(int status, RejectReason reason, std::string_view message) {
  state_ = State::rejected;
  rejection_ = {status, reason, message};
}

}  // namespace ghmesh::net
