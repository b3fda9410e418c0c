// SPDX-License-Identifier: Apache-2.0 OR MIT
// The body of a request, out of bytes: by Content-Length or in chunks (RFC 9112, 6 and 7.1).
//
// A machine without I/O and without a buffer: it walks the input in place. Chunk extensions and trailers are checked,
// bounded and dropped: nobody here has a use for them, and what is passed on cannot be read in two ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"
#include "net/request_parser.h"

namespace ghmesh::net {

// A size and extensions; nobody sends extensions.
inline constexpr std::size_t kChunkLineBytesMax = 256;
inline constexpr std::size_t kTrailerBytesMax = 8 * 1024;           // all trailer fields together
inline constexpr std::uint64_t kChunkOverheadBytesMax = 64 * 1024;  // extensions of the whole body

class BodyDecoder {
 public:
  enum class Outcome { needs_more, part, end, rejected };
  struct Step {
    Outcome outcome = Outcome::end;
    std::size_t consumed_bytes = 0;  // of the input, also with needs_more
    std::string_view part;  // a view into the input; only with Outcome::part, and then not empty
  };

  BodyDecoder(const http::RequestHead& head, std::uint64_t body_bytes_max);

  Step decode(std::string_view input);
  bool is_at_end() const { return state_ == State::end; }
  const Rejection& rejection() const { return rejection_; }

 private:
  enum class State {
    length,
    size_digits,
    extension,
    size_line_feed,
    data,
    data_return,
    data_line_feed,
    trailer_begin,
    trailer_name,
    trailer_value,
    trailer_line_feed,
    last_line_feed,
    end,
    rejected
  };

  void step(char c);
  void size_line_ended();
  void trailer_step(char c);
  void reject(int status, RejectReason reason, std::string_view message);
  void reject_malformed() {
    reject(400, RejectReason::malformed, "The request's chunked body is not valid.");
  }

  State state_;
  std::uint64_t remaining_bytes_ = 0;  // of the body, or of the chunk
  std::uint64_t body_bytes_ = 0;
  std::uint64_t body_bytes_max_;
  std::uint64_t overhead_bytes_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t size_digits_count_ = 0;
  std::size_t trailer_bytes_ = 0;
  Rejection rejection_;
};

}  // namespace ghmesh::net
