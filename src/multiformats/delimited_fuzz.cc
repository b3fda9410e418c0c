// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any stream, in one piece, in pieces of its own choice and byte by byte: the same messages come out, and what comes
// out is written again to the same bytes.
#include <cstdint>

#include "base/check.h"
#include "multiformats/delimited.h"

using namespace ghmesh;
using namespace ghmesh::multiformats;

namespace {

constexpr std::size_t kMessageBytesMax = 300;

struct End {
  bool failed = false, is_empty = false;
  Bytes written;
  bool operator==(const End&) const = default;
};

End run(ByteView input, std::size_t piece) {
  DelimitedReader reader(kMessageBytesMax);
  End end;
  for (std::size_t begin = 0; begin < input.size(); begin += piece) {
    ByteView bytes = input.subspan(begin, std::min(piece, input.size() - begin));
    for (;;) {
      auto message = reader.next(bytes);
      if (!message) {
        end.failed = true;
        return end;
      }
      if (!*message) break;
      GHMESH_CHECK((*message)->size() <= kMessageBytesMax);
      append_delimited(end.written, **message);
    }
    GHMESH_CHECK(bytes.empty());
  }
  end.is_empty = reader.is_empty();
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  const End whole = run(input, size + 1);
  GHMESH_CHECK(run(input, 1) == whole);
  if (size > 0) GHMESH_CHECK(run(input, 1 + data[0] % 7) == whole);
  GHMESH_CHECK(whole.written.size() <= size);
  GHMESH_CHECK(equal(whole.written, input.first(whole.written.size())));
  if (!whole.failed) GHMESH_CHECK(whole.is_empty == (whole.written.size() == size));
  return 0;
}
