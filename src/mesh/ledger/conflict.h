// SPDX-License-Identifier: Apache-2.0 OR MIT
// Statements as they were signed, opened by somebody who was not there: how a member convinces others that a third one
// has said two things.
#pragma once

#include "base/result.h"
#include "libp2p/gossipsub/signed_message.h"
#include "mesh/seal/seal.h"
#include "mesh/secret/keyring.h"
#include "mesh/wire/announcement.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

// Where a gossip message is sealed: its topic, its author, its number.
SealContext statement_context(std::string_view topic, ByteView author, std::uint64_t seqno);

// The announcement in a message whose signature is good. Errors: not_found (it is of an epoch or a secret that we
// cannot read), seal_rejected, and those of parse_announcement().
Result<Announcement> open_statement(const gossipsub::SignedMessage& message, const Keyring& keys);

// Who contradicts itself: two answers for one key, principal and second with different bodies, both signed by it.
// Errors: malformed (not signed, or no contradiction), and those of open_statement().
Result<multiformats::PeerId> open_conflict(const Conflict& conflict, const Keyring& keys);

}  // namespace ghmesh::mesh
