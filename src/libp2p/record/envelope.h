// SPDX-License-Identifier: Apache-2.0 OR MIT
// A signed envelope: bytes of some kind, and proof of who said so, for whoever hands them on (libp2p RFC 0002).
// Specification: docs/wire/record.md.
//
// What is inside is only reached through open_envelope(), which has then verified it. An envelope says who signed, not
// who may speak about what: the records inside are checked by their own rooms.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "libp2p/keys/private_key.h"
#include "libp2p/keys/public_key.h"
#include "multiformats/peer_id.h"

namespace ghmesh::record {

// As much as one message of identify carries, in which envelopes come; with the largest RSA key and its signature there
// is room for 64 ordinary addresses left twice.
inline constexpr std::size_t kEnvelopeBytesMax = 8 * 1024;
// Types are two or three bytes.
inline constexpr std::size_t kPayloadTypeBytesMax = 16;

// What an envelope may contain. The domain keeps a signature from being used for anything else.
struct Kind {
  std::string_view domain;
  // The first is written, all are read.
  std::span<const std::string_view> payload_types;
};

struct Opened {
  keys::PublicKey signer;
  Bytes payload;
};

Bytes sign_envelope(const Kind& kind, ByteView payload, const keys::PrivateKey& identity);

// With `expected_signer`, anybody else's is refused before its signature costs anything. Errors: record_malformed
// (also too large), record_wrong_peer (another signer), record_rejected (another kind, a wrong signature).
Result<Opened> open_envelope(const Kind& kind, ByteView envelope,
                             const std::optional<multiformats::PeerId>& expected_signer);

}  // namespace ghmesh::record
