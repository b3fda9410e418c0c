// SPDX-License-Identifier: Apache-2.0 OR MIT
// Gunzip: a gzip stream (RFC 1952) back into what it was made of, in bounded steps.
//
// Our own and not curl's, for two reasons: curl takes a gzip stream that ends too early for a whole one as long as the
// HTTP framing is right, and it would inflate on its one thread what we inflate on the caller's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ghmesh::net {

class Gunzip {
 public:
  Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip();

  // Takes bytes from the front of `input` and appends to `output` until the input is used up or `output` holds
  // output_bytes_max bytes. Call again while input is left or needs_room(). Error: malformed; this object is then
  // finished.
  [[nodiscard]] Result<void> decode(std::string_view& input, std::string& output,
                                    std::size_t output_bytes_max);

  // Nothing is missing: no byte came, or the last member is complete with its checksum.
  bool is_whole() const;
  // The last output was full and more may follow without more input.
  bool needs_room() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// All at once. Errors: malformed, truncated; too_large when the result has more than output_bytes_max bytes.
Result<std::string> gunzip(std::string_view input, std::size_t output_bytes_max);

}  // namespace ghmesh::net
