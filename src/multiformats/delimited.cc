// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/delimited.h"

#include <algorithm>

#include "multiformats/varint.h"

namespace ghmesh::multiformats {
namespace {

// A buffer that grew beyond this is given back with its message: most messages are small, and many streams are idle.
constexpr std::size_t kKeptBytes = 4096;

struct Extent {
  std::size_t prefix_bytes;
  std::size_t whole_bytes;  // with the prefix
};

Result<std::optional<Extent>> find_extent(ByteView bytes, std::size_t message_bytes_max) {
  auto length = parse_varint(bytes);
  if (!length) return length.error();
  if (!*length) return std::optional<Extent>();
  const auto [message_bytes, prefix_bytes] = **length;
  if (message_bytes > message_bytes_max) return Errc::too_large;
  return std::optional<Extent>(
      {.prefix_bytes = prefix_bytes,
       .whole_bytes = prefix_bytes + static_cast<std::size_t>(message_bytes)});
}

}  // namespace

void append_delimited(Bytes& out, ByteView message) {
  append_varint(out, message.size());
  append(out, message);
}

Result<std::optional<ByteView>> DelimitedReader::next(ByteView& bytes) {
  if (is_taken_) {
    if (partial_.capacity() > kKeptBytes) partial_ = Bytes();
    partial_.clear();
    is_taken_ = false;
  }
  if (partial_.empty()) {  // most messages arrive in one piece, and are not copied
    auto extent = find_extent(bytes, message_bytes_max_);
    if (!extent) return extent.error();
    if (*extent && (*extent)->whole_bytes <= bytes.size()) {
      const ByteView whole = bytes.first((*extent)->whole_bytes);
      bytes = bytes.subspan(whole.size());
      return std::optional<ByteView>(whole.subspan((*extent)->prefix_bytes));
    }
  }
  for (;;) {
    auto extent = find_extent(partial_, message_bytes_max_);
    if (!extent) return extent.error();
    // A length that is not complete is taken byte by byte: what follows it may be the next message's.
    const std::size_t missing = *extent ? (*extent)->whole_bytes - partial_.size() : 1;
    const ByteView more = bytes.first(std::min(missing, bytes.size()));
    append(partial_, more);
    bytes = bytes.subspan(more.size());
    if (more.size() < missing) return std::optional<ByteView>();
    if (!*extent) continue;
    is_taken_ = true;
    return std::optional<ByteView>(ByteView(partial_).subspan((*extent)->prefix_bytes));
  }
}

}  // namespace ghmesh::multiformats
