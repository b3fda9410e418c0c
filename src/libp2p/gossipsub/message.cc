// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/message.h"

#include <array>
#include <utility>

#include "crypto/hash.h"
#include "libp2p/protobuf/fields.h"

namespace ghmesh::gossipsub {
namespace {

using multiformats::PeerId;
using protobuf::append_field;

constexpr std::uint32_t kFromField = 1;
constexpr std::uint32_t kDataField = 2;
constexpr std::uint32_t kSeqnoField = 3;
constexpr std::uint32_t kTopicField = 4;
constexpr std::uint32_t kSignatureField = 5;
constexpr std::uint32_t kKeyField = 6;
constexpr std::uint32_t kPublishField = 2;  // of an RPC

constexpr std::string_view kSigningPrefix = "libp2p-pubsub:";

// Tags and lengths of the six fields, and then some.
constexpr std::size_t kOverheadBytes = 40;

std::size_t bytes_of(const MessageView& message) {
  return message.from.size() + message.data_or_empty().size() + message.seqno.size() +
         message.topic.size() + message.signature.size() + (message.key ? message.key->size() : 0) +
         kOverheadBytes;
}

void append_signed_part(Bytes& out, const MessageView& message) {
  append_field(out, kFromField, message.from);
  if (message.data) append_field(out, kDataField, *message.data);
  append_field(out, kSeqnoField, message.seqno);
  append_field(out, kTopicField, message.topic);
}

void append_message(Bytes& out, const MessageView& message) {
  append_signed_part(out, message);
  append_field(out, kSignatureField, message.signature);
  if (message.key) append_field(out, kKeyField, *message.key);
}

// The author's serialized key: what the message says, or what the id contains.
Bytes author_key(const MessageView& message, const PeerId& author) {
  return message.key ? copy_bytes(*message.key) : author.inlined_key();
}

std::string text_id(const MessageView& message, const PeerId& author) {
  return author.text() + std::to_string(load_big_endian<std::uint64_t>(message.seqno));
}

}  // namespace

std::optional<MessageView> parse_message(ByteView bytes) {
  MessageView message;
  std::array<bool, kKeyField + 1> is_there{};
  protobuf::FieldReader fields(bytes);
  for (;;) {
    auto field = fields.next();
    if (!field) return std::nullopt;
    if (!*field) break;
    if ((*field)->number > kKeyField) continue;
    if ((*field)->type != protobuf::WireType::bytes) return std::nullopt;
    // Twice is refused: others might take the other one, and two nodes would see two messages.
    if (std::exchange(is_there[(*field)->number], true)) return std::nullopt;
    switch ((*field)->number) {
      case kFromField: message.from = (*field)->bytes; break;
      case kDataField: message.data = (*field)->bytes; break;
      case kSeqnoField: message.seqno = (*field)->bytes; break;
      case kTopicField: message.topic = (*field)->bytes; break;
      case kSignatureField: message.signature = (*field)->bytes; break;
      default: message.key = (*field)->bytes;
    }
  }
  return message;
}

bool is_strict(const MessageView& message) {
  return message.seqno.size() == kSeqnoBytes && !message.from.empty() && !message.topic.empty() &&
         !message.signature.empty() && message.signature.size() <= keys::kSignatureBytesMax &&
         (!message.key || message.key->size() <= keys::kSerializedKeyBytesMax);
}

bool verify_message(const MessageView& message, const PeerId& author, Bytes& scratch) {
  auto key = keys::PublicKey::parse(author_key(message, author));
  if (!key) return false;
  if (message.key && key->peer_id() != author) return false;
  scratch.clear();
  append(scratch, as_bytes(kSigningPrefix));
  append_signed_part(scratch, message);
  return key->verify(scratch, message.signature);
}

Bytes write_message(const MessageView& message) {
  Bytes out;
  out.reserve(bytes_of(message));
  append_message(out, message);
  return out;
}

Bytes write_signed_message(const Draft& draft, const keys::PrivateKey& author) {
  std::array<std::byte, kSeqnoBytes> seqno;
  store_big_endian<std::uint64_t>(seqno, draft.seqno);
  MessageView message{.from = author.peer_id().bytes(),
                      .data = draft.data,
                      .seqno = seqno,
                      .topic = as_bytes(draft.topic)};
  Bytes signed_part = copy_bytes(as_bytes(kSigningPrefix));
  append_signed_part(signed_part, message);
  const crypto::Ed25519Signature signature = author.sign(signed_part);
  message.signature = signature;
  return write_message(message);
}

Bytes write_message_rpc(const MessageView& message) {
  const Bytes inner = write_message(message);
  Bytes out;
  out.reserve(inner.size() + kOverheadBytes);
  append_field(out, kPublishField, inner);
  return out;
}

MessageId make_message_id(IdScheme scheme, const MessageView& message, const PeerId& author) {
  Bytes id;
  switch (scheme) {
    case IdScheme::content: return MessageId(crypto::sha256(message.data_or_empty()));
    case IdScheme::author_and_seqno_text: return MessageId(as_bytes(text_id(message, author)));
    case IdScheme::author_and_seqno: id = copy_bytes(message.from); break;
    case IdScheme::key_and_seqno:
      id = author.inlined_key();
      if (id.empty() && !message.key) return {};
      if (id.empty()) id = copy_bytes(*message.key);
      break;
  }
  append(id, message.seqno);
  return MessageId(id);
}

}  // namespace ghmesh::gossipsub
