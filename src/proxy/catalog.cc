// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/catalog.h"

namespace ghmesh::proxy {

crypto::TableHash Catalog::hash_of(const KnownEntry& entry) {
  const auto& id = entry.caller->principal.id;
  std::string text(as_text(id));
  text += entry.key;
  return crypto::table_hash(as_bytes(text));
}

void Catalog::note(KnownEntry entry) {
  const crypto::TableHash hash = hash_of(entry);
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(hash);
  if (found != by_hash_.end()) {
    recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
    return;
  }
  if (recent_first_.size() >= kCatalogEntriesMax) {
    by_hash_.erase(hash_of(recent_first_.back()));
    recent_first_.pop_back();
  }
  recent_first_.push_front(std::move(entry));
  by_hash_.emplace(hash, recent_first_.begin());
}

void Catalog::forget(const KnownEntry& entry) {
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(hash_of(entry));
  if (found == by_hash_.end()) return;
  recent_first_.erase(found->second);
  by_hash_.erase(found);
}

void Catalog::clear() {
  const std::lock_guard lock(mutex_);
  recent_first_.clear();
  by_hash_.clear();
}

std::vector<KnownEntry> Catalog::find(const Test& test) const {
  std::vector<KnownEntry> found;
  const std::lock_guard lock(mutex_);
  for (const KnownEntry& entry : recent_first_)
    if (test(entry)) found.push_back(entry);
  return found;
}

}  // namespace ghmesh::proxy
