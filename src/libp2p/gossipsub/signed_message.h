// SPDX-License-Identifier: Apache-2.0 OR MIT
// A message as its author signed it, apart from any router: what can be shown to others later, and checked by them.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "libp2p/keys/private_key.h"
#include "multiformats/peer_id.h"

namespace ghmesh::gossipsub {

struct SignedMessage {
  multiformats::PeerId author;
  std::uint64_t seqno = 0;
  std::string_view topic;  // views into the message
  ByteView data;
};

// The one message in the RPC of a Delivered; nullopt for any other RPC.
std::optional<ByteView> message_in(ByteView rpc);
// nullopt: not a message, or its author did not sign it (StrictSign).
std::optional<SignedMessage> open_signed_message(ByteView message);
// What a router of this identity publishes.
Bytes write_signed_message(std::string_view topic, ByteView data, std::uint64_t seqno,
                           const keys::PrivateKey& author);

}  // namespace ghmesh::gossipsub
