// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/secret.h"

#include <sodium.h>

#include <utility>

#include "crypto/secret_memory.h"

namespace ghmesh::crypto {

Secret::Secret(std::size_t bytes_count) : size_(bytes_count) {
  if (bytes_count > 0) data_ = take_secret_memory(bytes_count);
}

Secret::Secret(ByteView bytes) : Secret(bytes.size()) { std::ranges::copy(bytes, data_); }

Secret::Secret(const Secret& other) : Secret(other.reveal()) {}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (data_ != nullptr) give_secret_memory_back(data_, size_);
}

bool operator==(const Secret& a, const Secret& b) {
  return equal_in_constant_time(a.reveal(), b.reveal());
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(MutableByteView bytes) { sodium_memzero(bytes.data(), bytes.size()); }

}  // namespace ghmesh::crypto
