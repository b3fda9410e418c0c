// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/dns/name.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::dns {
namespace {

// The two high bits of a length byte say what follows (RFC 1035, 4.1.4).
constexpr std::uint8_t kPointerBits = 0xc0;

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '\\'; }

}  // namespace

Result<Name> Name::parse_text(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  Name name;
  while (!text.empty()) {
    const bool is_last = text.find('.') == std::string_view::npos;
    const std::string_view label = take_until(text, '.');
    if (label.empty() || label.size() > kLabelBytesMax) return Errc::dns_malformed;
    if (!is_last && text.empty()) return Errc::dns_malformed;  // two dots at the end
    if (!std::ranges::all_of(label, is_plain)) return Errc::dns_malformed;
    name.wire_ += static_cast<char>(label.size());
    name.wire_ += label;
  }
  if (name.wire_.size() >= kNameBytesMax) return Errc::dns_malformed;
  return name;
}

Result<Name> Name::read(ByteView message, std::size_t& position) {
  Name name;
  std::size_t next = position;     // where the next length byte is
  std::size_t fence = position;    // pointers must lead to before this
  std::size_t pointers_count = 0;  // once above 0, `position` stands behind the name
  for (;;) {
    if (next >= message.size()) return Errc::truncated;
    const auto length = std::to_integer<std::uint8_t>(message[next]);
    if ((length & kPointerBits) == kPointerBits) {
      if (message.size() - next < 2) return Errc::truncated;
      const std::size_t target =
          load_big_endian<std::uint16_t>(message.subspan(next)) & 0x3fffu;  // without its bits
      if (target >= fence || pointers_count == kPointersMax) return Errc::dns_malformed;
      if (pointers_count++ == 0) position = next + 2;
      next = fence = target;
      continue;
    }
    if ((length & kPointerBits) != 0) return Errc::dns_malformed;
    ++next;
    if (length == 0) break;
    if (message.size() - next < length) return Errc::truncated;
    if (name.wire_.size() + 1 + length >= kNameBytesMax) return Errc::dns_malformed;
    name.wire_ += static_cast<char>(length);
    name.wire_ += as_text(message.subspan(next, length));
    next += length;
  }
  if (pointers_count == 0) position = next;
  return name;
}

std::string Name::text() const {
  std::string out;
  for (std::string_view rest = wire_; !rest.empty();) {
    const std::size_t length = static_cast<unsigned char>(rest.front());
    if (!out.empty()) out += '.';
    for (const char c : rest.substr(1, length)) {
      if (is_plain(c) && c != '.') {
        out += c;
        continue;
      }
      const std::string digits = std::to_string(static_cast<unsigned char>(c));
      out += '\\' + std::string(3 - digits.size(), '0') + digits;
    }
    rest.remove_prefix(1 + length);
  }
  return out.empty() ? "." : out;
}

Name Name::parent() const {
  Name above;
  if (!is_root()) above.wire_ = wire_.substr(1u + static_cast<unsigned char>(wire_.front()));
  return above;
}

// A length byte is at most 63 and no letter, so lower case changes labels only.
bool Name::operator==(const Name& other) const { return equal_ignoring_case(wire_, other.wire_); }

}  // namespace ghmesh::dns
