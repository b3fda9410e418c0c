// SPDX-License-Identifier: Apache-2.0 OR MIT
// DNS messages (RFC 1035, 4) as far as finding peers needs them: one-shot questions and answers of the types A, AAAA,
// PTR, TXT, SRV and CNAME, in class IN, with the two bits that multicast DNS adds (RFC 6762, 18).
//
// A codec, not a resolver: nothing is sent or cached. Records of other types and classes are read over and not kept; so
// are EDNS and its extended codes. Strings of a TXT record that are empty mean nothing and are not kept either.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "libp2p/dns/name.h"

namespace ghmesh::dns {

// Counted before anything is kept; a message with more is refused as a whole. A busy network's multicast datagrams hold
// some dozens of records, a bootstrap host's answer fewer.
inline constexpr std::size_t kMessageBytesMax = 65'535;  // what DNS over TCP can carry
inline constexpr std::size_t kQuestionsMax = 32;
inline constexpr std::size_t kRecordsMax = 256;  // of all sections
inline constexpr std::size_t kTextsMax =
    512;  // strings of all TXT records: they may be one byte each
// How many names stand for another on the way to a TXT record (CNAME).
inline constexpr std::size_t kAliasesMax = 8;

enum class Type : std::uint16_t {
  a = 1,
  cname = 5,
  ptr = 12,
  txt = 16,
  aaaa = 28,
  srv = 33,
  any = 255
};

using Ip4 = std::array<std::byte, 4>;
using Ip6 = std::array<std::byte, 16>;
struct Cname {
  Name target;
  bool operator==(const Cname&) const = default;
};
struct Ptr {
  Name target;
  bool operator==(const Ptr&) const = default;
};
struct Txt {
  std::vector<std::string> texts;  // each of 1 to 255 bytes
  bool operator==(const Txt&) const = default;
};
struct Srv {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  Name target;
  bool operator==(const Srv&) const = default;
};

struct Question {
  Name name;
  Type type = Type::any;       // may be one that is not listed
  bool wants_unicast = false;  // multicast DNS only (RFC 6762, 5.4)
  bool operator==(const Question&) const = default;
};

struct Record {
  Name name;
  Seconds ttl{0};  // 0 to 2^31 - 1 (RFC 2181, 8)
  bool is_unique =
      false;  // multicast DNS only: this is all there is of this name and type (RFC 6762, 10.2)
  std::variant<Ip4, Ip6, Cname, Ptr, Txt, Srv> data;
  bool operator==(const Record&) const = default;
};

struct Message {
  std::uint16_t id = 0;
  bool is_response = false;
  bool is_authoritative = false;
  bool is_truncated = false;
  bool wants_recursion = false;
  bool has_recursion = false;
  std::uint8_t response_code = 0;  // 0: no error, 3: no such name
  std::vector<Question> questions;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;
  bool operator==(const Message&) const = default;
};

// All of `bytes` is one message. Errors: truncated, dns_malformed, too_large (a limit above), unsupported (no query).
Result<Message> parse_message(ByteView bytes);

// With compressed names, but for the target of SRV (RFC 2782). Errors: too_large (kMessageBytesMax).
Result<Bytes> write_message(const Message& message);

// The TXT records of `name` among the answers, each with its strings joined, through at most kAliasesMax aliases.
std::vector<std::string> texts_of(const Message& message, const Name& name);

}  // namespace ghmesh::dns
