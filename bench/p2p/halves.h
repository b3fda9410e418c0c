// SPDX-License-Identifier: Apache-2.0 OR MIT
// A benchmark whose nodes are in two processes on two cores, half of them in each, with lines between the two. The
// child dies with its parent.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/time.h"

namespace ghmesh::bench {

class Halves {
 public:
  Halves();  // forks; the parent is pinned to core 0, the child to core 1

  bool is_child() const { return child_ == 0; }
  void send(const std::string& line) const;
  std::string receive() const;
  void send_values(const std::vector<double>& values) const;
  std::vector<double> receive_values() const;

  // To be called in both. As many addresses in each; the parent's come first.
  std::vector<std::string> all_addresses(const std::vector<std::string>& ours) const;
  // The same moment in both, which read the same clock: so long after the parent's call.
  Instant agree_on(Duration from_now) const;

  [[noreturn]] void end_child() const;
  void wait_for_child() const;

 private:
  pid_t child_;
  int in_, out_;
};

}  // namespace ghmesh::bench
