// SPDX-License-Identifier: Apache-2.0 OR MIT
// A file descriptor that closes itself, and is no child's (fork_guard.h).
#pragma once

#include <unistd.h>

#include <utility>

#include "base/fork_guard.h"

namespace ghmesh::net {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) { mark_ours(descriptor_); }
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() {
    if (descriptor_ < 0) return;
    unmark_ours(descriptor_);
    ::close(descriptor_);
  }

  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int release() {
    unmark_ours(descriptor_);
    return std::exchange(descriptor_, -1);
  }
  void reset() { const Descriptor closing(std::move(*this)); }

 private:
  int descriptor_ = -1;
};

}  // namespace ghmesh::net
