// SPDX-License-Identifier: Apache-2.0 OR MIT
// Packing: zstd with a dictionary of our own, for the bodies and headers that go to disk and to other nodes.
//
// GitHub's answers repeat the same field names and URL shapes; with a dictionary that has seen them, 2 KB shrink to a
// seventh, where plain zstd reaches a third. The dictionary is part of the formats: what was packed with one can be
// unpacked with no other, so a new one means a new form byte. How it was trained: docs/wire/store.md.
//
// Thread-safe. What pack() made, unpack() gives back; anything else is refused before more than `plain_bytes_max` are
// held.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::packing {

// form | length of the plain bytes | the bytes, packed or, when that would not be smaller, as they are.
// quick: for what is written often and read seldom; 4 us instead of 36 for 2 KB, and a quarter larger.
enum class Effort { thorough, quick };
Bytes pack(ByteView plain, Effort effort = Effort::thorough);
// The same for what is packed once and sent often: 9 bytes and 5 % less, at a tenth of a millisecond and more. Texts of
// more than kTightBytesMax are packed as pack() does.
inline constexpr std::size_t kTightBytesMax = 64 * 1024;
Bytes pack_tightly(ByteView plain);
// What either of them made.
// Errors: malformed, too_large.
Result<Bytes> unpack(ByteView packed, std::size_t plain_bytes_max);

}  // namespace ghmesh::packing
