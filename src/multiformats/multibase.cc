// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/multibase.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::multiformats {
namespace {

constexpr std::string_view kBase58Alphabet =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kBase32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

// Long division in place: `digits` holds a number, most significant digit first, of base `from`.
unsigned divide(std::vector<std::uint8_t>& digits, unsigned from, unsigned divisor) {
  unsigned remainder = 0;
  for (auto& digit : digits) {
    const unsigned value = remainder * from + digit;
    digit = static_cast<std::uint8_t>(value / divisor);
    remainder = value % divisor;
  }
  return remainder;
}

// The digits of the same number in base `to`, least significant first, without leading zeros.
std::vector<std::uint8_t> convert(std::vector<std::uint8_t> digits, unsigned from, unsigned to) {
  std::vector<std::uint8_t> out;
  while (true) {
    digits.erase(digits.begin(),
                 std::ranges::find_if(digits, [](auto digit) { return digit != 0; }));
    if (digits.empty()) return out;
    out.push_back(static_cast<std::uint8_t>(divide(digits, from, to)));
  }
}

Result<Bytes> from_optional(std::optional<Bytes> bytes) {
  if (!bytes) return Errc::malformed;
  return *std::move(bytes);
}

}  // namespace

std::string write_base58btc(ByteView bytes) {
  std::vector<std::uint8_t> digits;
  for (std::byte byte : bytes) digits.push_back(std::to_integer<std::uint8_t>(byte));
  const auto zeros =
      std::ranges::find_if(bytes, [](auto byte) { return byte != std::byte{0}; }) - bytes.begin();
  std::string out(static_cast<std::size_t>(zeros), kBase58Alphabet[0]);
  const auto converted = convert(std::move(digits), 256, 58);
  for (auto digit = converted.rbegin(); digit != converted.rend(); ++digit)
    out += kBase58Alphabet[*digit];
  return out;
}

Result<Bytes> parse_base58btc(std::string_view text) {
  if (text.size() > kMultibaseCharsMax) return Errc::too_large;
  std::vector<std::uint8_t> digits;
  for (char c : text) {
    const auto value = kBase58Alphabet.find(c);
    if (value == std::string_view::npos) return Errc::malformed;
    digits.push_back(static_cast<std::uint8_t>(value));
  }
  Bytes out(std::min(text.find_first_not_of(kBase58Alphabet[0]), text.size()));  // zero bytes
  const auto converted = convert(std::move(digits), 58, 256);
  for (auto digit = converted.rbegin(); digit != converted.rend(); ++digit)
    out.push_back(std::byte{*digit});
  return out;
}

std::string write_base32(ByteView bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int bits_count = 0;
  for (std::byte byte : bytes) {
    bits = (bits << 8) | std::to_integer<std::uint32_t>(byte);
    for (bits_count += 8; bits_count >= 5; bits_count -= 5)
      out += kBase32Alphabet[(bits >> (bits_count - 5)) & 31];
  }
  if (bits_count > 0) out += kBase32Alphabet[(bits << (5 - bits_count)) & 31];
  return out;
}

Result<Bytes> parse_base32(std::string_view text) {
  if (text.size() > kMultibaseCharsMax) return Errc::too_large;
  Bytes out;
  std::uint32_t bits = 0;
  int bits_count = 0;
  for (char c : text) {
    const auto value = kBase32Alphabet.find(ascii_lower(c));
    if (value == std::string_view::npos) return Errc::malformed;
    bits = (bits << 5) | static_cast<std::uint32_t>(value);
    bits_count += 5;
    if (bits_count < 8) continue;
    bits_count -= 8;
    out.push_back(static_cast<std::byte>((bits >> bits_count) & 0xff));
  }
  if (bits_count >= 5 || (bits & ((1u << bits_count) - 1)) != 0) return Errc::malformed;
  return out;
}

std::string write_multibase(Base base, ByteView bytes) {
  std::string out(1, static_cast<char>(base));
  switch (base) {
    case Base::base16: return out + hex(bytes);
    case Base::base32: return out + write_base32(bytes);
    case Base::base58btc: return out + write_base58btc(bytes);
    case Base::base64url: return out + base64url(bytes);
  }
  return out;
}

Result<Bytes> parse_multibase(std::string_view text) {
  if (text.empty()) return Errc::malformed;
  if (text.size() > kMultibaseCharsMax) return Errc::too_large;
  const std::string_view digits = text.substr(1);
  switch (static_cast<Base>(text.front())) {
    case Base::base16: return from_optional(parse_hex(digits));
    case Base::base32: return parse_base32(digits);
    case Base::base58btc: return parse_base58btc(digits);
    case Base::base64url: return from_optional(parse_base64url(digits));
  }
  return Errc::unsupported;
}

}  // namespace ghmesh::multiformats
