// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/row_writer.h"

#include <algorithm>

#include "crypto/aead.h"
#include "crypto/random.h"

namespace ghmesh::cache {
namespace {

// No body of GitHub's shrinks fortyfold, so there is no use in trying whether a larger one fits inside a row.
constexpr std::size_t kInsideBodyBytesMax = 64 * 1024;

void seal_body_of(PreparedRow& prepared) {
  prepared.body_key =
      std::make_shared<const crypto::Secret>(crypto::random_secret(crypto::kSealKeyBytes));
  prepared.sealed_body =
      seal_body(as_bytes(*prepared.entry->body), *prepared.body_key, prepared.effort);
}

}  // namespace

void BodyIndex::remember(const crypto::Digest& digest, BodyId id,
                         std::shared_ptr<const crypto::Secret> key, ByteView sealed) {
  Known known{.id = id, .key = std::move(key)};
  if (sealed.size() < known.nonce.size()) return;
  std::copy_n(sealed.begin(), known.nonce.size(), known.nonce.begin());
  const std::lock_guard lock(mutex_);
  if (const auto at = table_.find(digest); at != table_.end()) {
    at->second->known = std::move(known);
    recent_.splice(recent_.begin(), recent_, at->second);
    return;
  }
  if (recent_.size() >= kBodiesMax) {
    table_.erase(recent_.back().digest);
    recent_.pop_back();
  }
  recent_.push_front({.digest = digest, .known = std::move(known)});
  table_[digest] = recent_.begin();
}

std::optional<BodyIndex::Known> BodyIndex::find(const crypto::Digest& digest) {
  const std::lock_guard lock(mutex_);
  const auto at = table_.find(digest);
  if (at == table_.end()) return std::nullopt;
  return at->second->known;
}

PreparedRow RowWriter::prepare(const RowKey& key, EntryRef entry, PrincipalRef principal,
                               std::uint32_t last_use, packing::Effort effort) {
  PreparedRow prepared{.key = key, .entry = std::move(entry), .principal = std::move(principal)};
  prepared.effort = effort;
  if (prepared.entry->body->size() <= kInsideBodyBytesMax) {
    const Bytes record = write_record(*prepared.entry, crypto::Secret(), effort);
    const RowPrefix prefix{.last_use = last_use};
    if (record.size() + prefix.size() + crypto::kSealOverheadBytes <= kRowBytesMax) {
      prepared.row = seal_row(key, prefix, record, prepared.principal->seal_key);
      return prepared;
    }
  }
  prepared.known = bodies_.find(prepared.entry->body_digest);
  if (!prepared.known) seal_body_of(prepared);
  return prepared;
}

Result<void> RowWriter::write(WriteTransaction& transaction, PreparedRow& prepared,
                              std::uint32_t last_use) {
  if (!prepared.row.empty()) return transaction.put_row(prepared.key, prepared.row);

  // An earlier row of the same group may have brought this body.
  auto known = prepared.known ? prepared.known : bodies_.find(prepared.entry->body_digest);
  if (known) {
    auto sealed = transaction.get_body(known->id);
    if (!sealed) return sealed.error();
    if (!sealed->has_value() || !known->is_start_of(**sealed)) known.reset();
  }
  BodyId id = 0;
  if (known) {
    // Held before the old row is dropped, so that a row that keeps its body does not lose it on the way.
    auto held = transaction.hold_body(known->id);
    if (!held) return held;
    id = known->id;
    prepared.body_key = known->key;
  } else {
    if (prepared.sealed_body.empty()) seal_body_of(prepared);
    auto added = transaction.add_body(prepared.sealed_body);
    if (!added) return added.error();
    id = *added;
    // If the commit fails the id points nowhere, or at other bytes: the nonce tells.
    bodies_.remember(prepared.entry->body_digest, id, prepared.body_key, prepared.sealed_body);
  }
  const RowPrefix prefix{.last_use = last_use, .body_id = id};
  const Bytes record = write_record(*prepared.entry, *prepared.body_key, prepared.effort);
  return transaction.put_row(prepared.key,
                             seal_row(prepared.key, prefix, record, prepared.principal->seal_key));
}

}  // namespace ghmesh::cache
