// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/principals.h"

namespace ghmesh::cache {

PrincipalRef Principals::keep(const github::Principal& principal) {
  const std::lock_guard lock(mutex_);
  if (const auto at = table_.find(principal.id); at != table_.end()) {
    recent_.splice(recent_.begin(), recent_, at->second);
    return recent_.front();
  }
  if (recent_.size() >= kPrincipalsMax) {
    table_.erase(recent_.back()->id);
    recent_.pop_back();
  }
  recent_.push_front(std::make_shared<const github::Principal>(principal));
  table_[principal.id] = recent_.begin();
  return recent_.front();
}

PrincipalRef Principals::find(const PrincipalId& id) {
  const std::lock_guard lock(mutex_);
  const auto at = table_.find(id);
  return at == table_.end() ? nullptr : *at->second;
}

void Holders::add(const MemoryKey& key) {
  const std::lock_guard lock(mutex_);
  auto [at, is_new] = table_.try_emplace(key.key_hash);
  std::vector<PrincipalId>& holders = at->second;
  std::erase(holders, key.principal);
  holders.insert(holders.begin(), key.principal);
  if (holders.size() > kHoldersMax) holders.pop_back();
  if (!is_new) return;
  arrivals_.push_back(key.key_hash);
  if (arrivals_.size() <= kKeysMax) return;
  table_.erase(arrivals_.front());
  arrivals_.pop_front();
}

void Holders::clear() {
  const std::lock_guard lock(mutex_);
  table_.clear();
  arrivals_.clear();
}

std::vector<PrincipalId> Holders::of(const crypto::TableHash& key_hash) {
  const std::lock_guard lock(mutex_);
  const auto at = table_.find(key_hash);
  return at == table_.end() ? std::vector<PrincipalId>() : at->second;
}

}  // namespace ghmesh::cache
