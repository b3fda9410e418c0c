// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/principals.h"

#include <algorithm>
#include <atomic>

namespace ghmesh::proxy {
namespace {

std::uint64_t next_instance() {
  static std::atomic<std::uint64_t> count{0};
  return ++count;
}

// A thread's own view: direct-mapped, so a lookup is one comparison. Small, because few credentials are busy at a time.
struct ThreadSlot {
  std::uint64_t instance = 0;
  crypto::TableHash hash{};
  CallerRef caller;
};
constexpr std::size_t kThreadSlotsCount = 64;
thread_local std::array<ThreadSlot, kThreadSlotsCount> thread_slots;

github::Principal derive_everybody(const crypto::Secret& salt) {
  return github::derive_group_principal(
      crypto::hkdf_sha256(salt.reveal(), {}, "ghmesh/v1 everybody", 32), salt.reveal());
}

}  // namespace

Callers::Callers(crypto::Secret installation_salt, std::vector<PrincipalGroup> groups)
    : instance_(next_instance()),
      installation_salt_(std::move(installation_salt)),
      groups_(std::move(groups)),
      everybody_(derive_everybody(installation_salt_)) {}

Result<CallerRef> Callers::find(std::string_view authorization) {
  const crypto::TableHash hash = crypto::table_hash(as_bytes(authorization));
  ThreadSlot& slot = thread_slots[hash[0] % kThreadSlotsCount];
  if (slot.instance == instance_ && slot.hash == hash) return slot.caller;
  auto caller = find_shared(hash, authorization);
  if (caller) slot = {.instance = instance_, .hash = hash, .caller = *caller};
  return caller;
}

Result<CallerRef> Callers::find_shared(const crypto::TableHash& hash,
                                       std::string_view authorization) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_hash_.find(hash);
    if (known != by_hash_.end()) {
      recent_first_.splice(recent_first_.begin(), recent_first_, known->second);
      return known->second->caller;
    }
  }
  // Outside the lock: two threads may derive the same, and the first to come back is kept.
  auto derived = derive(authorization);
  if (!derived) return derived.error();
  const std::lock_guard lock(mutex_);
  if (const auto known = by_hash_.find(hash); known != by_hash_.end()) return known->second->caller;
  (*derived)->standing = standing_of((*derived)->credential);
  recent_first_.push_front({.hash = hash, .caller = *std::move(derived)});
  by_hash_[hash] = recent_first_.begin();
  if (recent_first_.size() > kCallersCountMax) {
    by_hash_.erase(recent_first_.back().hash);
    recent_first_.pop_back();
  }
  return recent_first_.front().caller;
}

Result<std::shared_ptr<Caller>> Callers::derive(std::string_view authorization) const {
  auto credential = github::parse_credential(authorization);
  if (!credential) return credential.error();
  auto caller = std::make_shared<Caller>();
  const std::string label = github::audit_label(*credential);
  const auto group = std::ranges::find_if(groups_, [&](const PrincipalGroup& candidate) {
    return std::ranges::find(candidate.audit_labels, label) != candidate.audit_labels.end();
  });
  const bool is_of_group = !label.empty() && group != groups_.end();
  if (is_of_group) caller->group = group->name;
  caller->principal =
      is_of_group ? github::derive_group_principal(group->secret, installation_salt_.reveal())
                  : github::derive_principal(*credential, installation_salt_.reveal());
  caller->credential = *std::move(credential);
  return caller;
}

std::shared_ptr<Standing> Callers::standing_of(const github::Credential& credential) {
  const crypto::TableHash hash = crypto::table_hash(credential.identity.reveal());
  if (auto known = standings_[hash].lock()) return known;
  if (standings_.size() > 2 * kCallersCountMax)
    std::erase_if(standings_, [](const auto& entry) { return entry.second.expired(); });
  auto standing = std::make_shared<Standing>();
  standings_[hash] = standing;
  return standing;
}

std::size_t Callers::size() const {
  const std::lock_guard lock(mutex_);
  return recent_first_.size();
}

}  // namespace ghmesh::proxy
