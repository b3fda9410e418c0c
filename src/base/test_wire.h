// SPDX-License-Identifier: Apache-2.0 OR MIT
// For tests only: a wire between two machines, and the hex examples of docs/wire/.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text.h"

namespace ghmesh::test {

// Carries at most `bytes_max` bytes from one machine to the other and tells how many. None while the other wants no
// input. `now`: for machines that take it. An error is the receiver's.
template <class Machine, class... Now>
Result<std::size_t> carry(Machine& from, Machine& to, std::size_t bytes_max, Now... now) {
  if (!to.wants_input()) return std::size_t{0};
  const ByteView output = from.pending_output();
  // A copy of just this piece: the sanitizer finds who keeps a view of it, or reads beyond it.
  const Bytes piece = copy_bytes(output.first(std::min(output.size(), bytes_max)));
  if (piece.empty()) return std::size_t{0};
  auto received = to.receive(piece, now...);
  from.output_sent(piece.size(), now...);
  if (!received) return received.error();
  return piece.size();
}

// Both ways, until nothing moves any more or one side fails.
template <class Machine, class... Now>
Result<void> settle(Machine& a, Machine& b, std::size_t bytes_max, Now... now) {
  for (;;) {
    auto there = carry(a, b, bytes_max, now...);
    if (!there) return there.error();
    auto back = carry(b, a, bytes_max, now...);
    if (!back) return back.error();
    if (*there + *back == 0) return {};
  }
}

// Of a document or a table of vectors. Tests run at the root of the repository.
inline std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The hex digits of every line that begins with `arrow` ("-> " or "<- "), joined. What follows them is a remark.
inline std::string example_bytes(std::string_view document, std::string_view arrow) {
  std::string digits;
  while (!document.empty()) {
    std::string_view line = take_until(document, '\n');
    if (!line.starts_with(arrow)) continue;
    line.remove_prefix(arrow.size());
    digits += take_until(line, ' ');
  }
  return digits;
}

}  // namespace ghmesh::test
