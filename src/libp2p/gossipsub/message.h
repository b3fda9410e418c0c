// SPDX-License-Identifier: Apache-2.0 OR MIT
// One published message: its fields, its signature, its id. Private to the room.
//
// StrictSign (pubsub/README.md, "Message Signing"): author, number, topic and signature are there, each once. The
// signature is over "libp2p-pubsub:" and the message without signature and key, fields in the order of their numbers
// (go, js and rust agree on that; the specification leaves the key in). The key is the author's, and needed when the
// author's id does not contain it.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "libp2p/gossipsub/message_id.h"
#include "libp2p/gossipsub/options.h"
#include "libp2p/keys/private_key.h"
#include "multiformats/peer_id.h"

namespace ghmesh::gossipsub {

inline constexpr std::size_t kSeqnoBytes = 8;

// Views into the RPC.
struct MessageView {
  ByteView from;
  std::optional<ByteView> data;  // absent and empty are two things under the signature
  ByteView seqno;
  ByteView topic;
  ByteView signature;
  std::optional<ByteView> key;

  ByteView data_or_empty() const { return data.value_or(ByteView()); }
};

// nullopt: not a message at all, or one of its fields stands twice. Unknown fields are passed over; a signature over
// them will not verify.
std::optional<MessageView> parse_message(ByteView bytes);
// Has all that StrictSign asks for, in sizes that can be. Only such a message may be given to what follows.
bool is_strict(const MessageView& message);

// Whether the signature is that of the author. `scratch` is a buffer that is kept between calls.
bool verify_message(const MessageView& message, const multiformats::PeerId& author, Bytes& scratch);

// The message as it was parsed, known fields only.
Bytes write_message(const MessageView& message);

struct Draft {
  std::string_view topic;
  ByteView data;
  std::uint64_t seqno = 0;
};
Bytes write_signed_message(const Draft& draft, const keys::PrivateKey& author);

// An RPC that holds nothing but this message.
Bytes write_message_rpc(const MessageView& message);

// Empty when the scheme needs a key and there is none.
MessageId make_message_id(IdScheme scheme, const MessageView& message,
                          const multiformats::PeerId& author);

}  // namespace ghmesh::gossipsub
