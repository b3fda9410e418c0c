// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/secret/keyring.h"

#include <algorithm>

namespace ghmesh::mesh {
namespace {

// A clock that is set back after a rotation must not keep the old secret for longer; this much is a correction.
constexpr Seconds kClockCorrectionMax{60 * 60};

bool is_readable(WallTime until, WallTime now) {
  return now < until && until - now <= kRotationOverlap + kClockCorrectionMax;
}

}  // namespace

Keyring::Keyring(const SwarmSecret& newest, WallTime now, std::optional<Previous> previous)
    : newest_(newest), today_(epoch_of(now)) {
  if (previous && !(previous->secret == newest) && is_readable(previous->until, now)) {
    previous_.emplace(previous->secret);
    previous_until_ = previous->until;
  }
  derive();
}

void Keyring::rotate(const SwarmSecret& next, WallTime now) {
  SwarmKeys keys(next);
  if (keys == newest_) return;
  previous_ = std::exchange(newest_, std::move(keys));
  previous_until_ = now + kRotationOverlap;
  today_ = epoch_of(now);
  derive();
}

bool Keyring::tick(WallTime now) {
  const bool is_past = previous_ && !is_readable(previous_until_, now);
  if (!is_past && today_ == epoch_of(now)) return false;
  if (is_past) previous_.reset();
  today_ = epoch_of(now);
  derive();
  return true;
}

const EpochKeys* Keyring::find(std::string_view topic) const {
  const auto found = std::ranges::find(readable_, topic, &EpochKeys::topic);
  return found == readable_.end() ? nullptr : &*found;
}

void Keyring::derive() {
  readable_.clear();
  const auto add = [&](const SwarmKeys& keys) {
    readable_.push_back(keys.epoch_keys(today_));
    for (Epoch distance = 1; distance <= kEpochSlack; ++distance) {
      readable_.push_back(keys.epoch_keys(today_ - distance));
      readable_.push_back(keys.epoch_keys(today_ + distance));
    }
  };
  add(newest_);
  if (previous_) add(*previous_);
}

}  // namespace ghmesh::mesh
