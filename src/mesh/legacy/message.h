// SPDX-License-Identifier: Apache-2.0 OR MIT
// What nodes of the Python predecessor tell each other, on a stream of /github-cache/1.0.0: docs/wire/legacy.md.
//
//   message  one Fernet token (crypto/fernet.h), to the end of the stream, whose plain text is JSON:
//            {"key": joined key, "entry": {"data", "timestamp", "ttl", "content_hash", "validation_fields"}}
//   key      PBKDF2-HMAC-SHA256(secret, "github-cache-p2p", 100,000 iterations), 32 bytes
//   answer   "OK"
//
// Such a peer proves nothing but that it has the secret: no identity is bound to what it says.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/fernet.h"
#include "crypto/secret.h"
#include "library/legacy_entry.h"

namespace ghmesh::mesh {

inline constexpr std::string_view kLegacyProtocol = "/github-cache/1.0.0";
inline constexpr std::string_view kLegacyAnswer = "OK";
// The predecessor reads 64 KiB of a stream and no more; so only what fits reaches it whole. What it sends has no bound
// of its own: this is our largest value in JSON in base64.
inline constexpr std::size_t kLegacySentBytesMax = 64 * 1024;
inline constexpr std::size_t kLegacyReadBytesMax = 1024 * 1024;
inline constexpr std::uint32_t kLegacyIterations = 100'000;
// A moment ahead of our clock by more than clocks differ is a mistake, or meant to outlive what is true.
inline constexpr Seconds kLegacyAheadMax{30};

// Takes some thirty milliseconds, on purpose.
crypto::Secret legacy_key_of(const crypto::Secret& secret);

// Errors: too_large (beyond kLegacySentBytesMax).
Result<std::string> write_legacy_message(const crypto::Secret& key, const Key& name,
                                         const Value& value, WallTime now,
                                         const crypto::FernetIv& iv);
// Errors: seal_rejected, malformed, mesh_from_future; mesh_false_body (content_hash is not that of its fields).
Result<library::LegacyEntry> read_legacy_message(const crypto::Secret& key,
                                                 std::string_view message, WallTime now);

}  // namespace ghmesh::mesh
