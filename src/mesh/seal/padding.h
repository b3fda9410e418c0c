// SPDX-License-Identifier: Apache-2.0 OR MIT
// How long things look: a plaintext is filled up to one of at most 64 sizes, so that its own size tells little.
//
//   72, 96, 120 ... 504, and from there on each size at most 12 % above the one before, up to kPaddedBytesMax
//
// Padmé (Nikitin et al. 2019) has the same bound on what is wasted and three times as many sizes in this range.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace ghmesh::mesh {

inline constexpr std::size_t kPaddedStepBytes = 24;
inline constexpr std::size_t kPaddedBytesMin = 72;
inline constexpr std::size_t kSizeClassesMax = 64;

// The smallest class that holds this many bytes; kSizeClassesMax when none does.
std::size_t size_class_of(std::size_t bytes_count);
std::size_t size_classes_count();
std::size_t bytes_of_class(std::size_t size_class);
// Exactly of this size; kSizeClassesMax when it is no class's.
std::size_t size_class_at(std::size_t padded_bytes);

// plaintext | 80 | 00 ... to the size of its class.
Bytes pad(ByteView plaintext, std::size_t size_class);
// How long the plaintext is; nullopt when this is not what pad() makes.
std::optional<std::size_t> padded_content_bytes(ByteView padded);

}  // namespace ghmesh::mesh
