// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/secret/secret_text.h"

#include "base/text.h"
#include "crypto/hash.h"

namespace ghmesh::mesh {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

std::optional<std::uint32_t> digit_of(std::byte character) {
  const char c = ascii_lower(std::to_integer<char>(character));
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a');
  if (c >= '2' && c <= '7') return static_cast<std::uint32_t>(c - '2' + 26);
  return std::nullopt;
}

// `digits` are of the alphabet, and as many as `out` needs. False when the last one says more than fits.
bool read_base32(ByteView digits, MutableByteView out) {
  std::uint32_t held = 0;
  int bits = 0;
  std::size_t written = 0;
  for (std::byte digit : digits) {
    held = (held << 5) | *digit_of(digit);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out[written++] = static_cast<std::byte>(held >> bits);
  }
  return (held & ((1u << bits) - 1)) == 0;
}

ByteView checksum_of(const crypto::Digest& digest) {
  return ByteView(digest).first(kChecksumBytes);
}

bool is_blank(std::byte byte) {
  const char c = std::to_integer<char>(byte);
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

void write_base32(ByteView bytes, MutableByteView out) {
  std::uint32_t held = 0;
  int bits = 0;
  std::size_t written = 0;
  const auto put = [&](std::uint32_t digit) {
    out[written++] = static_cast<std::byte>(kAlphabet[digit & 31]);
  };
  for (std::byte byte : bytes) {
    held = (held << 8) | std::to_integer<std::uint32_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) put(held >> (bits - 5));
  }
  if (bits > 0) put(held << (5 - bits));
}

ByteView trim_text(ByteView text) {
  while (!text.empty() && is_blank(text.front())) text = text.subspan(1);
  while (!text.empty() && is_blank(text.back())) text = text.first(text.size() - 1);
  return text;
}

crypto::Secret write_secret_text(std::string_view prefix, ByteView content) {
  const std::size_t framed_bytes = content.size() + kChecksumBytes;
  const crypto::Secret framed = crypto::Secret::filled(framed_bytes, [&](MutableByteView out) {
    std::ranges::copy(content, out.begin());
    const crypto::Digest digest = crypto::sha256({as_bytes(prefix), content});
    std::ranges::copy(checksum_of(digest), out.last(kChecksumBytes).begin());
  });
  const std::size_t text_bytes = prefix.size() + base32_chars(framed_bytes);
  return crypto::Secret::filled(text_bytes, [&](MutableByteView out) {
    std::ranges::copy(as_bytes(prefix), out.begin());
    write_base32(framed.reveal(), out.subspan(prefix.size()));
  });
}

Result<crypto::Secret> parse_secret_text(std::string_view prefix, ByteView text,
                                         std::size_t content_bytes) {
  text = trim_text(text);
  if (!starts_with_ignoring_case(as_text(text), prefix)) return Errc::swarm_secret_unknown;
  const ByteView digits = text.subspan(prefix.size());
  const std::size_t framed_bytes = content_bytes + kChecksumBytes;
  if (!std::ranges::all_of(digits, [](std::byte c) { return digit_of(c).has_value(); }))
    return Errc::swarm_secret_character;
  if (digits.size() < base32_chars(framed_bytes)) return Errc::swarm_secret_cut;
  if (digits.size() > base32_chars(framed_bytes)) return Errc::swarm_secret_long;

  bool is_exact = false;
  const crypto::Secret framed = crypto::Secret::filled(
      framed_bytes, [&](MutableByteView out) { is_exact = read_base32(digits, out); });
  const ByteView content = framed.reveal().first(content_bytes);
  const crypto::Digest digest = crypto::sha256({as_bytes(prefix), content});
  const bool is_right =
      crypto::equal_in_constant_time(checksum_of(digest), framed.reveal().subspan(content_bytes));
  if (!is_exact || !is_right) return Errc::swarm_secret_mistyped;
  return crypto::Secret(content);
}

}  // namespace ghmesh::mesh
