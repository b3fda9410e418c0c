// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/lease/lease_table.h"

#include <algorithm>

#include "base/check.h"

namespace ghmesh::mesh {

LeaseTable::Word LeaseTable::ask(const KeyId& key, Asker asker, Instant now) {
  GHMESH_CHECK(!askers_.contains(asker));
  auto found = leases_.find(key);
  if (found == leases_.end()) {
    ++counters_.granted;
    if (leases_.size() >= kLeasesMax) {
      ++counters_.over_limit;
      return Word::go;
    }
    found = leases_.emplace(key, Lease{.holder = asker}).first;
    askers_.emplace(asker, key);
    schedule(key, found->second, now + kLeaseMax);
    return Word::go;
  }
  Lease& lease = found->second;
  if (lease.waiting.size() >= kWaitersPerKeyMax) {
    ++counters_.over_limit;
    return Word::go;
  }
  ++counters_.waited;
  lease.waiting.push_back(asker);
  askers_.emplace(asker, key);
  return Word::wait;
}

void LeaseTable::end(Asker asker, End how, Instant now) {
  const auto known = askers_.find(asker);
  if (known == askers_.end()) return;
  const auto found = leases_.find(known->second);
  askers_.erase(known);
  Lease& lease = found->second;
  if (lease.phase != Phase::held || lease.holder != asker) {
    std::erase(lease.waiting, asker);
    if (lease.waiting.empty() && lease.phase == Phase::answered) erase(found);
    return;
  }
  lease.holder = 0;
  switch (how) {
    case End::told: lease.phase = Phase::told; return schedule(found->first, lease, now + kTellMax);
    case End::failed: return call_all(found, Call::Kind::go);
    case End::lost: ++counters_.lost; return grant_next(found, now);
  }
}

void LeaseTable::answered(const KeyId& key, Instant now) {
  const auto found = leases_.find(key);
  if (found == leases_.end() || found->second.phase == Phase::answered) return;
  Lease& lease = found->second;
  if (lease.holder != 0) askers_.erase(lease.holder);
  lease.holder = 0;
  if (lease.waiting.empty()) return erase(found);
  lease.phase = Phase::answered;
  schedule(key, lease, now + kHearsayDelay);
}

void LeaseTable::tick(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = leases_.find(deadlines_.begin()->second);
    Lease& lease = found->second;
    if (lease.phase == Phase::answered) {
      call_all(found, Call::Kind::know);
      continue;
    }
    if (lease.holder != 0) {
      ++counters_.expired;
      askers_.erase(lease.holder);
      lease.holder = 0;
    }
    grant_next(found, now);
  }
}

Instant LeaseTable::next_deadline() const {
  return deadlines_.empty() ? Instant::max() : deadlines_.begin()->first;
}

std::optional<LeaseTable::Call> LeaseTable::next_call() {
  if (calls_.empty()) return std::nullopt;
  const Call call = calls_.front();
  calls_.pop_front();
  return call;
}

void LeaseTable::schedule(const KeyId& key, Lease& lease, Instant deadline) {
  deadlines_.erase({lease.deadline, key});
  lease.deadline = deadline;
  deadlines_.emplace(deadline, key);
}

void LeaseTable::grant_next(Leases::iterator found, Instant now) {
  Lease& lease = found->second;
  if (lease.waiting.empty()) return erase(found);
  lease.phase = Phase::held;
  lease.holder = lease.waiting.front();
  lease.waiting.pop_front();
  schedule(found->first, lease, now + kLeaseMax);
  ++counters_.granted;
  calls_.push_back({.asker = lease.holder, .key = found->first, .kind = Call::Kind::go});
}

// And the key is free: those who go hold nothing any more.
void LeaseTable::call_all(Leases::iterator found, Call::Kind kind) {
  for (const Asker asker : found->second.waiting) {
    askers_.erase(asker);
    if (kind == Call::Kind::go) ++counters_.granted;
    calls_.push_back({.asker = asker, .key = found->first, .kind = kind});
  }
  erase(found);
}

void LeaseTable::erase(Leases::iterator found) {
  deadlines_.erase({found->second.deadline, found->first});
  leases_.erase(found);
}

}  // namespace ghmesh::mesh
