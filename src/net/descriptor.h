// SPDX-License-Identifier: Apache-2.0 OR MIT
// A file descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <utility>

namespace ghmesh::net {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }
  void reset() { Descriptor closing(release()); }

 private:
  int descriptor_ = -1;
};

}  // namespace ghmesh::net
