// SPDX-License-Identifier: Apache-2.0 OR MIT
// Anything from the peer, in one piece and byte by byte: both ways end alike, and no input makes a side hold much.
#include <cstdint>

#include "base/check.h"
#include "libp2p/multistream/negotiation.h"

using namespace ghmesh;
using namespace ghmesh::multistream;

namespace {

struct End {
  bool failed = false, done = false;
  std::size_t taken = 0;
  bool operator==(const End&) const = default;
};

End run(Negotiation side, ByteView input, std::size_t piece) {
  End end;
  while (!side.is_done() && end.taken < input.size()) {
    auto taken = side.receive(input.subspan(end.taken, std::min(piece, input.size() - end.taken)));
    if (!taken) return {.failed = true};
    end.taken += *taken;
    GHMESH_CHECK(side.pending_output().size() <= 64 * kProposalsMax);
  }
  end.done = side.is_done();
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  GHMESH_CHECK(run(Negotiation::listen({"/noise", "/b"}), input, SIZE_MAX) ==
               run(Negotiation::listen({"/noise", "/b"}), input, 1));
  GHMESH_CHECK(run(Negotiation::dial({"/a", "/noise"}), input, SIZE_MAX) ==
               run(Negotiation::dial({"/a", "/noise"}), input, 1));
  return 0;
}
