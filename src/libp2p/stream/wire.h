// SPDX-License-Identifier: Apache-2.0 OR MIT
// One stream with a machine at either end and no network between: for tests, fuzz targets and benchmarks. It shows what
// a host does, in the fewest lines.
#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "libp2p/stream/machine.h"

namespace ghmesh::stream {

template <StreamMachine A, StreamMachine B>
class Wire {
 public:
  Wire(A& a, B& b) : a_(a), b_(b) {}

  // Carries everything there is, both ways, in pieces of at most `piece_bytes`, until neither end has more to say.
  // The first error of either end is final.
  Result<void> settle(std::size_t piece_bytes, Instant now) {
    for (;;) {
      auto forth = carry(a_, b_, a_has_finished_, piece_bytes, now);
      if (!forth) return forth.error();
      auto back = carry(b_, a_, b_has_finished_, piece_bytes, now);
      if (!back) return back.error();
      if (!*forth && !*back) return {};
    }
  }

  bool has_finished_both_ways() const { return a_has_finished_ && b_has_finished_; }
  std::size_t bytes_carried() const { return bytes_carried_; }

 private:
  // Whether anything moved.
  template <class From, class To>
  Result<bool> carry(From& from, To& to, bool& has_finished, std::size_t piece_bytes, Instant now) {
    const ByteView output = from.pending_output();
    if (output.empty()) {
      if (has_finished || !from.wants_finish()) return false;
      has_finished = true;
      auto finished = to.peer_finished(now);
      if (!finished) return finished.error();
      return true;
    }
    const Bytes piece = copy_bytes(output.first(std::min(output.size(), piece_bytes)));
    auto taken = to.receive(piece, now);
    if (!taken) return taken.error();
    from.output_sent(*taken, now);
    bytes_carried_ += *taken;
    return *taken > 0;
  }

  A& a_;
  B& b_;
  bool a_has_finished_ = false;
  bool b_has_finished_ = false;
  std::size_t bytes_carried_ = 0;
};

}  // namespace ghmesh::stream
