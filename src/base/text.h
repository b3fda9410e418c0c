// SPDX-License-Identifier: Apache-2.0 OR MIT
// Text as protocols see it: ASCII only, no locale, no exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace ghmesh {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

// Without leading and trailing spaces and tabs (RFC 9110, 5.6.3: OWS).
std::string_view trim(std::string_view text);

// Everything before the separator, which is removed together with it; all of the text when there is none.
std::string_view take_until(std::string_view& text, char separator);

// Decimal digits only: no sign, no space, no overflow.
std::optional<std::uint64_t> parse_decimal(std::string_view digits);

std::string hex(ByteView bytes);
std::optional<Bytes> parse_hex(std::string_view text);

// RFC 4648, section 4 (with padding) and section 5 (URL alphabet, without).
std::string base64(ByteView bytes);
std::string base64url(ByteView bytes);
std::optional<Bytes> parse_base64(std::string_view text);
std::optional<Bytes> parse_base64url(std::string_view text);

// How far two words are apart, for "did you mean" (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace ghmesh
