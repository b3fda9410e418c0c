// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/ledger/conflict.h"

namespace ghmesh::mesh {
namespace {

struct Opened {
  multiformats::PeerId author;
  Fetched said;
};

Result<Opened> open_fetched(ByteView raw, const Keyring& keys) {
  if (raw.size() > kStatementBytesMax) return Errc::malformed;
  auto message = gossipsub::open_signed_message(raw);
  if (!message) return Errc::malformed;
  auto announcement = open_statement(*message, keys);
  if (!announcement) return announcement.error();
  auto* said = std::get_if<Fetched>(&*announcement);
  if (said == nullptr) return Errc::malformed;
  return Opened{.author = std::move(message->author), .said = std::move(*said)};
}

}  // namespace

SealContext statement_context(std::string_view topic, ByteView author, std::uint64_t seqno) {
  return {.place = topic, .sender = author, .seqno = seqno};
}

Result<Announcement> open_statement(const gossipsub::SignedMessage& message, const Keyring& keys) {
  const EpochKeys* epoch = keys.find(message.topic);
  if (epoch == nullptr) return Errc::not_found;
  auto plain = open_sealed(epoch->entry_key,
                           statement_context(message.topic, message.author.bytes(), message.seqno),
                           message.data);
  if (!plain) return plain.error();
  return parse_announcement(*plain);
}

Result<multiformats::PeerId> open_conflict(const Conflict& conflict, const Keyring& keys) {
  auto first = open_fetched(conflict.first, keys);
  if (!first) return first.error();
  auto second = open_fetched(conflict.second, keys);
  if (!second) return second.error();
  const Fetched &a = first->said, &b = second->said;
  const bool is_of_one = first->author == second->author && a.key == b.key && a.tag == b.tag &&
                         a.upstream_date == b.upstream_date;
  if (!is_of_one || a.body_digest == b.body_digest) return Errc::malformed;
  return std::move(first->author);
}

}  // namespace ghmesh::mesh
