// SPDX-License-Identifier: Apache-2.0 OR MIT
// A domain name: labels of at most 63 bytes, 255 bytes in all (RFC 1035, 3.1). Compared without regard to ASCII case.
//
// It is kept as it is on the wire, without the root's empty label: each label behind its length. Labels may hold any
// byte; only text made by us is restricted to what people write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::dns {

inline constexpr std::size_t kLabelBytesMax = 63;
inline constexpr std::size_t kNameBytesMax = 255;  // on the wire, the root's empty label included
// How many compression pointers one name may follow: as many as a name of 255 bytes can have labels, so that no honest
// name is refused and none costs more than this.
inline constexpr std::size_t kPointersMax = 127;

class Name {
 public:
  Name() = default;  // the root

  // "_p2p._udp.local", with or without a dot at the end; "" and "." are the root. Printable ASCII without blanks and
  // backslashes: there are no escapes. Errors: dns_malformed.
  static Result<Name> parse_text(std::string_view text);
  // Reads a name of a message and moves `position` behind it. A compression pointer leads backwards only, and to before
  // whatever led to it, so that it cannot loop (RFC 1035, 4.1.4). Errors: dns_malformed, truncated.
  static Result<Name> read(ByteView message, std::size_t& position);

  // "_p2p._udp.local"; a byte that is not printable, a dot or a backslash in a label is written \DDD.
  std::string text() const;
  // Each label behind its length, as on the wire; without the root's empty label.
  std::string_view wire() const { return wire_; }
  bool is_root() const { return wire_.empty(); }
  // Without its first label; the root's parent is the root.
  Name parent() const;

  bool operator==(const Name& other) const;

 private:
  std::string wire_;
};

}  // namespace ghmesh::dns
