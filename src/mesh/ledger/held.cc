// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/ledger/held.h"

#include <algorithm>

namespace ghmesh::mesh {
namespace {

// A slot with its places in lists and tables, and the allocator's part.
constexpr std::size_t kSlotBytes = sizeof(Slot) + 256;

std::size_t bytes_of(const Statement& statement, ByteView raw) {
  std::size_t bytes = kSlotBytes + raw.size();
  if (statement.said.body) bytes += statement.said.body->size() + sizeof(std::string);
  for (const http::Header& header : statement.said.headers)
    bytes += sizeof(http::Header) + header.name.size() + header.value.size();
  return bytes;
}

}  // namespace

const Slot* Held::find(const KeyAndTag& subject) const {
  for (const Slot* slot : of_key(subject.key))
    if (slot->statement.said.tag == subject.tag) return slot;
  return nullptr;
}

std::span<Slot* const> Held::of_key(const KeyId& key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  return found->second;
}

Slot* Held::put(Content content) {
  const std::size_t bytes = bytes_of(content.statement, content.raw);
  if (bytes > bytes_max_ / kAuthorShare) return nullptr;
  Slot* slot = find(content.statement.subject());
  if (slot == nullptr) {
    slots_.emplace_front();
    slot = &slots_.front();
    slot->place_ = slots_.begin();
    by_key_[content.statement.said.key].push_back(slot);
  } else {
    unlink(*slot);
    slots_.splice(slots_.begin(), slots_, slot->place_);
  }
  slot->statement = std::move(content.statement);
  slot->base = {.current_at = slot->statement.current_at,
                .fresh_until = slot->statement.fresh_until,
                .by = slot->statement.vouched_by};
  slot->raw = std::move(content.raw);
  slot->is_disputed = false;
  link(*slot, content.author);
  limit_tags(*slot);
  make_room(*slot);
  return slot;
}

bool Held::put_body(Slot& slot, http::Body body) {
  Statement with_body = slot.statement;
  with_body.said.body = std::move(body);
  if (bytes_of(with_body, slot.raw) > bytes_max_ / kAuthorShare) return false;
  slot.statement = std::move(with_body);
  recount(slot);
  make_room(slot);
  return true;
}

void Held::vouch(Slot& slot, const AuthorRef& by, Slot::Vouch vouch) {
  unvouch(slot);
  slot.statement.current_at = vouch.current_at;
  slot.statement.fresh_until = vouch.fresh_until;
  slot.statement.vouched_by = vouch.by;
  if (by == nullptr || by == slot.author) {  // nothing takes that back
    slot.base = std::move(vouch);
    return;
  }
  slot.vouched_by = by;
  by->vouched.push_front(&slot);
  slot.vouched_place_ = by->vouched.begin();
}

void Held::use(Slot& slot) {
  slots_.splice(slots_.begin(), slots_, slot.place_);
  if (slot.author)
    slot.author->slots.splice(slot.author->slots.begin(), slot.author->slots, slot.author_place_);
}

void Held::erase(Slot& slot) {
  unlink(slot);
  const auto found = by_key_.find(slot.statement.said.key);
  std::erase(found->second, &slot);
  if (found->second.empty()) by_key_.erase(found);
  slots_.erase(slot.place_);
}

void Held::erase_all_of(Author& author) {
  while (!author.slots.empty()) erase(*author.slots.front());
  while (!author.vouched.empty()) unvouch(*author.vouched.front());
}

void Held::link(Slot& slot, const AuthorRef& author) {
  slot.author = author;
  if (author) {
    author->slots.push_front(&slot);
    slot.author_place_ = author->slots.begin();
  }
  recount(slot);
}

void Held::unlink(Slot& slot) {
  unvouch(slot);
  bytes_ -= slot.bytes_;
  if (slot.author) {
    slot.author->bytes_held -= slot.bytes_;
    slot.author->slots.erase(slot.author_place_);
    slot.author = nullptr;
  }
  slot.bytes_ = 0;
}

void Held::unvouch(Slot& slot) {
  if (!slot.vouched_by) return;
  slot.vouched_by->vouched.erase(slot.vouched_place_);
  slot.vouched_by = nullptr;
  slot.statement.current_at = slot.base.current_at;
  slot.statement.fresh_until = slot.base.fresh_until;
  slot.statement.vouched_by = slot.base.by;
}

void Held::recount(Slot& slot) {
  const std::size_t bytes = bytes_of(slot.statement, slot.raw);
  bytes_ += bytes - slot.bytes_;
  if (slot.author) slot.author->bytes_held += bytes - slot.bytes_;
  slot.bytes_ = bytes;
}

// `kept` is the newest and within every limit by itself, so each loop ends before it.
void Held::make_room(const Slot& kept) {
  const std::size_t share = bytes_max_ / kAuthorShare;
  if (Author* author = kept.author.get()) {
    while (author->bytes_held > share) {
      Slot* last = author->slots.back();
      if (last == &kept) last = *std::prev(author->slots.end(), 2);
      erase(*last);
      ++evicted_share;
    }
  }
  while (bytes_ > bytes_max_) {
    auto last = std::prev(slots_.end());
    if (&*last == &kept) --last;
    erase(*last);
    ++evicted;
  }
}

void Held::limit_tags(const Slot& kept) {
  const std::span<Slot* const> slots = of_key(kept.statement.said.key);
  if (slots.size() <= kTagsPerKeyMax) return;
  Slot* oldest = nullptr;
  for (Slot* slot : slots)
    if (slot != &kept &&
        (oldest == nullptr || slot->statement.current_at < oldest->statement.current_at))
      oldest = slot;
  erase(*oldest);
  ++evicted_tags;
}

}  // namespace ghmesh::mesh
