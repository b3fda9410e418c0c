// SPDX-License-Identifier: Apache-2.0 OR MIT
// Announcements: what members say of GitHub's answers. The grammar, with an example: docs/wire/mesh.md.
//
//   fetched    this is what GitHub answered, with the body if it is small
//   valid      a 304: the body of this digest was still current at this date
//   stale      after a mutation or a webhook: what was said of these keys before this date is out of date
//   gone       access was denied or the thing is gone: advisory, for the same principal only
//   budget     what is left of a principal's rate limit: advisory
//   conflict   two statements of one author that cannot both be true, as they were signed
//   presence   a member is there: where it can be dialed, and how it fares
//   shared     a value of the library's was put or removed on a member's machine: nothing of GitHub's, and unproven
//
// Of GitHub's answers no URL and no name travels: keys and principals are MACs under the swarm's secret. Their dates
// are GitHub's. These are the plain bytes; seal.h makes of them what leaves the node. Nothing here tells whether what
// was said is true.
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "http/message.h"
#include "mesh/secret/keys.h"
#include "multiformats/multiaddr.h"

namespace ghmesh::mesh {

// A body rides along when it packs into this: most of GitHub's documents, while a message stays a few packets.
inline constexpr std::size_t kInlinePackedBytesMax = 8 * 1024;
// What an announcement may unpack to, headers and body: JSON packs eight to ten times smaller.
inline constexpr std::size_t kInlinePlainBytesMax = 64 * 1024;
// A claim of more is cut to this by nobody: it is refused. GitHub's own longest is a day.
inline constexpr Seconds kClaimedTtlMax{30 * 24 * 60 * 60};
inline constexpr std::size_t kStaleKeysMax =
    256;  // what one push to a repository makes stale, twice
inline constexpr std::size_t kResourceCharsMax = 40;  // "actions_runner_registration"
inline constexpr std::size_t kPresenceAddressesMax = 8;
inline constexpr std::size_t kStatementBytesMax =
    12 * 1024;  // a whole gossip message with the largest body inside

// A value of the library's with what is kept beside it; a larger one stays on its machine. A body's limit, because it
// is fetched as one.
inline constexpr std::size_t kSharedRecordBytesMax = kEntryBodyBytesMax;

struct Fetched {
  KeyId key{};
  PrincipalTag tag{};
  bool is_public = false;  // claimed to be readable by anybody
  int status = 200;
  WallTime upstream_date{};
  Seconds ttl{0};
  http::Headers headers;  // those of gossiped_headers(), in its order
  crypto::Digest body_digest{};
  std::uint64_t body_bytes = 0;
  http::Body body;  // null when it is too large to ride along: ask for it by its digest
  bool operator==(const Fetched&) const;
};
struct Valid {
  KeyId key{};
  PrincipalTag tag{};
  crypto::Digest body_digest{};
  WallTime upstream_date{};
  bool operator==(const Valid&) const = default;
};
struct Stale {
  WallTime upstream_date{};
  std::vector<KeyId> keys;
  bool operator==(const Stale&) const = default;
};
struct Gone {
  KeyId key{};
  PrincipalTag tag{};
  WallTime upstream_date{};
  bool operator==(const Gone&) const = default;
};
struct Budget {
  PrincipalTag tag{};
  std::string resource;  // as GitHub names it: "core"
  std::uint32_t limit = 0;
  std::uint32_t remaining = 0;
  WallTime reset{};
  WallTime upstream_date{};
  bool operator==(const Budget&) const = default;
};
struct Conflict {
  Bytes first, second;  // two gossip messages
  bool operator==(const Conflict&) const = default;
};
// What a member has done since it started. Requests are answered from what it held itself, by what a member told it, by
// a free 304, or for one call of the budget; the rest failed or was passed through.
struct NodeFigures {
  std::uint64_t requests = 0, own_hits = 0, peer_hits = 0, free = 0, charged = 0;
  bool operator==(const NodeFigures&) const = default;
};
struct Presence {
  WallTime said_at{};  // by its own clock; of its own kind, nothing is ordered by it
  std::vector<multiformats::Multiaddr>
      addresses;  // kPresenceAddressesMax; none: it cannot be dialed
  NodeFigures figures;
  bool operator==(const Presence&) const = default;
};
// Of a shared value, by the clock of whoever put it: finer than a date, because programs put faster than once a second.
using SharedAt = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
struct Shared {
  KeyId key{};  // of its name: SwarmKeys::shared_key_id()
  SharedAt said_at{};
  bool is_removal = false;
  crypto::Digest digest{};
  std::uint64_t record_bytes = 0;
  // The record; of a removal, the name. Null when it is too large to ride along: ask for it by its digest.
  http::Body record;
  bool operator==(const Shared&) const;
};
using Announcement = std::variant<Fetched, Valid, Stale, Gone, Budget, Conflict, Presence, Shared>;

// A body that is too large to ride along is left out. Errors: too_large (headers, keys or statements beyond the
// limits).
Result<Bytes> write_announcement(const Announcement& announcement);
// The digest of a body that rides along is computed, never read. Errors: truncated, malformed, too_large, unsupported.
Result<Announcement> parse_announcement(ByteView bytes);

// The fields that may leave this node, an allow-list, sorted: what describes the thing. Never ETag, cookies, scopes,
// request ids, limits, token expiry: they describe the principal or the moment.
http::Headers gossiped_headers(const http::Headers& headers);
// False where a field or the body carries a signed URL or a token: such an answer stays here.
bool may_be_told(const http::Headers& headers, std::string_view body);

}  // namespace ghmesh::mesh
