// SPDX-License-Identifier: Apache-2.0 OR MIT
// The Identify message: what a node says of itself. Specification: docs/wire/identify.md.
//
// One statement may come as several messages (go sends a large signed record apart), which add up: lists grow, of a
// single value the last counts, as protocol buffers merge. What goes beyond the limits of a list is dropped and
// counted, because an honest peer with too long a list is still a peer; what breaks the format is refused.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "multiformats/multiaddr.h"

namespace ghmesh::identify {

inline constexpr std::string_view kProtocol = "/ipfs/id/1.0.0";
inline constexpr std::string_view kPushProtocol = "/ipfs/id/push/1.0.0";

// Of one message, and how many make a statement: as go and js.
inline constexpr std::size_t kMessageBytesMax = 8 * 1024;
inline constexpr std::size_t kMessagesMax = 10;
// Of a message that we send: rust reads no more.
inline constexpr std::size_t kOwnMessageBytesMax = 4 * 1024;
// A busy kubo has 30 (CVE-2026-57497: 1,800 and more were sent in chunks).
inline constexpr std::size_t kProtocolsMax = 128;
inline constexpr std::size_t kProtocolBytesMax = 256;
// As many as a signed record may have.
inline constexpr std::size_t kAddressesMax = 64;
// "js-libp2p/3.3.11 node/20.20.2" has 29. They go into logs, so they are cut and cleaned: printable ASCII only.
inline constexpr std::size_t kVersionBytesMax = 128;

struct Identify {
  // A serialized key, as claimed. Never parsed: it is compared with the key that the connection has proven
  // (CVE-2026-110789).
  std::optional<Bytes> public_key;
  std::vector<multiformats::Multiaddr> listen_addresses;
  std::set<std::string> protocols;
  // Where the sender sees the receiver. Without a peer id at its end, which js appends.
  std::optional<multiformats::Multiaddr> observed_address;
  std::optional<std::string> protocol_version;
  std::optional<std::string> agent_version;
  Bytes signed_record;  // an envelope, not verified; empty: none

  bool operator==(const Identify&) const = default;
};

// Of lists: entries that are too many, too long, or not what they should be.
struct Dropped {
  std::size_t protocols = 0;
  std::size_t addresses = 0;
  bool operator==(const Dropped&) const = default;
};

// With lengths, ready to be sent: one message if it has at most kOwnMessageBytesMax, because old py reads just one,
// otherwise the signed record in a second one. What `statement` says besides the record fits into one.
Bytes write_identify(const Identify& statement);

// Adds what one message says to what earlier ones said. Errors: identify_malformed.
Result<void> parse_identify(ByteView message, Identify& statement, Dropped& dropped);

}  // namespace ghmesh::identify
