// SPDX-License-Identifier: Apache-2.0 OR MIT
// How secrets are spelled for people: a prefix, base32 (RFC 4648, lower case, no padding), and a checksum inside.
// Private to the room.
//
//   text = prefix base32(content | first 4 bytes of SHA-256(prefix | content))
//
// The alphabet has no 0, 1, 8 and 9, which are read as letters. Capitals are read, and blanks around the text. Nothing
// of a secret is ever outside a crypto::Secret.
#pragma once

#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::mesh {

inline constexpr std::size_t kChecksumBytes = 4;

constexpr std::size_t base32_chars(std::size_t bytes_count) { return (bytes_count * 8 + 4) / 5; }

// The digits of `bytes` alone; `out` has base32_chars() of them.
void write_base32(ByteView bytes, MutableByteView out);

crypto::Secret write_secret_text(std::string_view prefix, ByteView content);

// The content, of `content_bytes`. What is wrong is told in this order: swarm_secret_unknown (the prefix),
// swarm_secret_character, swarm_secret_cut, swarm_secret_long, swarm_secret_mistyped.
Result<crypto::Secret> parse_secret_text(std::string_view prefix, ByteView text,
                                         std::size_t content_bytes);

// Without blanks and line ends around it.
ByteView trim_text(ByteView text);

}  // namespace ghmesh::mesh
