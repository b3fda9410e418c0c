// SPDX-License-Identifier: Apache-2.0 OR MIT
// Unsigned varints of multiformats: LEB128, at most 9 bytes (63 bits), minimal (multiformats/unsigned-varint, README).
//
// Every length on a libp2p wire is one of these. A length says what a peer claims: compare it with a limit before
// anything is allocated or waited for.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::multiformats {

inline constexpr std::size_t kVarintBytesMax = 9;
inline constexpr std::uint64_t kVarintMax = (std::uint64_t{1} << 63) - 1;

void append_varint(Bytes& out, std::uint64_t value);  // value <= kVarintMax
std::size_t varint_bytes(std::uint64_t value);        // how many bytes append_varint() writes

// What stands at the front of `bytes`. nullopt: all of it so far is fine, but the end is missing.
// Errors: malformed (longer than 9 bytes, or not the shortest spelling).
struct Varint {
  std::uint64_t value;
  std::size_t bytes_count;  // how many bytes it takes
};
Result<std::optional<Varint>> parse_varint(ByteView bytes);

// For complete inputs: takes a varint from the reader. Errors: malformed, truncated.
Result<std::uint64_t> take_varint(Reader& reader);

}  // namespace ghmesh::multiformats
