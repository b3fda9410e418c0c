// SPDX-License-Identifier: Apache-2.0 OR MIT
// Multibase: bytes as text, with one character that names the alphabet (multiformats/multibase, table of 2019).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::multiformats {

enum class Base : char {
  base16 = 'f',     // lower case
  base32 = 'b',     // RFC 4648 lower case, no padding
  base58btc = 'z',  // Bitcoin's alphabet
  base64url = 'u',  // RFC 4648, no padding
};

// Longest text that is decoded. Base58 takes quadratic time; nothing that we read in it (peer ids, CIDs) is longer.
inline constexpr std::size_t kMultibaseCharsMax = 1024;

std::string write_multibase(Base base, ByteView bytes);
// Base16 and base32 are read in either case, as the specification asks. Errors: unsupported (another prefix), malformed
// (a foreign character, left-over bits), too_large.
Result<Bytes> parse_multibase(std::string_view text);

// Without the prefix, where a format implies the alphabet.
std::string write_base58btc(ByteView bytes);
Result<Bytes> parse_base58btc(std::string_view text);
std::string write_base32(ByteView bytes);
Result<Bytes> parse_base32(std::string_view text);

}  // namespace ghmesh::multiformats
