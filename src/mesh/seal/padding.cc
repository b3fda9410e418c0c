// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/seal/padding.h"

#include "base/check.h"
#include "mesh/seal/seal.h"

namespace ghmesh::mesh {
namespace {

constexpr std::size_t kStepsEndBytes = 504;
constexpr std::byte kMarker{0x80};

struct SizeClasses {
  std::array<std::size_t, kSizeClassesMax> bytes{};
  std::size_t count = 0;
};

constexpr SizeClasses make_size_classes() {
  SizeClasses classes;
  const auto add = [&](std::size_t bytes) { classes.bytes[classes.count++] = bytes; };
  std::size_t bytes = kPaddedBytesMin;
  for (; bytes < kStepsEndBytes; bytes += kPaddedStepBytes) add(bytes);
  for (; bytes < kPaddedBytesMax; bytes = bytes * 112 / 100) add(bytes);
  add(kPaddedBytesMax);
  return classes;
}

constexpr SizeClasses kClasses = make_size_classes();

const std::size_t* first() { return kClasses.bytes.data(); }
const std::size_t* last() { return kClasses.bytes.data() + kClasses.count; }

}  // namespace

std::size_t size_classes_count() { return kClasses.count; }

std::size_t bytes_of_class(std::size_t size_class) {
  GHMESH_CHECK(size_class < kClasses.count);
  return kClasses.bytes[size_class];
}

std::size_t size_class_of(std::size_t bytes_count) {
  const auto* found = std::lower_bound(first(), last(), bytes_count);
  return found == last() ? kSizeClassesMax : static_cast<std::size_t>(found - first());
}

std::size_t size_class_at(std::size_t padded_bytes) {
  const std::size_t size_class = size_class_of(padded_bytes);
  if (size_class == kSizeClassesMax || kClasses.bytes[size_class] != padded_bytes)
    return kSizeClassesMax;
  return size_class;
}

Bytes pad(ByteView plaintext, std::size_t size_class) {
  Bytes padded(bytes_of_class(size_class));
  GHMESH_CHECK(plaintext.size() < padded.size());
  std::ranges::copy(plaintext, padded.begin());
  padded[plaintext.size()] = kMarker;
  return padded;
}

std::optional<std::size_t> padded_content_bytes(ByteView padded) {
  std::size_t end = padded.size();
  while (end > 0 && padded[end - 1] == std::byte{0}) --end;
  if (end == 0 || padded[end - 1] != kMarker) return std::nullopt;
  // The one spelling: a shorter class would not have held it.
  if (size_class_of(end) != size_class_at(padded.size())) return std::nullopt;
  return end - 1;
}

}  // namespace ghmesh::mesh
