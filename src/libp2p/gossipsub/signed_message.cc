// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/signed_message.h"

#include "libp2p/gossipsub/message.h"
#include "libp2p/gossipsub/rpc.h"

namespace ghmesh::gossipsub {

std::optional<ByteView> message_in(ByteView rpc) {
  if (!scan_rpc(rpc)) return std::nullopt;
  RpcReader elements(rpc);
  const auto only = elements.next();
  if (!only || only->kind != Element::Kind::message || elements.next()) return std::nullopt;
  return only->body;
}

std::optional<SignedMessage> open_signed_message(ByteView message) {
  const auto view = parse_message(message);
  if (!view || !is_strict(*view)) return std::nullopt;
  auto author = multiformats::PeerId::parse(view->from);
  Bytes scratch;
  if (!author || !verify_message(*view, *author, scratch)) return std::nullopt;
  return SignedMessage{.author = std::move(*author),
                       .seqno = load_big_endian<std::uint64_t>(view->seqno),
                       .topic = as_text(view->topic),
                       .data = view->data_or_empty()};
}

Bytes write_signed_message(std::string_view topic, ByteView data, std::uint64_t seqno,
                           const keys::PrivateKey& author) {
  return write_signed_message({.topic = topic, .data = data, .seqno = seqno}, author);
}

}  // namespace ghmesh::gossipsub
